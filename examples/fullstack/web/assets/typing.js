// Who is writing in the study that is open.

import { $ } from "./dom.js";
import { t } from "./i18n.js";

const SHOWN_FOR = 5000; // ms after the last report of a user

export class TypingLine {
  #studyId = null;
  #users = new Map(); // userId -> {userName, timer}

  // signal ends the line.
  constructor(rooms, signal) {
    rooms.addEventListener("typing", ({ detail: { studyId, userId, userName } }) => {
      if (studyId !== this.#studyId) return;
      this.#drop(userId);
      this.#users.set(userId, { userName, timer: setTimeout(() => this.#drop(userId), SHOWN_FOR) });
      this.#draw();
    }, { signal });
    rooms.addEventListener("messages", ({ detail: { studyId, fresh } }) => {
      if (studyId === this.#studyId) for (const m of fresh) this.#drop(m.userId);
    }, { signal });
  }

  // show begins anew for another study.
  show(studyId) {
    this.#studyId = studyId;
    for (const userId of [...this.#users.keys()]) this.#drop(userId);
  }

  #drop(userId) {
    if (!this.#users.has(userId)) return;
    clearTimeout(this.#users.get(userId).timer);
    this.#users.delete(userId);
    this.#draw();
  }

  #draw() {
    const names = [...this.#users.values()].map((u) => u.userName);
    $("#typing").textContent = names.length === 0 ? "" : names.length > 3 ? t("manyType") : t(names.length > 1 ? "theyType" : "types", { names: names.join(", ") });
  }
}
