// Ctrl+K: a list of the user's studies, to change to another one by keyboard.

import { $, filterOf, h } from "./dom.js";
import { t } from "./i18n.js";

const SHOWN = 12;

export class Switcher {
  #rooms;
  #go;
  #found = [];
  #at = 0;
  #ended = new AbortController();
  #dialog = $("#switcher");

  // go opens a study by its id.
  constructor(rooms, go) {
    this.#rooms = rooms;
    this.#go = go;
    const { signal } = this.#ended;
    window.addEventListener("keydown", (e) => {
      if (!(e.ctrlKey || e.metaKey) || e.key.toLowerCase() !== "k" || e.shiftKey || e.altKey) return;
      e.preventDefault();
      if (!$("dialog[open]")) this.#open();
    }, { signal });
    $("#switcher-text").addEventListener("input", () => this.#typed(), { signal });
    $("#switcher-text").addEventListener("keydown", (e) => this.#key(e), { signal });
  }

  close() {
    this.#ended.abort();
  }

  #open() {
    $("#switcher-text").value = "";
    this.#typed();
    this.#dialog.showModal();
    $("#switcher-text").focus();
  }

  #typed() {
    const wanted = filterOf($("#switcher-text"));
    const unread = (s) => Number(this.#rooms.unread(s.id) > 0);
    this.#found = this.#rooms.studies
      .filter((s) => s.member && s.name.toLowerCase().includes(wanted))
      .sort((a, b) => unread(b) - unread(a) || this.#rooms.activity(b.id) - this.#rooms.activity(a.id))
      .slice(0, SHOWN);
    this.#at = 0;
    this.#draw();
  }

  #key(e) {
    if (e.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (step && this.#found.length) this.#at = (this.#at + step + this.#found.length) % this.#found.length;
    else if (e.key === "Enter") this.#choose(this.#found[this.#at]);
    else return;
    e.preventDefault();
    this.#draw();
  }

  #choose(study) {
    if (!study) return;
    this.#dialog.close();
    this.#go(study.id);
  }

  #draw() {
    $("#switcher-list").replaceChildren(
      ...this.#found.map((s, i) => {
        const unread = this.#rooms.unread(s.id);
        return h(
          "li",
          { id: `switch-${i}`, role: "option", "aria-selected": String(i === this.#at), onclick: () => this.#choose(s) },
          h("span", { dir: "auto" }, s.name),
          unread > 0 && h("span", { class: "badge", "aria-label": t("newMessages", { n: unread }) }, String(unread)),
        );
      }),
    );
    $("#switcher-text").setAttribute("aria-activedescendant", this.#found.length ? `switch-${this.#at}` : "");
  }
}
