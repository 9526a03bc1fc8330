// What the user has begun to write in each study. It survives a reload.
//
// Events it dispatches: "change".

import { storage } from "./storage.js";

export class Drafts extends EventTarget {
  #prefix;

  constructor(userId) {
    super();
    this.#prefix = `coup.draft.${userId} `; // no id has a space
  }

  // get returns {text, replyTo, files} of a study.
  get(studyId) {
    try {
      const { text = "", replyTo = 0, files = [] } = JSON.parse(storage.get(this.#prefix + studyId)) ?? {};
      return { text: String(text), replyTo, files: Array.isArray(files) ? files : [] };
    } catch {
      return { text: "", replyTo: 0, files: [] };
    }
  }

  set(studyId, draft) {
    const had = storage.get(this.#prefix + studyId) !== null;
    const has = draft.text.trim() !== "" || draft.files.length > 0;
    if (has) storage.set(this.#prefix + studyId, JSON.stringify(draft));
    else storage.remove(this.#prefix + studyId);
    if (had !== has) this.dispatchEvent(new Event("change"));
  }

  has = (studyId) => storage.get(this.#prefix + studyId) !== null;
}
