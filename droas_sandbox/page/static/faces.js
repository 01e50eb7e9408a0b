// Faces: initials on a gradient of a hue of its own, as long as there are enough hues.

import { h } from "./dom.js";

const HUES = [8, 28, 50, 78, 118, 152, 178, 204, 230, 255, 278, 300, 322, 345];

/** Mix an id into a number that differs widely between neighbours. */
function mixed(id) {
  let hash = 2166136261;
  for (const letter of String(id)) hash = Math.imul(hash ^ letter.charCodeAt(0), 16777619);
  hash = Math.imul(hash ^ (hash >>> 16), 2246822507);
  hash = Math.imul(hash ^ (hash >>> 13), 3266489909);
  return (hash ^ (hash >>> 16)) >>> 0;
}

const taken = new Map();

/** Give the hue of an id: its own if nobody else has it, else the next that is free, while there are any. */
export function hueOf(id) {
  if (!taken.has(id)) {
    const others = new Set(taken.values());
    const start = mixed(id) % HUES.length;
    const free = HUES.map((_, step) => HUES[(start + step) % HUES.length]).find((hue) => !others.has(hue));
    if (free === undefined) return HUES[start];
    taken.set(id, free);
  }
  return taken.get(id);
}

/** Give one or two letters for a name. */
export function initials(name) {
  const all = String(name).split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const words = all.some((word) => /^\p{L}/u.test(word)) ? all.filter((word) => /^\p{L}/u.test(word)) : all;
  const letters = words.length > 1 ? words[0][0] + words[words.length - 1][0] : (words[0] ?? "?").slice(0, 1);
  return letters.toUpperCase();
}

function gradient(id) {
  const hue = hueOf(id);
  const other = (hue + 26 + (mixed(id) % 3) * 14) % 360;
  return `linear-gradient(140deg, oklch(0.70 0.14 ${hue}), oklch(0.50 0.16 ${other}))`;
}

/** Give a face; presence is "online", "offline" or null for none. */
export function face(user, presence = null) {
  return h(
    "span.face",
    { "aria-hidden": "true", "data-bot": user.bot || null },
    h("span.face-disc", { style: { backgroundImage: gradient(user.id) } }, initials(user.name)),
    presence && h("span.presence", { "data-presence": presence }),
  );
}

/** Give the round icon of a guild. */
export function emblem(id, name) {
  return h("span.emblem", { "aria-hidden": "true", style: { backgroundImage: gradient(id) } }, initials(name));
}

/** Give the colour of a name; the theme says how light it has to be on its ground. */
export function nameColour(id) {
  return `oklch(var(--name-light) var(--name-chroma) ${hueOf(id)})`;
}
