// Up to which seq the user has read each study. The hub keeps it too; storage has it at once after
// a reload, also where the hub cannot be reached, and shares it among the tabs of one user.
//
// Events it dispatches: "change".

import { storage } from "./storage.js";

export class ReadMarks extends EventTarget {
  #prefix;
  #seqs = new Map(); // studyId -> seq, or null if storage has none

  // signal ends the listening to other tabs.
  constructor(userId, signal) {
    super();
    // No id has a space, so no user's prefix is the beginning of another user's.
    this.#prefix = `coup.read.${userId} `;
    window.addEventListener("storage", (e) => this.#followOtherTab(e), { signal });
  }

  // get returns a seq, or null if the study was never opened.
  get(studyId) {
    if (!this.#seqs.has(studyId)) {
      const stored = Number.parseInt(storage.get(this.#prefix + studyId) ?? "", 10);
      this.#seqs.set(studyId, Number.isNaN(stored) ? null : stored);
    }
    return this.#seqs.get(studyId);
  }

  set(studyId, seq) {
    this.#seqs.set(studyId, seq);
    storage.set(this.#prefix + studyId, String(seq));
    this.dispatchEvent(new Event("change"));
  }

  // raise moves a mark up to seq, if it is below.
  raise(studyId, seq) {
    if (seq > (this.get(studyId) ?? -1)) this.set(studyId, seq);
  }

  // lower moves a mark down to seq, the newest one of a study that went back.
  lower(studyId, seq) {
    if (this.get(studyId) > seq) this.set(studyId, seq);
  }

  #followOtherTab({ key }) {
    if (!key?.startsWith(this.#prefix)) return;
    this.#seqs.delete(key.slice(this.#prefix.length));
    this.dispatchEvent(new Event("change"));
  }
}
