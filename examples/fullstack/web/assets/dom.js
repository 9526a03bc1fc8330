// Small tools for the document. Text only ever goes in as text.

export const $ = (selector, root = document) => root.querySelector(selector);

// h makes an element. Props are attributes, on* listeners, or class and dataset.
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

// safeLink returns where a link of a notification leads, or null if it must not
// be one: a path of this site, or https.
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

// withLinks cuts text into strings and links, for web addresses in messages.
export function withLinks(text) {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(/https?:\/\/[^\s<>"'`]+[^\s<>"'`.,;:!?)\]}]/g)) {
    let url;
    try {
      url = new URL(match[0]);
    } catch {
      continue;
    }
    parts.push(text.slice(from, match.index));
    parts.push(h("a", { href: url.href, target: "_blank", rel: "noopener noreferrer nofollow" }, match[0]));
    from = match.index + match[0].length;
  }
  parts.push(text.slice(from));
  return parts.filter((part) => part !== "");
}

// seal draws the stamp of a person: the first character of the name on a colour
// of their own.
export function seal(userId, userName) {
  const [first] = new Intl.Segmenter().segment((userName || "?").trim() || "?");
  let n = 0;
  for (const c of userId) n = (n * 31 + c.codePointAt(0)) >>> 0;
  return h("span", { class: `seal hue-${n % 8}`, "aria-hidden": "true" }, (first?.segment ?? "?").toUpperCase());
}

// soon calls f once before the next paint, or shortly if there is none.
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

// reconcile makes the children of parent be nodes, touching only what differs.
export function reconcile(parent, nodes) {
  let at = parent.firstChild;
  for (const node of nodes) {
    if (node === at) at = at.nextSibling;
    else parent.insertBefore(node, at);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

// refill is reconcile for rows that are made anew each time: a row that looks the
// same stays, so that a click that has begun on it still counts.
export function refill(parent, rows) {
  const old = [...parent.children];
  reconcile(parent, rows.map((row) => {
    const same = old.findIndex((el) => el.isEqualNode(row));
    return same < 0 ? row : old.splice(same, 1)[0];
  }));
}

// ask opens a dialog and resolves to whether it was confirmed.
export function ask(dialog) {
  return new Promise((done) => {
    dialog.returnValue = "";
    dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
  });
}
