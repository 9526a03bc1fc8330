// The form in which the user writes a message.

import { $ } from "./dom.js";
import { t } from "./i18n.js";

const MAX = 2000; // UTF-16 units, as the server counts
const NEAR = 200; // the counter is shown from here on

export class Composer {
  #studyId = null;
  #onSend;
  #box = $("#draft");
  #drafts = new Map(); // studyId -> text
  #sentByEnter = false; // the last Enter sent the message and must not add a line

  // onSend is called with each message. signal ends the composer.
  constructor(onSend, signal) {
    this.#onSend = onSend;
    this.#box.addEventListener("input", () => this.#typed(), { signal });
    this.#box.addEventListener("keydown", (e) => this.#key(e), { signal });
    this.#box.addEventListener("beforeinput", (e) => {
      if (this.#sentByEnter && e.inputType === "insertLineBreak") e.preventDefault();
    }, { signal });
    $("#composer").addEventListener("submit", (e) => this.#submit(e), { signal });
  }

  // show keeps the draft of the study before and brings back that of this one.
  show(id, name) {
    if (this.#studyId) this.#drafts.set(this.#studyId, this.#box.value);
    this.#studyId = id;
    this.#box.value = this.#drafts.get(id) ?? "";
    this.#typed();
    if (id) this.#box.placeholder = t("messageTo", { name });
  }

  #typed() {
    const left = MAX - this.#box.value.trim().length;
    const counter = $("#counter");
    counter.hidden = left > NEAR;
    counter.textContent = left < 0 ? t("charsOver", { n: -left }) : t("charsLeft", { n: left });
    counter.classList.toggle("over", left < 0);
    $("#send").disabled = left < 0 || left === MAX;
    this.#box.style.height = "auto";
    this.#box.style.height = `${Math.min(this.#box.scrollHeight + 2, 180)}px`;
  }

  // key sends on Enter. It does not while a syllable is being composed, nor on a
  // touch screen, where Enter is the only way to add a line.
  #key(e) {
    this.#sentByEnter = false;
    if (e.key !== "Enter" || e.shiftKey || e.isComposing || e.keyCode === 229) return;
    if (matchMedia("(pointer: coarse)").matches) return;
    e.preventDefault();
    this.#sentByEnter = true;
    $("#composer").requestSubmit();
  }

  #submit(e) {
    e.preventDefault();
    const content = this.#box.value.trim();
    if (!this.#studyId || content === "" || content.length > MAX) return;
    this.#box.value = "";
    this.#drafts.delete(this.#studyId);
    this.#typed();
    this.#onSend(content);
    this.#box.focus();
  }
}
