// The messages of one study that the page has: ordered by seq, each once.

const KEPT = 400; // messages of a study that is not open

export class Timeline {
  #bySeq = new Map();
  #order = null; // sorted copy, made when asked for
  first = 0; // oldest seq of the unbroken run; 0 while nothing is loaded
  last = 0; // newest seq of the unbroken run
  loaded = false; // the newest page of history has been read
  known = false; // first and last are set, even if last is 0

  // startAt forgets all messages. seq is the study's newest one, which a join returned.
  startAt(seq) {
    this.#bySeq.clear();
    this.#order = null;
    this.first = seq + 1;
    this.last = seq;
    this.known = true;
    this.loaded = false;
  }

  // add takes messages in any order and returns those that are new.
  add(messages) {
    const fresh = messages.filter((m) => Number.isInteger(m.seq) && !this.#bySeq.has(m.seq));
    for (const m of fresh) this.#bySeq.set(m.seq, m);
    if (fresh.length === 0) return fresh;
    this.#order = null;
    if (!this.known) {
      this.first = Math.min(...fresh.map((m) => m.seq));
      this.last = this.first - 1;
      this.known = true;
    }
    while (this.#bySeq.has(this.last + 1)) this.last++;
    while (this.#bySeq.has(this.first - 1)) this.first--;
    return fresh;
  }

  // messages returns the unbroken run. Messages after a hole are not shown yet.
  get messages() {
    this.#order ??= [...this.#bySeq.values()]
      .filter((m) => m.seq >= this.first && m.seq <= this.last)
      .sort((a, b) => a.seq - b.seq);
    return this.#order;
  }

  // hasHole reports whether a message has arrived and one before it has not.
  get hasHole() {
    for (const seq of this.#bySeq.keys()) if (seq > this.last) return true;
    return false;
  }

  get atBeginning() {
    return this.known && this.first <= 1;
  }

  // trim forgets the oldest messages. They are read again when the user scrolls up.
  trim() {
    if (this.#bySeq.size <= KEPT) return;
    this.first = Math.max(this.first, this.last - KEPT / 2 + 1);
    for (const seq of this.#bySeq.keys()) if (seq < this.first) this.#bySeq.delete(seq);
    this.#order = null;
  }
}
