// Helpers for the document. They insert text as text, never as HTML.

const ROWS_AT_ONCE = 25; // rows of a list that are built in one frame

export const $ = (selector, root = document) => root.querySelector(selector);

// h makes an element. Props are attributes, listeners (on…), class and dataset.
export function h(tag, props = {}, ...children) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) el.addEventListener(name.slice(2), value);
    else if (name === "class") el.className = value;
    else if (name === "dataset") Object.assign(el.dataset, value);
    else el.setAttribute(name, value === true ? "" : value);
  }
  el.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return el;
}

// safeLink returns the URL of a link in a notification. It returns null unless
// the link is a path of this site or an https URL.
export function safeLink(link) {
  if (typeof link !== "string" || /[\u0000-\u0020\u007f\\]/.test(link)) return null;
  const path = link.startsWith("/") && !link.startsWith("//");
  if (!path && !/^https:\/\//i.test(link)) return null;
  try {
    const url = new URL(link, location.origin);
    if (path) return url.origin === location.origin ? url : null;
    return url.protocol === "https:" && !url.username && !url.password ? url : null;
  } catch {
    return null;
  }
}

// soon returns a function that calls f once before the next paint, however often
// it is called. A hidden page does not paint: there f is called after 50 ms.
export function soon(f) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    const run = () => {
      waiting = false;
      f();
    };
    if (document.hidden) setTimeout(run, 50);
    else requestAnimationFrame(run);
  };
}

// reconcile replaces the children of parent with nodes. A child that stays is not moved unless its order
// among those that stay changes: moved between mouse down and mouse up, a button would lose a click.
export function reconcile(parent, nodes) {
  const stay = new Set(nodes);
  for (const child of [...parent.childNodes]) if (!stay.has(child)) child.remove();
  let at = parent.firstChild;
  for (const node of nodes) {
    if (node === at) at = at.nextSibling;
    else parent.insertBefore(node, at);
  }
}

// refill is reconcile for rows that are built anew each time. What is equal stays in the document, a
// row, or a part of a row with the same data-row.
export function refill(parent, rows) {
  const old = [...parent.children];
  reconcile(parent, rows.map((row) => {
    const same = old.findIndex((el) => el.isEqualNode(row) || (row.dataset.row && row.dataset.row === el.dataset.row));
    if (same < 0) return row;
    const [kept] = old.splice(same, 1);
    if (!kept.isEqualNode(row)) refill(kept, [...row.children]);
    return kept;
  }));
}

// fill puts rows into a list with put, which is reconcile or refill, and keeps the focus on the control
// with the same data-key, which a replaced row would lose.
export function fill(list, rows, put) {
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  put(list, rows);
  if (focused) [...list.querySelectorAll("[data-key]")].find((el) => el.dataset.key === focused)?.focus();
}

// Rows keeps the rows of a long list, so that each is built anew only if it shows something else.
export class Rows {
  #known = new Map(); // id -> {key, node}

  // get returns the row of id. shown is a list of all that it shows, and make builds it.
  get(id, shown, make) {
    const key = JSON.stringify(shown);
    if (this.#known.get(id)?.key !== key) this.#known.set(id, { key, node: make() });
    return this.#known.get(id).node;
  }

  clear() {
    this.#known.clear();
  }
}

// Steps lets a long list grow over several frames: to build all of it in one would stop the page for a
// while. drawSoon draws the list before the next paint, see soon.
export class Steps {
  #drawSoon;
  #many = ROWS_AT_ONCE;

  constructor(drawSoon) {
    this.#drawSoon = drawSoon;
  }

  // first returns the items to show now, from the beginning and at least n. Until that is all, drawSoon is
  // called. From then on all items are shown.
  first = (items, n = 0) => items.slice(0, this.#count(items.length, n));

  // last does the same from the end.
  last = (items, n = 0) => items.slice(items.length - this.#count(items.length, n));

  // restart is for another list.
  restart() {
    this.#many = ROWS_AT_ONCE;
  }

  #count(all, n) {
    const many = Math.min(all, Math.max(this.#many, n));
    if (many < all) {
      this.#many = many + ROWS_AT_ONCE;
      this.#drawSoon();
    } else if (all > 0) {
      this.#many = Infinity;
    }
    return many;
  }
}

// filterOf returns what the user has written into a field that filters a list, to be found in names
// in small letters.
export const filterOf = (field) => field.value.normalize("NFC").trim().toLowerCase();
