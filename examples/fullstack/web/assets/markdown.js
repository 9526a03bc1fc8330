// What people write in a chat as elements of the document: code, bold, italic, lists, quotes, links
// and formulas. It makes elements and texts, never HTML.

import { h } from "./dom.js";
import { codeOf, formulaOf } from "./rich.js";

const DEPTH = 8; // of emphasis within emphasis

// blocks returns the elements for a text. mention returns the element for "@name" at the beginning of
// a text, and its length, or null.
export function blocks(text, mention = () => null) {
  const found = [];
  const lines = text.split("\n");
  for (let i = 0; i < lines.length; ) {
    const [node, next] = code(lines, i) ?? formula(lines, i) ?? quote(lines, i, mention) ?? list(lines, i, mention) ?? paragraph(lines, i, mention);
    found.push(node);
    i = next;
  }
  return found;
}

// Each of these returns an element for the lines from i on and the number of the next line, or
// undefined if another kind begins there.

function code(lines, i) {
  const open = /^```([\w+#-]*)\s*$/.exec(lines[i]);
  const end = open ? lines.indexOf("```", i + 1) : -1;
  return end > 0 ? [codeOf(lines.slice(i + 1, end).join("\n"), open[1]), end + 1] : undefined;
}

function formula(lines, i) {
  if (!lines[i].startsWith("$$")) return undefined;
  const line = /^\$\$(.+)\$\$\s*$/.exec(lines[i]);
  if (line) return [formulaOf(line[1], true), i + 1];
  const end = lines[i] === "$$" ? lines.indexOf("$$", i + 1) : -1;
  return end > 0 ? [formulaOf(lines.slice(i + 1, end).join("\n"), true), end + 1] : undefined;
}

function quote(lines, i, mention) {
  const inside = take(lines, i, /^> ?/);
  return inside.length ? [h("blockquote", {}, inline(inside.join("\n"), mention)), i + inside.length] : undefined;
}

function list(lines, i, mention) {
  for (const [tag, mark] of [["ul", /^[-*] +(?=\S)/], ["ol", /^\d{1,3}[.)] +(?=\S)/]]) {
    const items = take(lines, i, mark);
    if (!items.length) continue;
    const start = tag === "ol" ? String(Number.parseInt(lines[i], 10)) : undefined;
    return [h(tag, { start }, items.map((item) => h("li", {}, inline(item, mention)))), i + items.length];
  }
  return undefined;
}

function paragraph(lines, i, mention) {
  let end = i + 1;
  while (end < lines.length && !begins(lines, end)) end++;
  return [h("p", {}, inline(lines.slice(i, end).join("\n"), mention)), end];
}

const begins = (lines, i) => code(lines, i) || formula(lines, i) || /^(> ?|[-*] +\S|\d{1,3}[.)] +\S)/.test(lines[i]);

// take returns the lines from i on that begin with mark, without it.
function take(lines, i, mark) {
  const taken = [];
  for (; i < lines.length && mark.test(lines[i]); i++) taken.push(lines[i].replace(mark, ""));
  return taken;
}

const MARKS = [
  ["**", "strong"],
  ["~~", "s"],
  ["*", "em"],
  ["_", "em"],
];

// inline returns the texts and elements of a line.
export function inline(text, mention = () => null, depth = 0) {
  const found = [];
  let plain = "";
  const add = (node) => {
    if (plain) found.push(plain);
    plain = "";
    found.push(node);
  };
  for (let i = 0; i < text.length; ) {
    const [node, length] = span(text, i, mention, depth) ?? [];
    if (node) {
      add(node);
      i += length;
    } else {
      plain += text[i++];
    }
  }
  if (plain) found.push(plain);
  return found;
}

// span returns the element that begins at i, and how long its text is.
function span(text, i, mention, depth) {
  const rest = text[i];
  if (rest === "`") return between(text, i, "`", (inside) => h("code", {}, inside));
  if (rest === "$") return math(text, i);
  if (rest === "h" && !wordBefore(text, i)) return link(text, i);
  if (rest === "@" && !wordBefore(text, i)) return mention(text.slice(i));
  for (const [mark, tag] of MARKS) {
    if (!text.startsWith(mark, i) || depth >= DEPTH) continue;
    if (mark === "_" && wordBefore(text, i)) continue;
    const end = closing(text, i, mark);
    if (end > 0) return [h(tag, {}, inline(text.slice(i + mark.length, end), mention, depth + 1)), end + mark.length - i];
  }
  return undefined;
}

const wordBefore = (text, i) => i > 0 && /[\p{L}\p{N}_]/u.test(text[i - 1]);

// closing returns where the mark that opens at i closes, or -1. What is inside begins and ends with
// no space.
function closing(text, i, mark) {
  const from = i + mark.length;
  if (!text[from] || /\s/.test(text[from]) || text.startsWith(mark, from)) return -1;
  const stop = text.indexOf("\n\n", from);
  for (let end = text.indexOf(mark, from + 1); end > 0; end = text.indexOf(mark, end + mark.length)) {
    if (stop >= 0 && end > stop) return -1;
    if (/\s/.test(text[end - 1])) continue;
    if (mark === "*" && text[end + 1] === "*") {
      end++;
      continue; // a bold that opens or closes inside
    }
    if (mark === "_" && /[\p{L}\p{N}]/u.test(text[end + 1] ?? "")) continue;
    return end;
  }
  return -1;
}

function between(text, i, mark, make) {
  const end = text.indexOf(mark, i + 1);
  const inside = end > 0 ? text.slice(i + 1, end) : "";
  return inside.trim() && !inside.includes("\n") ? [make(inside), end + 1 - i] : undefined;
}

// math is a formula between dollars. "$5 and $6" is none: a formula begins and ends with no space, and
// no digit follows.
function math(text, i) {
  const end = text.indexOf("$", i + 1);
  const inside = end > 0 ? text.slice(i + 1, end) : "";
  if (!inside || /^\s|\s$|\n/.test(inside) || /\d/.test(text[end + 1] ?? "")) return undefined;
  return [formulaOf(inside, false), end + 1 - i];
}

// link is an address. Closing parentheses belong to it if they close one of its own.
function link(text, i) {
  const match = /^https?:\/\/[^\s<>"'`]+/.exec(text.slice(i));
  if (!match) return undefined;
  let address = match[0];
  for (;;) {
    const last = address.at(-1);
    const open = { ")": "(", "]": "[", "}": "{" }[last];
    if (!/[.,;:!?*_~$]/.test(last) && !(open && count(address, last) > count(address, open))) break;
    address = address.slice(0, -1);
  }
  let url;
  try {
    url = new URL(address);
  } catch {
    return undefined;
  }
  return url.host ? [h("a", { href: url.href, target: "_blank", rel: "noopener noreferrer nofollow" }, address), address.length] : undefined;
}

const count = (text, sign) => text.split(sign).length - 1;

// plainOf returns a text as one line without the marks, for a list or a quote.
export function plainOf(text) {
  return text.replace(/```[\w+#-]*\n?/g, " ").replace(/\*\*|~~|`|\$\$/g, "").replace(/\s+/g, " ").trim();
}
