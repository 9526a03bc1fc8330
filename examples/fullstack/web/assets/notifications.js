// Notifications of the server: each is shown for some seconds, and listed behind
// the bell.

import { $, h, safeLink } from "./dom.js";
import { t, timeOf } from "./i18n.js";

const KEPT = 50; // in the list
const SHOWN_FOR = 9000; // ms

export class Notifications {
  #items = [];
  #seen = new Set(); // ids
  #unread = 0;
  #navigate;
  #dialog = $("#notifications");

  // navigate opens a path of this page and returns true, or returns false if the
  // page does not have that path.
  constructor(navigate) {
    this.#navigate = navigate;
    $("#bell").onclick = () => this.#open();
    this.#draw();
  }

  // add shows a notification. It ignores an id that it has seen before.
  add(notification, studyName, text = notification.message) {
    if (notification.id) {
      if (this.#seen.has(notification.id)) return;
      this.#seen.add(notification.id);
    }
    const title = notification.type === "notice" ? `${t("notice")}${studyName ? ` · ${studyName}` : ""}` : studyName;
    const item = { title, text, link: safeLink(notification.link), at: new Date() };
    this.#items = [item, ...this.#items].slice(0, KEPT);
    this.#unread++;
    this.#draw();
    this.#toast(item);
  }

  // clear forgets everything, before another user logs in.
  clear() {
    this.#items = [];
    this.#seen.clear();
    this.#unread = 0;
    $("#toasts").replaceChildren();
    if (this.#dialog.open) this.#dialog.close();
    this.#draw();
  }

  // say shows a text that is not kept in the list.
  say(text) {
    this.#toast({ title: "", text, link: null });
  }

  #toast(item) {
    const toast = h(
      "div",
      { class: "toast" },
      this.#body(item, () => toast.remove()),
      h("button", { type: "button", class: "icon", "aria-label": t("close"), onclick: () => toast.remove() }, "×"),
    );
    const toasts = $("#toasts");
    toasts.append(toast);
    while (toasts.children.length > 4) toasts.firstChild.remove();
    const leave = () => {
      if (toast.matches(":hover, :focus-within")) setTimeout(leave, 2000);
      else toast.remove();
    };
    setTimeout(leave, SHOWN_FOR);
  }

  #body(item, done) {
    return h(
      "div",
      { class: "body" },
      item.title && h("b", { dir: "auto" }, item.title),
      h("span", { dir: "auto" }, item.text),
      item.link && item.link.href !== location.href && this.#link(item.link, done),
    );
  }

  #link(url, done) {
    const here = url.origin === location.origin;
    return h(
      "a",
      {
        href: here ? url.pathname + url.search + url.hash : url.href,
        target: here ? undefined : "_blank",
        rel: "noopener noreferrer",
        onclick: (e) => {
          done();
          if (!here || e.metaKey || e.ctrlKey) return;
          if (this.#navigate(url.pathname)) e.preventDefault();
        },
      },
      here ? t("open") : url.host,
    );
  }

  #open() {
    this.#unread = 0;
    this.#draw();
    const close = () => this.#dialog.close();
    $("#notification-list").replaceChildren(
      ...(this.#items.length
        ? this.#items.map((item) => h("li", {}, this.#body(item, close), h("time", {}, timeOf(item.at))))
        : [h("li", { class: "hint" }, t("noNotifications"))]),
    );
    this.#dialog.showModal();
  }

  #draw() {
    const count = $("#bell-count");
    count.hidden = this.#unread === 0;
    count.textContent = String(this.#unread);
    $("#bell").setAttribute("aria-label", `${t("notifications")}${this.#unread ? ` (${this.#unread})` : ""}`);
  }
}
