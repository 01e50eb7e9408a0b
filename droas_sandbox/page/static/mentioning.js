// "@name" while one writes: who may be meant, and what is sent for it.

import { fill, h } from "./dom.js";
import { face } from "./faces.js";

const OFFERED = 6;

function everybody(store) {
  const ids = store.guild ? [...store.guild.members.keys()] : [];
  return ids.map((id) => store.person(id));
}

/** Put mentions into a text for every "@name" of a member; the longest name wins. */
export function withMentions(store, text) {
  const called = new Map();
  for (const person of everybody(store)) {
    for (const name of [person.name, person.global_name, person.username]) if (name) called.set(name.toLowerCase(), person.id);
  }
  const names = [...called.keys()].sort((one, other) => other.length - one.length).map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  if (!names.length) return text;
  const pattern = new RegExp(`(?<![\\w<])@(${names.join("|")})(?![\\w])`, "gi");
  return text.replace(pattern, (_, name) => `<@${called.get(name.toLowerCase())}>`);
}

/** Offer people while "@" and some letters stand before the caret; gives the list's element. */
export function offerMentions(store, draft) {
  const list = h("ul.offers.plain", { role: "listbox", "aria-label": "People to mention", hidden: true });
  let chosen = 0;
  let people = [];

  function look() {
    const before = draft.value.slice(0, draft.selectionStart);
    const wanted = /(?:^|\s)@([\p{L}\p{N}_.-]*)$/u.exec(before)?.[1]?.toLowerCase();
    people = wanted === undefined ? [] : everybody(store).filter((person) => `${person.name} ${person.username}`.toLowerCase().includes(wanted));
    const rank = (person) => (person.name.toLowerCase().startsWith(wanted) ? 0 : 2) + (person.bot ? 0 : 1);
    people.sort((one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name));
    const spelledOut = people.length === 1 && people[0].name.toLowerCase() === wanted;
    people = spelledOut ? [] : people.slice(0, OFFERED);
    chosen = 0;
    draw();
  }

  function draw() {
    list.hidden = people.length === 0;
    fill(list, people.map((person, index) =>
      h(
        "li.offer",
        { role: "option", "aria-selected": index === chosen ? "true" : "false", onmousedown: (event) => { event.preventDefault(); take(index); } },
        face(person),
        h("span", null, person.name),
        person.bot && h("span.badge", null, "Bot"),
      ),
    ));
  }

  function take(index) {
    const at = draft.selectionStart;
    const begun = draft.value.lastIndexOf("@", at - 1);
    const put = `@${people[index].name} `;
    draft.setRangeText(put, begun, at, "end");
    people = [];
    draw();
  }

  draft.addEventListener("input", look);
  draft.addEventListener("blur", () => { people = []; draw(); });
  draft.addEventListener("keydown", (event) => {
    if (!people.length) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) chosen = (chosen + step + people.length) % people.length;
    else if (event.key === "Enter" || event.key === "Tab") take(chosen);
    else if (event.key === "Escape") people = [];
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
    draw();
  });
  return list;
}
