// The messages of all studies of the user: it reads pages of history, and the
// messages that are missing between those that arrived.
//
// Events it dispatches: "messages" (detail: studyId, fresh).

import { Timeline } from "./timeline.js";

const PAGE = 50;
const CATCH_UP = 500; // messages that one request to catch up reads
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export class History extends EventTarget {
  #api;
  #signal;
  #timelines = new Map();
  #catchingUp = new Set(); // studies

  // signal ends the catching up.
  constructor(api, signal) {
    super();
    this.#api = api;
    this.#signal = signal;
  }

  timeline(id) {
    if (!this.#timelines.has(id)) this.#timelines.set(id, new Timeline());
    return this.#timelines.get(id);
  }

  forget(id) {
    this.#timelines.delete(id);
  }

  // load reads the newest page of a study.
  async load(id) {
    const timeline = this.timeline(id);
    const messages = await this.#api.messages(id, { limit: PAGE });
    if (!timeline.known && messages.length === 0) timeline.startAt(0);
    const fresh = timeline.add(messages);
    timeline.loaded = true;
    this.#changed(id, fresh);
  }

  // loadOlder reads the page before the messages that are here.
  async loadOlder(id) {
    const timeline = this.timeline(id);
    if (timeline.atBeginning) return;
    const messages = await this.#api.messages(id, { before: timeline.first, limit: PAGE });
    this.#changed(id, timeline.add(messages));
  }

  // put adds a message that was delivered or acknowledged. If one before it is
  // missing, put waits a second before it reads the history: the message may be
  // on its way.
  put(message) {
    const id = message.studyId;
    this.#changed(id, this.timeline(id).add([message]));
    if (this.timeline(id).hasHole) setTimeout(() => this.timeline(id).hasHole && this.catchUp(id), 1000);
  }

  // joined takes the answer to a join. resumed says whether the join asked for the
  // messages after timeline.last.
  joined(id, timeline, { seq, truncated }, resumed) {
    if (!timeline.known) timeline.startAt(seq);
    else if (truncated) timeline.startAt(seq); // a study that is opened reads its newest page
    else if (!resumed && seq > timeline.last) this.catchUp(id); // the history was read before the join
    this.#changed(id, []);
  }

  // catchUp reads the messages after the unbroken run.
  async catchUp(id) {
    if (this.#catchingUp.has(id)) return;
    this.#catchingUp.add(id);
    const timeline = this.timeline(id);
    try {
      for (let tries = 0; tries < 8 && !this.#signal.aborted; ) {
        try {
          const before = timeline.last;
          const messages = await this.#api.messages(id, { after: before, limit: CATCH_UP });
          this.#changed(id, timeline.add(messages));
          if (messages.length < CATCH_UP && !timeline.hasHole) return;
          if (timeline.last === before) await sleep(1000 * ++tries);
        } catch (err) {
          if (err.status === 403 || err.status === 404) return;
          await sleep(1000 * 2 ** tries++);
        }
      }
    } finally {
      this.#catchingUp.delete(id);
    }
  }

  #changed(studyId, fresh) {
    this.dispatchEvent(new CustomEvent("messages", { detail: { studyId, fresh } }));
  }
}
