// The fault menu: things that go wrong, at the press of a button.

import { api } from "./api.js";
import { fill, h, icon, soon } from "./dom.js";

const LOOK_EVERY_MS = 2000;
const RATE_LIMITED = { error: { message: "Rate limit reached.", type: "requests", param: null, code: "rate_limit_exceeded" } };
const MENU = [
  ["Gateway", [
    ["Drop every connection", "cut without a word", { kind: "drop" }],
    ["Ask bots to reconnect", "op 7", { kind: "reconnect" }],
    ["Invalidate sessions", "op 9", { kind: "invalid_session" }],
    ["Withhold heartbeat ACKs", "for 60 s", { kind: "withhold_acks", for_s: 60 }],
  ]],
  ["REST", [
    ["Rate limit", "429 for the next 5 requests", { kind: "rate_limit", times: 5, retry_after: 2 }],
    ["Server errors", "503 for the next 5 requests", { kind: "status", status: 503, times: 5 }],
    ["Slow answers", "2 s each, for 20 s", { kind: "delay", seconds: 2, for_s: 20 }],
  ]],
  ["Model", [
    ["Errors", "503 for the next 3 requests", { kind: "model_error", status: 503, times: 3 }],
    ["Rate limit", "429 for the next 3 requests", { kind: "model_error", status: 429, times: 3, headers: { "Retry-After": "2" }, body: RATE_LIMITED }],
    ["Slow drip", "0.4 s a word, for 60 s", { kind: "model_drip", interval_s: 0.4, for_s: 60 }],
    ["Cut the next answer", "after 5 chunks", { kind: "model_cut", after_chunks: 5 }],
    ["Hang", "the next answer waits 15 s", { kind: "model_hang", seconds: 15, times: 1 }],
  ]],
];

/** Give the button with its menu. */
export function faultMenu(store, complain) {
  const armed = h("div.armed", { role: "status" });
  const badge = h("span.fault-count", { hidden: true });
  const menu = h("div.fault-menu", { id: "fault-menu", role: "group", "aria-label": "Faults", hidden: true }, MENU.map(section), armed);
  const opener = h("button.fault-button", { type: "button", "aria-expanded": "false", "aria-controls": "fault-menu", onclick: () => open(menu.hidden) }, icon("bolt"), "Faults", badge);
  const holder = h("span.faults", null, opener, menu);
  const lookSoon = soon(look, 100);

  function section([title, entries]) {
    return h("section", null, h("h2.section", null, title), entries.map(([words, detail, fault]) =>
      h("button.fault", { type: "button", onclick: () => arm(words, fault) }, h("span", null, words), h("small", null, detail)),
    ));
  }

  function open(wanted) {
    menu.hidden = !wanted;
    opener.setAttribute("aria-expanded", String(wanted));
    if (!wanted) return;
    look();
    menu.querySelector("button").focus();
  }

  async function arm(words, fault) {
    try {
      const answer = await api.addFault(fault);
      complain(null, answer.hit ? `${words}: ${answer.hit} connection${answer.hit > 1 ? "s" : ""} struck.` : `${words}: armed.`);
    } catch (error) {
      complain(error);
    }
    lookSoon();
  }

  async function look() {
    const list = await api.faults().catch(() => []);
    badge.hidden = list.length === 0;
    badge.textContent = String(list.length);
    const clear = h("button.button", { type: "button", onclick: () => api.clearFaults().then(look, complain) }, "Clear all");
    fill(armed, list.length ? [h("h2.section", null, "Armed"), list.map(armedLine), clear] : h("p.hint", null, "No fault is armed."));
  }

  function armedLine(fault) {
    const left = fault.times === null || fault.times === undefined ? "for a time" : `${fault.times} left`;
    return h("p.armed-line", null, h("code.code", null, fault.kind), `${left}, struck ${fault.taken}`);
  }

  document.addEventListener("click", (event) => !holder.contains(event.target) && !menu.hidden && open(false));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || menu.hidden) return;
    open(false);
    opener.focus();
  });
  setInterval(() => (!menu.hidden || !badge.hidden) && !document.hidden && look(), LOOK_EVERY_MS);
  store.on("world", lookSoon);
  return holder;
}
