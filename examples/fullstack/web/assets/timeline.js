// The messages of one study that the page has: ordered by seq, each once.
//
// Seqs may be missing: messages that were deleted leave holes. What the page has from
// first to last is everything that the server has there.

const KEPT = 400; // messages of a study that is not open

export class Timeline {
  #bySeq = new Map();
  #order = null; // sorted copy, made when asked for
  first = 0; // where the unbroken run begins
  last = 0; // the newest seq of the unbroken run
  lastSentAt = null; // the time of what is at last, if it is known
  loaded = false; // the newest page of history has been read
  known = false; // first and last are set, even if last is 0
  atBeginning = false; // nothing precedes first
  behind = false; // messages after last exist that only history has

  // startAt forgets all messages. seq is the study's newest one, and sentAt its time, if
  // that is known.
  startAt(seq, sentAt = null) {
    this.#bySeq.clear();
    this.#order = null;
    this.first = seq + 1;
    this.last = seq;
    this.lastSentAt = sentAt;
    this.known = true;
    this.loaded = false;
    this.atBeginning = false;
    this.behind = false;
  }

  // newest takes the newest page of history. more says that older messages exist.
  newest(messages, more) {
    const first = messages.length && more ? messages[0].seq : 1;
    if (!this.known || first > this.last + 1) this.startAt(first - 1); // too far from what is here
    const fresh = this.#keep(messages);
    this.#reach(messages.at(-1));
    this.first = Math.min(this.first, first);
    if (!more) this.atBeginning = true;
    this.behind = false;
    this.loaded = true;
    return fresh;
  }

  // older takes the page of history before first.
  older(messages, more) {
    const fresh = this.#keep(messages);
    if (messages.length) this.first = messages[0].seq;
    if (!more || !messages.length) this.atBeginning = true;
    return fresh;
  }

  // arrived takes a message that the hub delivered, after all those before it.
  arrived(message) {
    const fresh = this.#keep([message]);
    if (!this.behind) this.#reach(message);
    return fresh;
  }

  // note takes a message of which the page knows from elsewhere. It is shown once those
  // before it are here.
  note(message) {
    const fresh = this.#keep([message]);
    if (message.seq === this.last + 1 && !this.behind) this.#reach(message);
    return fresh;
  }

  // changed takes an edit, a deletion or a reaction, which has a seq of its own.
  changed(event, change) {
    const before = this.#bySeq.get(change.messageSeq);
    if (before && event !== "message_reaction") {
      const { content = "", editedAt, deletedAt } = change;
      this.#bySeq.set(before.seq, { ...before, content, editedAt, deletedAt });
      this.#order = null;
    }
    if (this.known && !this.behind && change.seq > this.last) {
      this.last = change.seq;
      this.lastSentAt = change.sentAt;
    }
  }

  // erase forgets messages that are gone.
  erase(from, to) {
    for (const seq of this.#bySeq.keys()) if (seq >= from && seq <= to) this.#bySeq.delete(seq);
    this.#order = null;
  }

  // messages returns the unbroken run.
  get messages() {
    this.#order ??= [...this.#bySeq.values()]
      .filter((m) => m.seq >= this.first && m.seq <= this.last)
      .sort((a, b) => a.seq - b.seq);
    return this.#order;
  }

  // trim forgets the oldest messages. They are read again when the user scrolls up.
  trim() {
    if (this.#bySeq.size <= KEPT) return;
    this.first = this.messages.at(-KEPT / 2)?.seq ?? this.first;
    this.atBeginning = false;
    for (const seq of this.#bySeq.keys()) if (seq < this.first) this.#bySeq.delete(seq);
    this.#order = null;
  }

  #keep(messages) {
    const fresh = messages.filter((m) => Number.isInteger(m.seq) && !this.#bySeq.has(m.seq));
    for (const m of fresh) this.#bySeq.set(m.seq, m);
    if (fresh.length) this.#order = null;
    return fresh;
  }

  #reach(message) {
    if (!message || (this.known && message.seq <= this.last)) return;
    if (!this.known) this.startAt(message.seq - 1);
    this.#bySeq.set(message.seq, message);
    this.last = message.seq;
    this.lastSentAt = message.sentAt ?? null;
    this.#order = null;
  }
}
