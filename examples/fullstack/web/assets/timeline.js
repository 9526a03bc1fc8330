// The messages of one study that the page has: ordered by seq, each once.
//
// Seqs may be missing: messages that were deleted leave holes. What the page has from
// first to last is everything that the server has there.

const KEPT = 400; // messages of a study that is not open

// after returns what a message is after a change of it.
function after(message, event, change) {
  if (event === "message_reaction") {
    const { emoji, on, count, userId } = change;
    const before = message.reactions ?? [];
    const users = (before.find((r) => r.emoji === emoji)?.userIds ?? []).filter((id) => id !== userId);
    const now = { emoji, count, userIds: on ? [...users, userId] : users };
    const there = before.some((r) => r.emoji === emoji);
    const all = there ? before.map((r) => (r.emoji === emoji ? now : r)) : [...before, now];
    return { ...message, reactions: all.filter((r) => r.count > 0) };
  }
  const { content = "", editedAt, deletedAt, mentions, attachments } = change;
  if (deletedAt) return { ...message, content: "", deletedAt, editedAt: undefined, mentions: undefined, attachments: undefined, replyTo: undefined, reactions: undefined };
  return { ...message, content, editedAt, mentions, attachments };
}

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
  part = null; // {from, to}: an older part of the history that is shown in place of the run

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
    this.part = null;
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

  // begins is the seq of the first message that is shown.
  get begins() {
    return this.part?.from ?? this.first;
  }

  // older takes the page of history before what is shown.
  older(messages, more) {
    const fresh = this.#keep(messages);
    if (messages.length && this.part) this.part.from = messages[0].seq;
    else if (messages.length) this.first = messages[0].seq;
    this.#order = null;
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
    if (before) {
      this.#bySeq.set(before.seq, after(before, event, change));
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

  // messages returns those that are shown: the run, or the part of the history that the user
  // has jumped to.
  get messages() {
    const { from, to } = this.part ?? { from: this.first, to: this.last };
    this.#order ??= [...this.#bySeq.values()].filter((m) => m.seq >= from && m.seq <= to).sort((a, b) => a.seq - b.seq);
    return this.#order;
  }

  // get returns a message by its seq, if it is here.
  get(seq) {
    return this.#bySeq.get(seq);
  }

  // jump shows a part of the history before the run. more says that messages exist between the two.
  jump(messages, more) {
    if (!messages.length || messages[0].seq >= this.first) return;
    this.#keep(messages);
    this.part = { from: messages[0].seq, to: messages.at(-1).seq };
    this.atBeginning = false;
    this.#order = null;
    this.#joinRun(more);
  }

  // newer takes the page of history after the part.
  newer(messages, more) {
    if (!this.part) return;
    this.#keep(messages);
    this.part.to = Math.max(this.part.to, messages.at(-1)?.seq ?? 0);
    this.#order = null;
    this.#joinRun(more);
  }

  // toNewest leaves the part for the run.
  toNewest() {
    if (!this.part) return;
    this.part = null;
    this.atBeginning = this.first <= 1;
    for (const seq of this.#bySeq.keys()) if (seq < this.first) this.#bySeq.delete(seq);
    this.#order = null;
    if (this.first > this.last) this.loaded = false; // the newest page was let go
  }

  // joinRun joins the part with the run if nothing is between them.
  #joinRun(more) {
    if (more && this.part.to < this.first - 1) return;
    this.first = Math.min(this.first, this.part.from);
    this.part = null;
    this.#order = null;
  }

  // trim forgets the oldest messages. They are read again when the user scrolls up.
  trim() {
    if (!this.part && this.#bySeq.size > KEPT) this.keepNewest(KEPT / 2);
  }

  // keepNewest forgets all but the newest n messages that are shown, and keepOldest all but the oldest.
  keepNewest(n) {
    const first = this.messages.at(-n)?.seq;
    if (first === undefined || this.messages.length <= n) return;
    if (this.part) this.part.from = first;
    else this.first = first;
    this.atBeginning = false;
    this.#order = null;
    for (const seq of this.#bySeq.keys()) if (seq < first) this.#bySeq.delete(seq);
  }

  keepOldest(n) {
    const { messages } = this;
    if (messages.length <= n) return;
    const to = messages[n - 1].seq;
    if (!this.part) this.first = this.last + 1; // the run is empty, and grows with what comes
    this.part = { from: messages[0].seq, to };
    this.#order = null;
    for (const seq of this.#bySeq.keys()) if (seq > to && seq < this.first) this.#bySeq.delete(seq);
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
