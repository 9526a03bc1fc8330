// The studies of the user who is logged in: the list of them, their messages, and
// how far the user has read. It joins the room of each, again after each
// reconnection.
//
// Events it dispatches: "studies", "messages" (detail: studyId, fresh, older), "members"
// (detail: studyId), "notices" (detail: studyId), "typing" (detail: studyId, userId, userName),
// "presence" (detail: studyId), "receipts" (detail: studyId), "notification" (detail: the notification), "left" (detail:
// study, reason).

import { History } from "./history.js";
import { Presence } from "./presence.js";
import { Unread } from "./unread.js";

const EVERY = 15_000; // ms between two reads of the list
const LISTED = 200; // a list shorter than this holds all studies
const ROOMS = 190; // a connection may join 200; the rest is for studies that are opened
const JOINS_AT_ONCE = 20; // requests without a pause
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export class Rooms extends EventTarget {
  studies = [];

  #api;
  #connection;
  #me;
  #history;
  #unread;
  #presence = new Presence();
  #newest = new Map(); // studyId -> its newest message, if it is known
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
    this.#unread = new Unread(connection, me, signal, (id) => this.timeline(id));
    this.#unread.addEventListener("change", () => this.dispatchEvent(new Event("studies")));
    this.#unread.addEventListener("receipts", (e) => this.#tell("receipts", e.detail));
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
      studies = await this.#api.studies(this.#shown === 0);
      if (this.#ended.signal.aborted) return;
    } while (asked <= this.#stale);
    if (asked < this.#shown) return;
    this.#shown = asked;
    const before = this.studies;
    this.studies = studies;
    for (const s of studies) if (s.last) this.#noteNewest(s.last);
    this.dispatchEvent(new Event("studies"));
    for (const s of before) {
      const now = this.study(s.id);
      // A long list lacks the older studies of other users, so a study that is
      // missing in it may still exist.
      if (s.member && !now?.member) this.#removed(s, now || studies.length >= LISTED ? "kicked" : "study_deleted");
    }
    this.#joinAll();
  }

  // joinAll joins the rooms of all studies of the user, in steps: many requests at once would stop the page
  // for a while. A hidden page does not wait, since its timers are slow.
  async #joinAll() {
    const lacks = (id) => this.study(id)?.member && !this.#joined.has(id);
    const missing = this.studies.map((s) => s.id).filter(lacks);
    for (const [i, id] of missing.entries()) {
      if (i % JOINS_AT_ONCE === JOINS_AT_ONCE - 1 && !document.hidden) await sleep(0);
      if (this.#joined.size + this.#joining.size >= ROOMS) return;
      if (lacks(id)) this.join(id); // which may have changed meanwhile
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
        const asks = { reads: true, ...(this.#presence.studyId === id && { presence: true }) };
        const ack = await this.#connection.request("join_room", { studyId: id, ...after, ...asks });
        this.#joined.add(id);
        this.#unread.joined(id, ack, timeline.known);
        if (ack.online && this.#presence.begin(ack)) this.#tell("presence", { studyId: id });
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

  loadNewer = (id) => this.#history.loadNewer(id);

  // jump shows the messages around seq.
  jump = (id, seq) => this.#history.jump(id, seq);

  // watch joins the room of a study anew, to learn who is there. It ends the watching of the one before.
  async watch(id) {
    this.#presence.watch(id);
    await this.#joining.get(id);
    if (id && this.#presence.studyId === id) this.join(id);
  }

  // online returns a Map of the users who are in the room that is watched, by id, or null if that is
  // not known; onlineCount is how many they are.
  online = (id) => this.#presence.of(id);
  onlineCount = (id) => this.#presence.countOf(id);

  // newest returns the newest message of a study, if it is known.
  newest = (id) => this.#newest.get(id);

  // activity is when the newest message of a study was sent, in ms, 0 if that is not known.
  activity = (id) => Date.parse(this.newest(id)?.sentAt ?? 0) || 0;

  // leads says whether the user is the owner or a moderator of a study.
  leads = (id) => ["owner", "moderator"].includes(this.study(id)?.role);

  // request sends a request of the user for a study that is open.
  request = (event, data) => this.#connection.request(event, data);

  // unread counts the messages of a study that the user has not read.
  unread(id) {
    const study = this.study(id);
    return study?.member ? this.#unread.count(id, study.head ?? 0) : 0;
  }

  // readUpTo returns the seq of the last message that the user has read.
  readUpTo = (id) => this.#unread.upTo(id) ?? this.timeline(id).last;

  // markRead notes that the user has read all messages up to seq, or all that are here.
  markRead = (id, seq = this.timeline(id).last) => this.#unread.mark(id, seq);

  // readers counts the others who have read up to seq, where the hub tells that.
  readers = (id, seq) => this.#unread.readers(id, seq);

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
        if (!this.#joined.has(data.studyId) && !this.timeline(data.studyId).known) return;
        this.#unread.arrived(data);
        this.#noteNewest(data);
        this.#history.put(data);
        return;
      case "message_edited":
      case "message_deleted":
      case "message_reaction":
        this.#unread.changed(event, data);
        if (this.timeline(data.studyId).known) this.#history.change(event, data);
        this.#changeNewest(event, data);
        return;
      case "read_marked":
        this.#unread.told(data);
        return;
      case "user_typing":
        this.#tell("typing", data);
        return;
      case "presence":
        if (this.#presence.change(data)) this.#tell("presence", data);
        return;
      case "room_reset":
        this.#unread.lower(data.studyId, data.seq);
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
    const changes = ["member_joined", "member_left", "member_changed", "study_joined", "join_requested", "member_approved"];
    if (changes.includes(data.type)) {
      this.#tell("members", { studyId: data.studyId });
      this.refresh().catch(() => {});
    }
    if (data.type === "notice" || data.type === "notices_changed") this.#tell("notices", { studyId: data.studyId });
    if (!["member_joined", "member_left", "member_changed", "notices_changed"].includes(data.type)) this.#tell("notification", data);
  }

  #tell(event, detail) {
    this.dispatchEvent(new CustomEvent(event, { detail }));
  }

  #noteNewest(message) {
    if (!(this.#newest.get(message.studyId)?.seq >= message.seq)) this.#newest.set(message.studyId, message);
  }

  #changeNewest(event, { studyId, messageSeq, content = "", deletedAt }) {
    const newest = this.#newest.get(studyId);
    if (newest?.seq !== messageSeq || event === "message_reaction") return;
    this.#newest.set(studyId, { ...newest, content: deletedAt ? "" : content, deletedAt });
    this.#tell("messages", { studyId, fresh: [] });
  }

  #left(id, reason) {
    const study = this.study(id);
    if (study?.member) this.#removed(study, reason);
    else this.#joined.delete(id);
    this.refresh().catch(() => {});
  }

  #removed(study, reason) {
    this.forget(study.id);
    this.#tell("left", { study, reason });
  }

  // forget drops a study of which the user is no member any more. Lists that were
  // asked for before may still have the user as a member, so they are ignored.
  forget(id) {
    this.#stale = this.#asked;
    this.#joined.delete(id);
    this.#history.forget(id);
    this.#newest.delete(id);
    this.studies = this.studies.map((s) => (s.id === id ? { ...s, member: false } : s));
    this.dispatchEvent(new Event("studies"));
  }

  #changed({ studyId, fresh, older }) {
    for (const m of fresh) {
      this.#noteNewest(m);
      if (m.userId === this.#me.userId && m.seq === (this.#unread.upTo(studyId) ?? -1) + 1) this.#unread.mark(studyId, m.seq);
    }
    this.#tell("messages", { studyId, fresh, older });
  }
}
