// The studies of the user who is logged in: the list of them, their messages, and
// how far the user has read. It joins the room of each, again after each
// reconnection.
//
// Events it dispatches: "studies", "messages" (detail: studyId, fresh), "members"
// (detail: studyId), "notification" (detail: the notification), "left" (detail:
// study, reason).

import { History } from "./history.js";
import { ReadMarks } from "./readmarks.js";

const EVERY = 15_000; // ms between two reads of the list
const LISTED = 200; // a list shorter than this holds all studies
const ROOMS = 190; // a connection may join 200; the rest is for studies that are opened
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export class Rooms extends EventTarget {
  studies = [];

  #api;
  #connection;
  #me;
  #history;
  #readMarks;
  #joining = new Map(); // studyId -> promise
  #joined = new Set();
  #late = 0; // how many joins wait because they came too fast
  #asked = 0; // how often the list of studies was asked for,
  #shown = 0; // the number of the answer that is shown,
  #stale = 0; // and up to which number answers are too old
  #ended = new AbortController();

  constructor(api, connection, me) {
    super();
    this.#api = api;
    this.#connection = connection;
    this.#me = me;
    const signal = this.#ended.signal;
    this.#history = new History(api, signal);
    this.#history.addEventListener("messages", (e) => this.#changed(e.detail));
    this.#readMarks = new ReadMarks(me.userId, signal);
    this.#readMarks.addEventListener("change", () => this.dispatchEvent(new Event("studies")));
    connection.addEventListener("state", () => this.#followState(), { signal });
    connection.addEventListener("event", (e) => this.#receive(e.detail.event, e.detail.data), { signal });
    // The server sends no event when another user creates a study.
    const look = () => !document.hidden && connection.state === "online" && this.refresh().catch(() => {});
    document.addEventListener("visibilitychange", look, { signal });
    const timer = setInterval(look, EVERY + Math.random() * 2000);
    signal.addEventListener("abort", () => clearInterval(timer));
  }

  close() {
    this.#ended.abort();
  }

  study = (id) => this.studies.find((s) => s.id === id);

  timeline = (id) => this.#history.timeline(id);

  // refresh reads the list of studies and joins those of the user. It also finds
  // the memberships that ended while the connection was lost.
  async refresh() {
    let asked, studies;
    do {
      asked = ++this.#asked;
      studies = await this.#api.studies();
      if (this.#ended.signal.aborted) return;
    } while (asked <= this.#stale);
    if (asked < this.#shown) return;
    this.#shown = asked;
    const before = this.studies;
    this.studies = studies;
    this.dispatchEvent(new Event("studies"));
    for (const s of before) {
      const now = this.study(s.id);
      // A long list lacks the older studies of other users, so a study that is
      // missing in it may still exist.
      if (s.member && !now?.member) this.#removed(s, now || studies.length >= LISTED ? "kicked" : "study_deleted");
    }
    this.#joinAll();
  }

  #joinAll() {
    for (const s of this.studies) {
      if (this.#joined.size + this.#joining.size >= ROOMS) return;
      if (s.member && !this.#joined.has(s.id)) this.join(s.id);
    }
  }

  // join joins the room of a study and gets the messages missed since the last
  // time. It resolves to whether that worked.
  join(id) {
    if (!this.#joining.has(id)) {
      this.#joining.set(id, this.#join(id).finally(() => this.#joining.delete(id)));
    }
    return this.#joining.get(id);
  }

  async #join(id) {
    for (let tries = 0; this.#connection.state === "online" && !this.#ended.signal.aborted; tries++) {
      const timeline = this.timeline(id);
      try {
        const resumed = timeline.known;
        const after = resumed ? { after: timeline.last, ...(timeline.lastSentAt && { afterSentAt: timeline.lastSentAt }) } : {};
        const ack = await this.#connection.request("join_room", { studyId: id, ...after });
        this.#joined.add(id);
        if (!timeline.known && this.#readMarks.get(id) === null) this.#readMarks.set(id, ack.seq);
        if (ack.reset) this.#readMarks.lower(id, ack.seq);
        this.#history.joined(id, timeline, ack, resumed);
        return true;
      } catch (err) {
        if (err.code === "rate_limited") {
          // The hub names the same time to all waiting joins, so they take turns.
          await sleep((err.retryAfterMs || 1000) * ++this.#late);
          this.#late--;
        } else if (err.code === "unavailable" || err.code === "timeout") await sleep(Math.min(1000 * 2 ** tries, 15_000));
        else return false; // disconnected, or forbidden: the next refresh finds that
      }
    }
    return false;
  }

  // load reads the newest page of a study, unless it has been read, and joins.
  async load(id) {
    if (this.timeline(id).loaded) return;
    await this.#history.load(id);
    this.join(id);
  }

  // loadOlder reads the page before the messages that are here.
  loadOlder = (id) => this.#history.loadOlder(id);

  // note adds a message of which the page knows from elsewhere.
  note = (message) => this.#history.note(message);

  // unread counts the messages of a study that the user has not read.
  unread(id) {
    const study = this.study(id);
    if (!study?.member) return 0;
    const newest = Math.max(this.timeline(id).last, study.head ?? 0);
    return Math.max(0, newest - (this.#readMarks.get(id) ?? newest));
  }

  // readUpTo returns the seq of the last message that the user has read.
  readUpTo = (id) => this.#readMarks.get(id) ?? this.timeline(id).last;

  // markRead notes that the user has read all messages that are here.
  markRead(id) {
    const { last } = this.timeline(id);
    if (last > (this.#readMarks.get(id) ?? -1)) this.#readMarks.set(id, last);
  }

  #followState() {
    if (this.#connection.state === "online") {
      this.#joinAll();
      this.refresh().catch(() => {});
    } else {
      this.#joined.clear();
    }
  }

  #receive(event, data) {
    switch (event) {
      case "new_message":
        if (this.#joined.has(data.studyId) || this.timeline(data.studyId).known) this.#history.put(data);
        return;
      case "message_edited":
      case "message_deleted":
      case "message_reaction":
        if (this.timeline(data.studyId).known) this.#history.change(event, data);
        return;
      case "room_reset":
        this.#readMarks.lower(data.studyId, data.seq);
        this.#history.reset(data.studyId, data.seq);
        this.refresh().catch(() => {});
        return;
      case "messages_erased":
        this.#history.erased(data.studyId, data.from, data.to);
        return;
      case "room_left":
        this.#left(data.studyId, data.reason);
        return;
      case "notification":
        this.#notify(data);
    }
  }

  #notify(data) {
    const changes = ["member_joined", "member_left", "study_joined", "member_approved"];
    if (data.studyId && changes.includes(data.type)) {
      this.dispatchEvent(new CustomEvent("members", { detail: { studyId: data.studyId } }));
      this.refresh().catch(() => {});
    }
    if (data.type !== "member_joined" && data.type !== "member_left") {
      this.dispatchEvent(new CustomEvent("notification", { detail: data }));
    }
  }

  #left(id, reason) {
    const study = this.study(id);
    if (study?.member) this.#removed(study, reason);
    else this.#joined.delete(id);
    this.refresh().catch(() => {});
  }

  #removed(study, reason) {
    this.forget(study.id);
    this.dispatchEvent(new CustomEvent("left", { detail: { study, reason } }));
  }

  // forget drops a study of which the user is no member any more. Lists that were
  // asked for before may still have the user as a member, so they are ignored.
  forget(id) {
    this.#stale = this.#asked;
    this.#joined.delete(id);
    this.#history.forget(id);
    this.studies = this.studies.map((s) => (s.id === id ? { ...s, member: false } : s));
    this.dispatchEvent(new Event("studies"));
  }

  #changed({ studyId, fresh }) {
    for (const m of fresh) {
      if (m.userId === this.#me.userId && m.seq === (this.#readMarks.get(studyId) ?? -1) + 1) this.#readMarks.set(studyId, m.seq);
    }
    this.dispatchEvent(new CustomEvent("messages", { detail: { studyId, fresh } }));
  }
}
