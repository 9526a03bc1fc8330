// Notifications: each is shown for some seconds, and listed behind the bell. The server keeps those of
// the studies, and what the user has seen of them.

import { $, h, safeLink } from "./dom.js";
import { dayOf, t, timeOf } from "./i18n.js";
import { storage } from "./storage.js";

const KEPT = 100; // in the list
const SHOWN_FOR = 9000; // ms
const DESKTOP = "coup.desktop"; // "on": the user wants notifications of the system

export class Notifications {
  #items = []; // {id, title, text, link, at, seen}, the newest first
  #navigate;
  #api;
  #dialog = $("#notifications");

  // navigate opens a path of this page and returns true, or returns false if the
  // page does not have that path.
  constructor(api, navigate) {
    this.#api = api;
    this.#navigate = navigate;
    $("#bell").onclick = () => this.#open();
    $("#desktop").onclick = () => this.#askDesktop();
    this.#draw();
  }

  // load reads what the server has kept. nameOf returns the name of a study.
  async load(nameOf) {
    try {
      for (const n of (await this.#api.notifications()).reverse()) {
        if (!this.#has(n.id)) this.#items.unshift({ ...this.#itemOf(n, nameOf(n.studyId)), at: new Date(n.at), seen: n.seen });
      }
    } catch {
      // What comes now is shown all the same.
    }
    this.#draw();
  }

  // add shows a notification. It ignores an id that it has seen before. quiet only lists it.
  add(notification, studyName, { text = notification.message, quiet = false } = {}) {
    if (notification.id && this.#has(notification.id)) return;
    const item = { ...this.#itemOf({ ...notification, message: text }, studyName), at: new Date(), seen: false };
    this.#items = [item, ...this.#items].slice(0, KEPT);
    this.#draw();
    if (quiet) return;
    this.#toast(item);
    this.#tellDesktop(item);
  }

  #has = (id) => this.#items.some((item) => item.id === id);

  #itemOf({ id, type, message, link }, studyName) {
    const kind = { notice: t("notice"), mention: t("mention") }[type];
    return { id, title: [kind, studyName].filter(Boolean).join(" · "), text: message, link: safeLink(link) };
  }

  // clear forgets everything, before another user logs in.
  clear() {
    this.#items = [];
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
    while (toasts.children.length > 3) toasts.firstChild.remove();
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
          if (this.#navigate(url.pathname + url.search)) e.preventDefault();
        },
      },
      here ? t("open") : url.host,
    );
  }

  #open() {
    const close = () => this.#dialog.close();
    $("#notification-list").replaceChildren(
      ...(this.#items.length
        ? this.#items.map((item) => h("li", { class: item.seen ? "" : "new" }, this.#body(item, close), h("time", { datetime: item.at.toISOString() }, `${dayOf(item.at)} ${timeOf(item.at)}`)))
        : [h("li", { class: "hint" }, t("noNotifications"))]),
    );
    if (this.#items.some((item) => !item.seen)) this.#api.seeNotifications().catch(() => {});
    for (const item of this.#items) item.seen = true;
    this.#draw();
    this.#dialog.showModal();
  }

  #draw() {
    const unseen = this.#items.filter((item) => !item.seen).length;
    const count = $("#bell-count");
    count.hidden = unseen === 0;
    count.textContent = String(unseen);
    $("link[rel=icon]").setAttribute("href", unseen ? "/assets/icon-unread.svg" : "/assets/icon.svg");
    const may = window.Notification?.permission;
    $("#desktop").hidden = !may || may === "denied";
    $("#desktop").textContent = t(this.#desktop ? "desktopOff" : "desktopOn");
  }

  get #desktop() {
    return window.Notification?.permission === "granted" && storage.get(DESKTOP) === "on";
  }

  async #askDesktop() {
    if (this.#desktop) storage.set(DESKTOP, "off");
    else if ((await Notification.requestPermission()) === "granted") storage.set(DESKTOP, "on");
    this.#draw();
  }

  // tellDesktop shows a notification of the system while the page is in the background.
  #tellDesktop(item) {
    if (!this.#desktop || !document.hidden) return;
    try {
      const shown = new Notification(item.title || "coup", { body: item.text, tag: item.id, icon: "/assets/icon.svg" });
      shown.onclick = () => {
        window.focus();
        if (item.link?.origin === location.origin) this.#navigate(item.link.pathname + item.link.search);
        shown.close();
      };
    } catch {
      // Phones allow it to service workers only.
    }
  }
}
