// Where one can be: guilds at the far left, their channels beside them, direct messages.

import { api } from "./api.js";
import { fill, find, h, icon } from "./dom.js";
import { emblem, face } from "./faces.js";

const THREADS = [10, 11, 12];
const CATEGORY = 4;

/** Show the places, and go where is clicked. */
export function showPlaces(store, go, complain) {
  const rail = find("#rail");
  const head = find("#guild-head");
  const list = find("#channel-list");

  function draw() {
    fill(rail, homeButton(), h("span.rail-line"), [...store.guilds.values()].map(guildButton));
    fill(head, h("h1", null, store.guild?.name ?? (store.loaded && store.guilds.size ? "Direct messages" : "Sandbox")));
    fill(list, store.guild ? channelSections(store.guild) : directMessages());
  }

  function homeButton() {
    const unread = [...store.dms.keys()].some((id) => store.unread.has(id));
    return railButton("Direct messages", store.place.guild === null, unread, () => go(null, null), [
      h("span.emblem.emblem-home", { "aria-hidden": "true" }, icon("speech")),
    ]);
  }

  function guildButton(guild) {
    const unread = [...guild.channels.keys()].some((id) => store.unread.has(id));
    const here = store.place.guild === guild.id;
    return railButton(guild.name, here, unread, () => go(guild.id, null), [emblem(guild.id, guild.name)]);
  }

  function railButton(label, here, unread, onclick, children) {
    const current = here ? "page" : null;
    return h(
      "button.rail-button",
      { type: "button", title: label, "aria-label": label, "aria-current": current, "data-unread": unread || null, onclick },
      children,
    );
  }

  function channelSections(guild) {
    const channels = [...guild.channels.values()];
    const threadsOf = (id) => channels.filter((one) => THREADS.includes(one.type) && one.parent_id === id);
    const texts = channels.filter((one) => one.type !== CATEGORY && !THREADS.includes(one.type));
    return [
      h("h2.section", null, "Channels"),
      texts.flatMap((one) => [channelButton(guild, one), threadsOf(one.id).map((thread) => channelButton(guild, thread))]),
    ];
  }

  function channelButton(guild, channel) {
    const thread = THREADS.includes(channel.type);
    return placeButton(channel.id, thread, () => go(guild.id, channel.id), [
      icon(thread ? "reply" : "hash"),
      h("span.place-name", null, channel.name),
    ]);
  }

  function placeButton(id, inner, onclick, children) {
    const here = store.place.channel === id;
    return h(
      `button.place${inner ? ".place-inner" : ""}`,
      { type: "button", "aria-current": here ? "page" : null, "data-unread": store.unread.has(id) || null, onclick },
      children,
    );
  }

  function directMessages() {
    if (!store.loaded || !store.bots.size) return [h("p.hint", null, "There is nobody to talk to yet.")];
    const known = [...store.dms.values()].map((dm) => {
      const user = store.person(dm.recipients[0], null);
      const bot = dm.bot_id ? store.person(dm.bot_id, null) : null;
      return placeButton(dm.id, false, () => go(null, dm.id), [
        face(user),
        h("span.place-name", null, bot ? `${user.name} & ${bot.name}` : user.name),
      ]);
    });
    return [known.length ? h("h2.section", null, "Conversations") : null, known, h("h2.section", null, "Write to a bot"), [...store.bots.values()].map(botButton)];
  }

  function botButton(bot) {
    const open = async () => {
      try {
        const channel = await api.dm(store.author, bot.id);
        store.dms.set(channel.id, { id: channel.id, bot_id: bot.id, recipients: [store.author] });
        go(null, channel.id);
      } catch (error) {
        complain(error);
      }
    };
    return h(
      "button.place",
      { type: "button", onclick: open, disabled: store.author === null },
      face(store.person(bot.id, null), bot.connected ? "online" : "offline"),
      h("span.place-name", null, `as ${store.person(store.author, null).name} to ${bot.username}`),
    );
  }

  store.on("world place unread author bots", draw);
  draw();
}
