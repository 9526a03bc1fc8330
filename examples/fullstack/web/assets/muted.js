// The studies that the user wants no notifications of.
//
// Events it dispatches: "change".

import { storage } from "./storage.js";

export class Muted extends EventTarget {
  #key;
  #ids;

  constructor(userId) {
    super();
    this.#key = `coup.muted.${userId} `; // no id has a space
    try {
      this.#ids = new Set(JSON.parse(storage.get(this.#key)));
    } catch {
      this.#ids = new Set();
    }
  }

  has = (studyId) => this.#ids.has(studyId);

  set(studyId, on) {
    if (on) this.#ids.add(studyId);
    else this.#ids.delete(studyId);
    storage.set(this.#key, JSON.stringify([...this.#ids]));
    this.dispatchEvent(new Event("change"));
  }
}
