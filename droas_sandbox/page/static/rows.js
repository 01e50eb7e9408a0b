// One row of the timeline: a message, or a line about people.

import { h, icon } from "./dom.js";
import { face, nameColour } from "./faces.js";
import { markup, plain } from "./markup.js";

const STREAMING_MS = 1500;
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const LINES = {
  join: { icon: "arrive", words: "joined" },
  leave: { icon: "door", words: "left" },
  kick: { icon: "door", words: "was kicked" },
  ban: { icon: "ban", words: "was banned" },
  unban: { icon: "check", words: "is no longer banned" },
  timeout: { icon: "clock", words: "was timed out" },
  free: { icon: "check", words: "may speak again" },
};

/** Give the ways to find names by id. */
export function namesOf(store) {
  return {
    user: (id) => store.person(id).name,
    role: (id) => store.guild?.roles.get(id)?.name ?? "role",
    channel: (id) => store.guildOf(id)?.channels.get(id)?.name ?? "channel",
  };
}

/** Give the row of a message; `follows` when the one above is of the same author. */
export function messageRow(store, message, follows, onReply) {
  const author = store.person(message.author.id);
  const shown = { ...author, name: author.name ?? message.author.username, bot: message.author.bot };
  const fresh = Date.now() - (message.editedAt ?? 0) < STREAMING_MS;
  return h(
    `li.row.message${follows ? ".follows" : ""}${shown.bot && fresh && !message.deleted ? ".streaming" : ""}`,
    { "data-id": message.id, "data-author": shown.id, "data-deleted": message.deleted || null, "data-mine": mentionsAuthor(store, message) || null },
    replyLine(store, message),
    h("div.gutter", null, follows ? h("time.small-time", null, CLOCK.format(new Date(message.timestamp))) : face(shown)),
    h("div.message-body", null, follows ? null : headline(shown, message), content(store, message), reactions(message), fate(store, message)),
    message.deleted ? null : replyButton(shown, message, onReply),
  );
}

function mentionsAuthor(store, message) {
  return message.author.id !== store.author && (message.mentions ?? []).some((user) => user.id === store.author);
}

function headline(author, message) {
  return h(
    "div.headline",
    null,
    h("span.name", { style: { color: nameColour(author.id) } }, author.name),
    author.bot && h("span.badge", null, message.webhook_id ? "Webhook" : "Bot"),
    h("time.time", { datetime: message.timestamp, title: new Date(message.timestamp).toLocaleString() }, CLOCK.format(new Date(message.timestamp))),
  );
}

function content(store, message) {
  const edited = message.edited_timestamp || message.edits > 0;
  return h(
    message.deleted ? "del.content" : "div.content",
    null,
    markup(message.content ?? "", namesOf(store)),
    h("span.caret", { "aria-hidden": "true" }),
    edited && h("span.edited", { title: message.edits > 1 ? `edited ${message.edits} times` : "edited" }, " (edited)"),
    (message.embeds ?? []).map((embed) => embedCard(store, embed)),
  );
}

function embedCard(store, embed) {
  const names = namesOf(store);
  return h(
    "div.embed",
    { style: embed.color ? { borderColor: `#${Number(embed.color).toString(16).padStart(6, "0")}` } : {} },
    embed.title && h("strong.embed-title", null, embed.title),
    embed.description && h("div", null, markup(String(embed.description), names)),
    (embed.fields ?? []).map((field) => h("div.embed-field", null, h("strong", null, field.name), h("div", null, markup(String(field.value), names)))),
  );
}

function reactions(message) {
  const given = message.reactions ?? [];
  return given.length > 0 && h("div.reactions", null, given.map((one) => h("span.reaction", null, one.emoji.name, h("b", null, String(one.count)))));
}

/** Say how a deleted message came to its end. */
function fate(store, message) {
  if (!message.deleted) return null;
  const by = message.deleted_by;
  if (!by) return h("div.fate", null, icon("cross"), "deleted");
  if (by === message.author.id) return h("div.fate.fate-own", null, icon("cross"), "deleted by its author");
  return h(
    "div.fate",
    null,
    icon("shield"),
    h("span", null, "deleted by moderation"),
    h("span.fate-who", null, ` · ${store.person(by).name}${message.deleted_reason ? ` · ${message.deleted_reason}` : ""}`),
  );
}

function replyLine(store, message) {
  if (!message.message_reference) return null;
  const target = store.message(message.channel_id, message.message_reference.message_id) ?? message.referenced_message;
  if (!target) return h("div.reply-line", null, h("span.reply-text", null, "a message that is gone"));
  const person = store.person(target.author.id);
  const jump = () => {
    const row = document.querySelector(`[data-id="${CSS.escape(target.id)}"]`);
    row?.scrollIntoView({ block: "center" });
    row?.classList.add("pointed");
    setTimeout(() => row?.classList.remove("pointed"), 1200);
  };
  return h(
    "button.reply-line",
    { type: "button", onclick: jump, title: "Show that message" },
    face(person),
    h("span.reply-name", { style: { color: nameColour(person.id) } }, person.name),
    h("span.reply-text", null, plain(target.content ?? "", namesOf(store)).slice(0, 140) || "…"),
  );
}

function replyButton(author, message, onReply) {
  return h(
    "button.reply-button",
    { type: "button", title: "Reply", "aria-label": `Reply to ${author.name}`, onclick: () => onReply(message) },
    icon("reply"),
  );
}

/** Give the row of a line about people. */
export function lineRow(store, guildId, line) {
  const kind = LINES[line.kind] ?? LINES.join;
  const until = line.kind === "timeout" && line.until ? Date.parse(line.until) : null;
  return h(
    "li.row.line",
    { "data-id": line.id, "data-kind": line.kind },
    h("span.line-icon", null, icon(kind.icon)),
    h(
      "span.line-text",
      null,
      people(store, guildId, line.users),
      ` ${kind.words}`,
      line.by && line.by !== line.users[0] && [" by ", h("b", null, store.person(line.by, guildId).name)],
      until !== null && [" · ", ticking(until, { class: "countdown" })],
      line.reason && h("span.reason", null, ` · ${line.reason}`),
    ),
    h("time.time", null, CLOCK.format(new Date(line.at))),
  );
}

function people(store, guildId, ids) {
  const shown = ids.slice(0, 3).map((id) => h("b", null, store.person(id, guildId).name));
  const rest = ids.length - shown.length;
  return [shown.flatMap((name, index) => (index ? [", ", name] : [name])), rest > 0 ? ` and ${rest} more` : null];
}

/** Give the row between two days. */
export function dayRow(at) {
  return h("li.row.day", { role: "separator" }, h("span", null, DAY.format(new Date(at))));
}

/** Give an element that counts down to a moment; the timeline lets all of them tick. */
export function ticking(until, props = {}) {
  return h("span", { "data-until": until, ...props }, countdown(until));
}

/** Give the time that is left until a moment, as m:ss or h:mm:ss. */
export function countdown(until) {
  const left = Math.max(0, Math.ceil((until - Date.now()) / 1000));
  const parts = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60];
  const shown = parts[0] ? parts : parts.slice(1);
  return shown.map((part, index) => (index ? String(part).padStart(2, "0") : String(part))).join(":");
}
