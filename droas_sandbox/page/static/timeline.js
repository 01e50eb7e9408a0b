// The messages of one channel, in the order of time, with lines about people between them.

import { fill, find, h, icon } from "./dom.js";
import { countdown, dayRow, lineRow, messageRow } from "./rows.js";
import { emptyWorld } from "./welcome.js";

const TOGETHER_MS = 5 * 60_000;
const NEAR_END_PX = 80;
const MAX_ROWS = 600;

/** Show the timeline; `onReply` is told of a message that is to be answered. */
export function showTimeline(store, onReply, complain) {
  const scroller = find("#timeline");
  const log = find("#log");
  const toEnd = find("#to-end");
  let atEnd = true;

  function entries() {
    const messages = (store.messages.get(store.place.channel) ?? []).map((message) => ({ at: Date.parse(message.timestamp), message }));
    const lines = (store.lines.get(store.place.guild) ?? []).map((line) => ({ at: line.at, line }));
    return [...messages, ...lines].sort((one, other) => one.at - other.at).slice(-MAX_ROWS);
  }

  function draw() {
    if (!store.loaded) return;
    if (!store.guilds.size) {
      fill(log, emptyWorld(complain));
      return;
    }
    log.replaceChildren();
    const all = entries();
    if (!all.length) fill(log, beginning());
    for (const entry of all) append(entry);
    tick();
    toBottom();
  }

  function beginning() {
    const { guild, channel } = store;
    const title = guild ? `Welcome to #${channel?.name ?? ""}` : channel ? "A quiet conversation" : "Direct messages";
    const words = channel ? "Nothing has been said here yet. Write the first message below." : "Choose a conversation at the left.";
    return h("li.beginning", null, h("span.beginning-mark", null, icon(guild ? "hash" : "speech")), h("h3", null, title), h("p", null, words));
  }

  function append(entry) {
    log.querySelector(".beginning")?.remove();
    const last = log.lastElementChild;
    if (!last || dayOf(Number(last.dataset.at)) !== dayOf(entry.at)) log.append(mark(dayRow(entry.at), entry));
    const row = entry.line ? lineRow(store, store.place.guild, entry.line) : message(entry.message, log.lastElementChild);
    log.append(mark(row, entry));
    if (log.childElementCount > MAX_ROWS) log.firstElementChild.remove();
  }

  function message(one, above) {
    const together =
      above?.classList.contains("message") &&
      above.dataset.author === one.author.id &&
      !one.message_reference &&
      Date.parse(one.timestamp) - Number(above.dataset.at) < TOGETHER_MS;
    return messageRow(store, one, together, onReply);
  }

  function mark(row, entry) {
    row.dataset.at = String(entry.at);
    return row;
  }

  function replace(row, made) {
    const at = row.dataset.at;
    row.replaceWith(made);
    made.dataset.at = at;
    made.classList.add("redrawn");
    if (made.classList.contains("streaming")) setTimeout(() => made.classList.remove("streaming"), 1500);
  }

  function rowOf(id) {
    return log.querySelector(`[data-id="${CSS.escape(id)}"]`);
  }

  store.on("message", ({ channel, id, fresh }) => {
    if (channel !== store.place.channel) return;
    const one = store.message(channel, id);
    const row = rowOf(id);
    if (row) replace(row, messageRow(store, one, row.classList.contains("follows"), onReply));
    else if (fresh) append({ at: Date.parse(one.timestamp), message: one });
    settle(fresh && one.author.id === store.author);
  });

  store.on("lines", ({ guild, line, fresh }) => {
    if (guild !== store.place.guild) return;
    const row = rowOf(line.id);
    if (row) replace(row, lineRow(store, guild, line));
    else if (fresh) append({ at: line.at, line });
    tick();
    settle(false);
  });

  store.on("messages", ({ channel }) => channel === store.place.channel && draw());
  store.on("place world", draw);

  function settle(own) {
    if (atEnd || own) toBottom();
    else toEnd.hidden = false;
  }

  function toBottom() {
    scroller.scrollTop = scroller.scrollHeight;
    atEnd = true;
    toEnd.hidden = true;
  }

  scroller.addEventListener("scroll", () => {
    atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_END_PX;
    if (atEnd) toEnd.hidden = true;
  });
  new ResizeObserver(() => atEnd && toBottom()).observe(scroller);
  toEnd.addEventListener("click", toBottom);
  log.addEventListener("click", (event) => {
    const row = event.target.closest(".message");
    const busy = event.target.closest("button, .spoiler, pre") || !getSelection().isCollapsed;
    const one = row && store.message(store.place.channel, row.dataset.id);
    if (one && !busy && !one.deleted) onReply(one);
  });
  setInterval(tick, 1000);
}

/** Let all countdowns of the page show what is left. */
function tick() {
  for (const element of document.querySelectorAll("[data-until]")) {
    const until = Number(element.dataset.until);
    element.textContent = until > Date.now() ? countdown(until) : "over";
  }
}

function dayOf(at) {
  return new Date(at).toDateString();
}
