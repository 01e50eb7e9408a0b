// The page: what is known, who shows it, and the line to the sandbox.

import { api, follow } from "./api.js";
import { showComposer } from "./composer.js";
import { fill, find, h, icon, soon } from "./dom.js";
import { lineOf, reader } from "./events.js";
import { showMembers } from "./members.js";
import { showPlaces } from "./places.js";
import { showStatus } from "./status.js";
import { Store } from "./store.js";
import { showTimeline } from "./timeline.js";

const TOAST_MS = 5000;
const TEXT_CHANNEL = 0;

if (matchMedia("(width < 720px)").matches) find("#app").dataset.members = "hidden";

const store = new Store();
const audited = new Set();
const reload = soon(load, 80);
const refresh = soon(() => openChannel(store.place.channel), 120);
let loading = null; // the channel that is being read, with the events that come meanwhile

const composer = showComposer(store, complain);
showPlaces(store, go, complain);
showTimeline(store, composer.answer, complain);
showMembers(store, composer.writeAs);
const count = showStatus(store, complain);
const read = reader(store, reload);

follow(
  (event) => {
    count();
    if (event.type === "reset") audited.clear();
    loading?.events.push(event);
    read(event);
  },
  (linked) => {
    store.linked = linked;
    store.tell("link");
    if (linked) load();
  },
);

/** Read the whole state, and stay where we are if that place is still there. */
async function load() {
  try {
    store.load(await api.state());
  } catch (error) {
    complain(error);
    return;
  }
  const { guild, channel, chosen } = store.place;
  const known = guild === null ? chosen && (channel === null || store.dms.has(channel)) : store.guilds.has(guild);
  await go(known ? guild : ([...store.guilds.keys()][0] ?? null), known ? channel : null);
}

/** Go to a channel; to the first of the guild when none is named. */
async function go(guildId, channelId) {
  const guild = store.guilds.get(guildId);
  const channels = guild ? [...guild.channels.values()] : [];
  const there = guild ? guild.channels.has(channelId) : store.dms.has(channelId);
  const first = channels.find((channel) => channel.type === TEXT_CHANNEL)?.id ?? null;
  store.place = { guild: guildId, channel: there ? channelId : first, chosen: store.guilds.size > 0 };
  store.unread.delete(store.place.channel);
  const dm = guild ? null : store.dms.get(store.place.channel);
  if (dm) store.author = dm.recipients[0];
  store.tell("place");
  drawHead();
  if (guild) await readAudit(guildId);
  if (store.place.channel) await openChannel(store.place.channel);
}

/** Read a channel's messages; what happens meanwhile is told again afterwards, a newer reading replaces an older one. */
async function openChannel(channelId) {
  if (!channelId) return;
  const mine = { channel: channelId, events: [] };
  loading = mine;
  try {
    const messages = await api.messages(channelId);
    if (loading !== mine) return;
    store.loadMessages(channelId, messages);
    const about = mine.events.filter((event) => event.channel_id === channelId && event.type.startsWith("message"));
    for (const event of about) read(event);
  } catch (error) {
    complain(error);
  } finally {
    if (loading === mine) loading = null;
  }
}

/** Read once what moderators did before the page was opened. */
async function readAudit(guildId) {
  if (audited.has(guildId)) return;
  audited.add(guildId);
  const entries = await api.audit(guildId).catch(() => []);
  for (const entry of entries) {
    const line = lineOf(entry);
    if (line && !store.lineAbout(guildId, entry.target_id, line.kind)) store.addLine(guildId, line);
  }
}

function drawHead() {
  const { guild, channel } = store;
  const name = guild ? channel?.name : channel && store.person(channel.bot_id ?? channel.recipients[0], null).name;
  const toggle = h("button.quiet", { type: "button", "aria-label": "Members", title: "Members", "aria-pressed": String(membersShown()), onclick: toggleMembers }, icon("people"));
  find("#app").dataset.empty = String(store.guilds.size === 0);
  fill(find("#channel-head"), name && [icon(guild ? "hash" : "speech"), h("h2", null, name)], h("span.push"), guild && toggle);
  document.title = name ? `${guild ? "#" : ""}${name} · DROAS sandbox` : "DROAS sandbox";
}

function membersShown() {
  return find("#app").dataset.members === "shown";
}

function toggleMembers() {
  find("#app").dataset.members = membersShown() ? "hidden" : "shown";
  drawHead();
}

/** Tell that something was refused; or, without an error, how something went. */
function complain(error, words = error?.message) {
  const toast = h(`p.toast${error ? ".toast-bad" : ""}`, null, words);
  find("#toasts").append(toast);
  setTimeout(() => toast.remove(), TOAST_MS);
}

store.on("stale", ({ channel }) => channel === store.place.channel && refresh());
store.on("world", drawHead);
