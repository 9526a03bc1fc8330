// The messages of all studies of the user, and the pages of history that it reads.
//
// Events it dispatches: "messages" (detail: studyId, fresh, and older: whether these come before those that were shown).

import { Timeline } from "./timeline.js";

const PAGE = 30;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export class History extends EventTarget {
  #api;
  #signal;
  #timelines = new Map();

  // signal ends the tries to read history.
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
    const { messages, more } = await this.#api.messages(id, { limit: PAGE });
    this.#changed(id, this.timeline(id).newest(messages, more));
  }

  // loadOlder reads the page before the messages that are here.
  async loadOlder(id) {
    const timeline = this.timeline(id);
    if (timeline.atBeginning) return;
    const before = timeline.begins;
    if (before <= 1) return this.#changed(id, timeline.older([], false));
    const { messages, more } = await this.#api.messages(id, { before, limit: PAGE });
    if (timeline.begins === before) this.#changed(id, timeline.older(messages, more), true);
  }

  // loadNewer reads the page after the part of the history that is shown.
  async loadNewer(id) {
    const timeline = this.timeline(id);
    const after = timeline.part?.to;
    if (after === undefined) return;
    const { messages, more } = await this.#api.messages(id, { after, limit: PAGE });
    if (timeline.part?.to !== after) return;
    timeline.newer(messages, more);
    this.#changed(id, []);
  }

  // jump shows the messages around seq.
  async jump(id, seq) {
    const timeline = this.timeline(id);
    const { messages: before } = await this.#api.messages(id, { before: seq + 1, limit: PAGE / 2 });
    const { messages, more } = await this.#api.messages(id, { after: seq, limit: PAGE / 2 });
    if (this.timeline(id) !== timeline) return;
    timeline.jump([...before, ...messages], more);
    this.#changed(id, []);
  }

  // put takes a message that the hub delivered, note one of which the page knows from
  // elsewhere.
  put = (message) => this.#changed(message.studyId, this.timeline(message.studyId).arrived(message));
  note = (message) => this.#changed(message.studyId, this.timeline(message.studyId).note(message));

  // change takes an edit, a deletion or a reaction.
  change(event, data) {
    this.timeline(data.studyId).changed(event, data);
    this.#changed(data.studyId, []);
  }

  // joined takes the answer to a join. resumed says whether the join asked for the
  // messages after timeline.last.
  joined(id, timeline, { seq, sentAt, truncated, reset }, resumed) {
    if (!timeline.known || truncated || reset) timeline.startAt(seq, sentAt); // a study that is opened reads its newest page
    else if (!resumed && seq > timeline.last) this.#catchUp(id, timeline); // the history was read before the join
    this.#changed(id, []);
  }

  // reset forgets a study whose store went back to seq.
  reset(id, seq) {
    this.timeline(id).startAt(seq);
    this.#changed(id, []);
  }

  // erased forgets messages that are gone.
  erased(id, from, to) {
    this.timeline(id).erase(from, to);
    this.#changed(id, []);
  }

  // catchUp reads the newest page, until that succeeds.
  async #catchUp(id, timeline) {
    timeline.behind = true;
    for (let tries = 0; timeline.behind && this.timeline(id) === timeline && !this.#signal.aborted; tries++) {
      try {
        await this.load(id);
      } catch (err) {
        if (err.status === 403 || err.status === 404) return;
        await sleep(Math.min(1000 * 2 ** tries, 15_000));
      }
    }
  }

  #changed(studyId, fresh, older = false) {
    this.dispatchEvent(new CustomEvent("messages", { detail: { studyId, fresh, older } }));
  }
}
