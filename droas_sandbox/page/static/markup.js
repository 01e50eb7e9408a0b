// Discord's markdown, the part that people use, as elements. Text never becomes HTML.

import { h } from "./dom.js";

const DEPTH = 6;
const BLOCK = /```(?:([\w+-]{1,20})\n)?([\s\S]*?)```/g;
const INLINE = new RegExp(
  [
    "`(?<code>[^`\\n]+)`",
    "\\*\\*(?<bold>[\\s\\S]+?)\\*\\*(?!\\*)",
    "__(?<under>[\\s\\S]+?)__",
    "~~(?<strike>[\\s\\S]+?)~~",
    "\\|\\|(?<spoiler>[\\s\\S]+?)\\|\\|",
    "\\*(?<star>[^*\\s](?:[^*]*[^*\\s])?)\\*",
    "(?<![\\w_])_(?<low>[^_\\s](?:[^_]*[^_\\s])?)_(?![\\w_])",
    "<@!?(?<user>\\d+)>",
    "<@&(?<role>\\d+)>",
    "<#(?<channel>\\d+)>",
    "<a?(?<emoji>:\\w+:)\\d+>",
    "(?<all>@(?:everyone|here))\\b",
    "(?<link>https?:\\/\\/[^\\s<>]+)",
  ].join("|"),
  "g",
);

/** Give the elements of a text; `names` finds people, roles and channels by id. */
export function markup(text, names) {
  const made = [];
  let last = 0;
  for (const block of text.matchAll(BLOCK)) {
    made.push(...lines(text.slice(last, block.index).replace(/\n$/, ""), names));
    made.push(
      h("pre.block", { "data-language": block[1] || null, tabindex: 0 }, h("code", null, block[2].replace(/^\n|\n$/g, ""))),
    );
    last = block.index + block[0].length;
    if (text[last] === "\n") last += 1;
  }
  return [...made, ...lines(text.slice(last), names)];
}

function lines(text, names) {
  if (!text) return [];
  return text.split("\n").flatMap((line, index, all) => {
    const end = index < all.length - 1 && !/^(>|#{1,3}|[-*]) /.test(line) ? [h("br")] : [];
    return [...oneLine(line, names), ...end];
  });
}

function oneLine(line, names) {
  const [, mark, rest] = /^(>|#{1,3}|[-*]) (.*)$/.exec(line) ?? [null, "", line];
  if (mark === ">") return [h("span.quote", null, inline(rest, names))];
  if (mark === "-" || mark === "*") return [h("span.bullet", null, inline(rest, names))];
  if (mark) return [h(`strong.heading.heading-${mark.length}`, null, inline(rest, names))];
  return inline(rest, names);
}

function inline(text, names, depth = 0) {
  if (depth > DEPTH) return [text];
  const made = [];
  let last = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > last) made.push(text.slice(last, match.index));
    made.push(piece(match, names, depth + 1));
    last = match.index + match[0].length;
  }
  if (last < text.length) made.push(text.slice(last));
  return made;
}

function piece(match, names, depth) {
  const found = match.groups;
  if (found.code) return h("code.code", null, found.code);
  if (found.bold) return h("strong", null, inline(found.bold, names, depth));
  if (found.under) return h("u", null, inline(found.under, names, depth));
  if (found.strike) return h("s", null, inline(found.strike, names, depth));
  if (found.spoiler) return h("span.spoiler", { tabindex: 0, title: "Spoiler" }, inline(found.spoiler, names, depth));
  if (found.star || found.low) return h("em", null, inline(found.star ?? found.low, names, depth));
  if (found.user) return h("span.mention", { "data-user": found.user }, `@${names.user(found.user)}`);
  if (found.role) return h("span.mention", null, `@${names.role(found.role)}`);
  if (found.channel) return h("span.mention", null, `#${names.channel(found.channel)}`);
  if (found.all) return h("span.mention.mention-all", null, found.all);
  if (found.link) return h("span.link", { title: "Links lead nowhere in the sandbox" }, found.link);
  return found.emoji;
}

/** Give a text in one line, without marks, for reply lines. */
export function plain(text, names) {
  return text
    .replace(/<@!?(\d+)>/g, (_, id) => `@${names.user(id)}`)
    .replace(/<#(\d+)>/g, (_, id) => `#${names.channel(id)}`)
    .replace(/```[\w+-]*\n?|[*`~|]{1,3}/g, "")
    .replace(/\s+/g, " ")
    .trim();
}
