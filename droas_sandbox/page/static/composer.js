// The box to write in: as anybody, in answer to anything.

import { api } from "./api.js";
import { fill, find, h, icon } from "./dom.js";
import { face } from "./faces.js";
import { plain } from "./markup.js";
import { offerMentions, withMentions } from "./mentioning.js";
import { namesOf, ticking } from "./rows.js";
import { sceneButtons } from "./scenes.js";

const TYPING_EVERY_MS = 6000;

/** Show the composer; gives what others may do with it. */
export function showComposer(store, complain) {
  const panel = find("#composer");
  let replyTo = null;
  let typedAt = 0;

  const chip = h("span.chip-face");
  const select = h("select", { "aria-label": "Write as", onchange: () => writeAs(select.value) });
  const notice = h("span.notice", { role: "status" });
  const reply = h("div.replying", { hidden: true });
  const draft = h("textarea", { id: "draft", rows: 1, maxlength: 2000, "aria-label": "Message", autocomplete: "off", spellcheck: "false" });
  const typing = h("div.typing", { "aria-live": "polite" });
  const send = h("button.send", { type: "submit", "aria-label": "Send", title: "Send" }, icon("send"));
  const box = h("form.box", { onsubmit: submit }, draft, send);
  const scenes = sceneButtons(store, { draft, complain, sent: () => answer(null) });
  const author = h("label.chip", { title: "Who writes" }, chip, select, icon("down"));
  const offers = offerMentions(store, draft);
  fill(panel, h("div.tools", null, author, notice, scenes), reply, offers, box, h("div.under", null, typing, h("span.keys", null, "Enter sends · Shift+Enter breaks the line · @ mentions")));

  function writers() {
    if (!store.guild) return (store.channel?.recipients ?? []).map((id) => store.person(id, null));
    const people = [...store.guild.members.keys()].map((id) => store.person(id)).filter((person) => !person.bot);
    return people.sort((one, other) => one.name.localeCompare(other.name));
  }

  function draw() {
    panel.hidden = !store.channel;
    const people = writers();
    if (people.length && !people.some((person) => person.id === store.author)) {
      store.author = (people.find((person) => person.id === store.guild?.owner_id) ?? people[0]).id;
    }
    fill(select, people.map((person) => h("option", { value: person.id }, person.name)));
    select.value = store.author ?? "";
    fill(chip, store.author ? face(store.person(store.author)) : null);
    draft.placeholder = store.guild ? `Message #${store.channel?.name ?? ""}` : "Message";
    warn();
  }

  function warn() {
    const until = store.timedOutUntil(store.guild?.members.get(store.author));
    if (until === null) fill(notice);
    else fill(notice, icon("clock"), `${store.person(store.author).name} is timed out for `, ticking(until));
  }

  function writeAs(id) {
    store.author = id;
    store.tell("author");
    draft.focus();
  }

  function answer(message) {
    replyTo = message;
    reply.hidden = message === null;
    if (message === null) return;
    const name = store.person(message.author.id).name;
    const cancel = h("button.quiet", { type: "button", "aria-label": "Do not reply", onclick: () => answer(null) }, icon("cross"));
    fill(reply, icon("reply"), h("span", null, "Replying to ", h("b", null, name)), h("span.reply-text", null, plain(message.content, namesOf(store)).slice(0, 120)), cancel);
    draft.focus();
  }

  async function submit(event) {
    event?.preventDefault();
    const text = withMentions(store, draft.value.trim());
    if (!text || !store.author || !store.channel) return;
    const [words, target] = [draft.value, replyTo];
    draft.value = "";
    grow();
    answer(null);
    try {
      await api.speak(store.place.channel, store.author, text, target?.id);
    } catch (error) {
      draft.value ||= words;
      grow();
      complain(error);
    }
  }

  function grow() {
    draft.style.height = "auto";
    draft.style.height = `${Math.min(draft.scrollHeight, 180)}px`;
  }

  function tellTyping() {
    if (Date.now() - typedAt < TYPING_EVERY_MS || !draft.value || !store.author || !store.channel) return;
    typedAt = Date.now();
    api.typing(store.place.channel, store.author).catch(() => {});
  }

  function showTyping() {
    const names = store.typists(store.place.channel).filter((id) => id !== store.author).map((id) => store.person(id).name);
    const verb = names.length > 1 ? "are typing" : "is typing";
    const who = names.length > 3 ? "Several people" : names.join(", ").replace(/, ([^,]*)$/, " and $1");
    fill(typing, names.length ? [h("span.dots", { "aria-hidden": "true" }, h("i"), h("i"), h("i")), h("b", null, who), ` ${verb}`] : null);
  }

  draft.addEventListener("input", () => {
    grow();
    tellTyping();
  });
  draft.addEventListener("keydown", (event) => {
    if (event.key === "Escape") answer(null);
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && !event.defaultPrevented) submit(event);
  });
  store.on("world place members author", draw);
  store.on("place", () => {
    answer(null);
    showTyping();
  });
  store.on("typing message", showTyping);
  draw();
  return { answer, writeAs };
}
