// What the user has begun to write in each study. It survives a reload.
//
// Events it dispatches: "change".

import { storage } from "./storage.js";

export class Drafts extends EventTarget {
  #prefix;
  #known = new Map(); // studyId -> draft, to read storage once

  constructor(userId) {
    super();
    this.#prefix = `coup.draft.${userId} `; // no id has a space
  }

  // get returns {text, replyTo, files} of a study.
  get(studyId) {
    if (!this.#known.has(studyId)) this.#known.set(studyId, this.#read(studyId));
    return this.#known.get(studyId);
  }

  #read(studyId) {
    try {
      const { text = "", replyTo = 0, files = [] } = JSON.parse(storage.get(this.#prefix + studyId)) ?? {};
      return { text: String(text), replyTo, files: Array.isArray(files) ? files : [] };
    } catch {
      return { text: "", replyTo: 0, files: [] };
    }
  }

  set(studyId, draft) {
    const had = this.has(studyId);
    this.#known.set(studyId, draft);
    const has = this.has(studyId);
    if (has) storage.set(this.#prefix + studyId, JSON.stringify(draft));
    else storage.remove(this.#prefix + studyId);
    if (had !== has) this.dispatchEvent(new Event("change"));
  }

  has(studyId) {
    const { text, files } = this.get(studyId);
    return text.trim() !== "" || files.length > 0;
  }
}
