// Who belongs to the guild: bots with their presence, people, time-outs that run, bans.

import { fill, find, h, icon, soon } from "./dom.js";
import { face, nameColour } from "./faces.js";
import { ticking } from "./rows.js";

/** Show the members; a click on a person writes as that person. */
export function showMembers(store, writeAs) {
  const panel = find("#members");

  function draw() {
    const guild = store.guild;
    const members = guild ? [...guild.members.values()].map((member) => ({ member, person: store.person(member.user_id) })) : party();
    members.sort((one, other) => one.person.name.localeCompare(other.person.name));
    const silent = members.filter(({ member }) => store.timedOutUntil(member));
    const bots = members.filter(({ person }) => person.bot);
    const people = members.filter(({ member, person }) => !person.bot && !store.timedOutUntil(member));
    fill(
      panel,
      h("div.scroll", { tabindex: -1 }, group("Timed out", silent), group("Bots", bots), group("Members", people), banned(guild)),
    );
  }

  function party() {
    const dm = store.channel;
    if (!dm) return [];
    return [...dm.recipients, dm.bot_id].filter(Boolean).map((id) => ({ member: null, person: store.person(id, null) }));
  }

  function group(title, members) {
    if (!members.length) return null;
    return h(
      "section",
      null,
      h("h2.section", null, title, h("span.count", null, String(members.length))),
      h("ul.plain", null, members.map(entry)),
    );
  }

  function entry({ member, person }) {
    const until = store.timedOutUntil(member);
    const presence = person.bot ? (store.bots.get(person.id)?.connected ? "online" : "offline") : null;
    const owner = store.guild?.owner_id === person.id;
    return h(
      "li",
      null,
      h(
        "button.member",
        {
          type: "button",
          "data-user": person.id,
          "data-timed-out": until !== null || null,
          "data-off": presence === "offline" || null,
          "aria-pressed": !person.bot && person.id === store.author ? "true" : null,
          title: person.bot ? `${person.name} is ${presence}` : `Write as ${person.name}`,
          disabled: person.bot,
          onclick: () => writeAs(person.id),
        },
        face(person, presence),
        h("span.member-name", { style: { color: nameColour(person.id) } }, person.name),
        owner && h("span.owner", { title: "Owner of the guild" }, icon("crown")),
        person.bot && h("span.badge", null, "Bot"),
        until !== null && h("span.timer", { title: "Timed out" }, icon("clock"), ticking(until)),
      ),
    );
  }

  function banned(guild) {
    if (!guild?.bans.size) return null;
    return h(
      "section",
      null,
      h("h2.section", null, "Banned", h("span.count", null, String(guild.bans.size))),
      h(
        "ul.plain",
        null,
        [...guild.bans].map(([id, reason]) =>
          h("li.banned", { title: reason ?? "no reason given" }, icon("ban"), h("span", null, store.person(id).name)),
        ),
      ),
    );
  }

  store.on("world place members bots author", soon(draw));
  setInterval(() => {
    const over = [...panel.querySelectorAll("[data-timed-out]")].some((row) => !store.timedOutUntil(store.guild?.members.get(row.dataset.user)));
    if (over) draw();
  }, 1000);
}
