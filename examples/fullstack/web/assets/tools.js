// The menu of a message: its times, which a finger cannot point at, reactions, reply, edit, delete and
// its link.

import { $, h } from "./dom.js";
import { fullTimeOf, t } from "./i18n.js";

const EMOJIS = ["👍", "❤️", "😂", "🎉", "😮", "😢", "🙏", "👀"];

// openTools opens the menu of message m beside a button. react gets an emoji; actions are [text, function]
// pairs.
export function openTools(button, m, react, actions) {
  $("#tools")?.remove();
  const close = (focus) => {
    menu.remove();
    ended.abort();
    if (focus) button.focus();
  };
  const item = (props, text, act) =>
    h("button", { type: "button", role: "menuitem", tabindex: "-1", ...props, onclick: () => { close(true); act(); } }, text);
  const menu = h(
    "div",
    { id: "tools", role: "menu", "aria-label": t("actions"), "aria-describedby": "tools-times" },
    h(
      "div",
      { id: "tools-times", role: "none" },
      fullTimeOf(new Date(m.sentAt)),
      m.editedAt && h("div", { role: "none" }, `${fullTimeOf(new Date(m.editedAt))} ${t("edited")}`),
    ),
    h("div", { class: "emojis", role: "none" }, EMOJIS.map((emoji) => item({ class: "emoji", "aria-label": t("reactWith", { emoji }) }, emoji, () => react(emoji)))),
    actions.map(([text, act]) => item({}, text, act)),
  );
  const ended = new AbortController();
  const { signal } = ended;
  $("#study").append(menu);
  // place follows the button, which moves while messages arrive.
  const place = () => {
    if (!button.isConnected) return;
    const at = button.getBoundingClientRect();
    const area = $("#study").getBoundingClientRect();
    const above = at.bottom + menu.offsetHeight > area.bottom - 12;
    const top = (above ? at.top - menu.offsetHeight : at.bottom) - area.top;
    menu.style.top = `${Math.max(8, Math.min(top, area.height - menu.offsetHeight - 8))}px`;
    menu.style.left = `${Math.max(8, Math.min(at.right - menu.offsetWidth, area.right - menu.offsetWidth - 8) - area.left)}px`;
  };
  place();
  const items = [...menu.querySelectorAll("button")];
  items[0].focus();
  menu.addEventListener("keydown", (e) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[e.key];
    if (step) items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
    else if (e.key === "Escape") close(true);
    else if (e.key === "Tab") close(true);
    else return;
    e.preventDefault();
    e.stopPropagation();
  });
  document.addEventListener("pointerdown", (e) => !menu.contains(e.target) && close(false), { signal });
  $("#log").addEventListener("scroll", place, { signal, passive: true });
}
