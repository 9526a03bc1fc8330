// Completion of "@name" in the field where the user writes.

import { $, h } from "./dom.js";
import { t } from "./i18n.js";

const SHOWN = 6;

export class Completion {
  #box;
  #people;
  #list = $("#completion");
  #found = [];
  #at = 0; // of the one that is chosen
  #from = -1; // where the "@" is

  // people returns the members of the study: [{userId, userName}].
  constructor(box, people) {
    this.#box = box;
    this.#people = people;
    this.#list.setAttribute("aria-label", t("members"));
  }

  get open() {
    return !this.#list.hidden;
  }

  // typed looks for a name to complete before the caret.
  typed() {
    const before = this.#box.value.slice(0, this.#box.selectionEnd);
    const match = /(?:^|\s)@([^\s@][^@\n]{0,40}|)$/u.exec(before);
    const part = match?.[1].toLowerCase();
    this.#found = match ? this.#people().filter((p) => p.userName.toLowerCase().startsWith(part)).slice(0, SHOWN) : [];
    this.#from = match ? before.length - match[1].length - 1 : -1;
    this.#at = 0;
    this.#draw();
  }

  close() {
    this.#found = [];
    this.#draw();
  }

  // key handles a key and reports whether it was for the completion.
  key(e) {
    if (!this.open || e.isComposing) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (step) this.#at = (this.#at + step + this.#found.length) % this.#found.length;
    else if (e.key === "Enter" || e.key === "Tab") this.#take(this.#found[this.#at]);
    else if (e.key === "Escape") this.close();
    else return false;
    e.preventDefault();
    e.stopPropagation();
    this.#draw();
    return true;
  }

  #take(person) {
    const box = this.#box;
    const text = `@${person.userName} `;
    box.setRangeText(text, this.#from, box.selectionEnd, "end");
    this.close();
    box.dispatchEvent(new Event("input"));
    box.focus();
  }

  #draw() {
    this.#list.hidden = this.#found.length === 0;
    this.#list.replaceChildren(
      ...this.#found.map((p, i) =>
        h("li", { id: `completion-${i}`, role: "option", "aria-selected": String(i === this.#at), onpointerdown: (e) => { e.preventDefault(); this.#take(p); } }, p.userName),
      ),
    );
    if (this.open) this.#box.setAttribute("aria-activedescendant", `completion-${this.#at}`);
    else this.#box.removeAttribute("aria-activedescendant");
  }
}
