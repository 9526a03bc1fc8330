// How many messages of each study the user has not read, and how far the others have. The hub keeps
// the marks; where it cannot, those of this browser count.
//
// Events it dispatches: "change", "receipts" (detail: studyId).

import { ReadMarks } from "./readmarks.js";

const MOST = 99; // the hub counts no further
const PAUSE = 1000; // ms between two marks that are sent for a study: the hub stores one a second

export class Unread extends EventTarget {
  #connection;
  #me;
  #timeline;
  #signal;
  #marks;
  #counts = new Map(); // studyId -> messages of others after the mark
  #sending = new Set(); // studies whose mark is being sent
  #others = new Map(); // studyId -> Map of userId -> seq

  // timeline returns the messages of a study. signal ends everything.
  constructor(connection, me, signal, timeline) {
    super();
    this.#connection = connection;
    this.#me = me;
    this.#signal = signal;
    this.#timeline = timeline;
    this.#marks = new ReadMarks(me.userId, signal);
    this.#marks.addEventListener("change", () => this.dispatchEvent(new Event("change")));
  }

  // upTo returns the seq up to which the user has read, or null if that is not known.
  upTo = (id) => this.#marks.get(id);

  // count returns how many messages are unread. head is the newest seq in the list of studies.
  count(id, head) {
    if (this.#counts.has(id)) return this.#counts.get(id);
    const newest = Math.max(this.#timeline(id).last, head);
    return Math.max(0, newest - (this.#marks.get(id) ?? newest));
  }

  // joined takes the answer to a join. known says whether the study had been joined before.
  joined(id, { seq, readSeq, unread, reset }, known) {
    if (reset) this.lower(id, seq);
    if (readSeq === undefined) {
      if (!known && this.#marks.get(id) === null) this.#marks.set(id, seq);
      return;
    }
    this.#counts.set(id, unread);
    if ((this.#marks.get(id) ?? -1) > readSeq) this.#recount(id); // this browser has read on while it was offline
    this.#marks.raise(id, readSeq);
    if (this.#marks.get(id) > readSeq) this.#send(id);
    this.dispatchEvent(new Event("change"));
  }

  // mark notes that the user has read up to seq.
  mark(id, seq) {
    if (seq <= (this.#marks.get(id) ?? -1)) return;
    this.#marks.set(id, seq);
    this.#recount(id);
    this.#send(id);
  }

  // arrived counts a new message.
  arrived({ studyId, seq, userId }) {
    if (!this.#counts.has(studyId) || userId === this.#me.userId || seq <= this.#marks.get(studyId)) return;
    this.#counts.set(studyId, Math.min(MOST, this.#counts.get(studyId) + 1));
  }

  // changed counts a message no more that was deleted.
  changed(event, { studyId, messageSeq }) {
    const message = this.#timeline(studyId).get(messageSeq);
    if (event !== "message_deleted" || !message || message.deletedAt || message.userId === this.#me.userId) return;
    if (messageSeq > this.#marks.get(studyId) && this.#counts.get(studyId) > 0) this.#counts.set(studyId, this.#counts.get(studyId) - 1);
  }

  // told takes what the hub tells of a mark of the user on another device, or of another user.
  told({ studyId, userId, seq, unread }) {
    if (userId !== this.#me.userId) {
      if (!this.#others.has(studyId)) this.#others.set(studyId, new Map());
      this.#others.get(studyId).set(userId, seq);
      this.dispatchEvent(new CustomEvent("receipts", { detail: { studyId } }));
      return;
    }
    if (seq >= (this.#marks.get(studyId) ?? -1)) {
      this.#counts.set(studyId, unread ?? 0);
      this.#marks.raise(studyId, seq);
    }
    this.dispatchEvent(new Event("change"));
  }

  // lower moves the mark down to seq, the newest one of a study that went back.
  lower(id, seq) {
    this.#marks.lower(id, seq);
    this.#others.delete(id);
  }

  // readers counts the others who have read up to seq. It returns null where the hub does not tell.
  readers(id, seq) {
    const others = this.#others.get(id);
    return others ? [...others.values()].filter((upTo) => upTo >= seq).length : null;
  }

  // recount counts what is here after the mark, if all of it is here.
  #recount(id) {
    const timeline = this.#timeline(id);
    const mark = this.#marks.get(id);
    if (mark >= timeline.last) this.#counts.set(id, 0);
    else if (!timeline.part && timeline.first <= mark + 1) {
      this.#counts.set(id, Math.min(MOST, timeline.messages.filter((m) => m.seq > mark && m.userId !== this.#me.userId && !m.deletedAt).length));
    }
  }

  // send sends the mark, and again if it has moved meanwhile.
  async #send(id) {
    if (this.#sending.has(id)) return;
    this.#sending.add(id);
    for (let sent = -1; sent < this.#marks.get(id) && this.#connection.state === "online" && !this.#signal.aborted; ) {
      sent = this.#marks.get(id);
      try {
        const { unread } = await this.#connection.request("mark_read", { studyId: id, seq: sent });
        if (sent === this.#marks.get(id)) this.#counts.set(id, unread);
        this.dispatchEvent(new Event("change"));
      } catch {
        break; // the next join tells the hub
      }
      await new Promise((done) => setTimeout(done, PAUSE));
    }
    this.#sending.delete(id);
  }
}
