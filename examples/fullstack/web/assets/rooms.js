// The studies of the user who is logged in: which there are, what was said in
// them, how far they were read. It keeps them joined over every reconnect.
//
// Events it dispatches: "studies", "messages" (detail: studyId, fresh), "members"
// (detail: studyId), "notification" (detail: the notification), "left" (detail:
// study, reason).

import { Timeline } from "./timeline.js";

const PAGE = 50;
const EVERY = 15_000;
const LISTED = 200; // no study is missing from a shorter list
const ROOMS = 190; // a connection may have 200, and whoever looks at one more gets in
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export class Rooms extends EventTarget {
  studies = [];

  #api;
  #connection;
  #me;
  #timelines = new Map();
  #joining = new Map(); // studyId -> promise
  #joined = new Set();
  #late = 0; // how many joins wait because they came too fast
  #catchingUp = new Set();
  #asked = 0; // how often the list of studies was asked for,
  #shown = 0; // the number of the answer that is shown,
  #stale = 0; // and up to which number answers are too old
  #read = new Map();
  #ended = new AbortController();

  constructor(api, connection, me) {
    super();
    this.#api = api;
    this.#connection = connection;
    this.#me = me;
    const signal = this.#ended.signal;
    connection.addEventListener("state", () => this.#followState(), { signal });
    connection.addEventListener("event", (e) => this.#hear(e.detail.event, e.detail.data), { signal });
    window.addEventListener("storage", (e) => this.#hearOtherTab(e), { signal });
    // Nobody tells us of studies that others start.
    const look = () => !document.hidden && connection.state === "online" && this.refresh().catch(() => {});
    document.addEventListener("visibilitychange", look, { signal });
    const timer = setInterval(look, EVERY + Math.random() * 2000);
    signal.addEventListener("abort", () => clearInterval(timer));
  }

  close() {
    this.#ended.abort();
  }

  study = (id) => this.studies.find((s) => s.id === id);

  timeline(id) {
    if (!this.#timelines.has(id)) this.#timelines.set(id, new Timeline());
    return this.#timelines.get(id);
  }

  // refresh reads the list of studies and joins those of the user. Who was put out
  // of one while the line was down finds out here.
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
      // Of the studies of others only the newest are listed.
      if (s.member && !now?.member) this.#out(s, now || studies.length >= LISTED ? "kicked" : "study_deleted");
    }
    this.#joinAll();
  }

  #joinAll() {
    for (const s of this.studies) {
      if (this.#joined.size + this.#joining.size >= ROOMS) return;
      if (s.member && !this.#joined.has(s.id)) this.join(s.id);
    }
  }

  // join enters the room of a study, with everything missed since last time. It
  // resolves to whether we are in.
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
        const asked = timeline.known;
        const after = asked ? { after: timeline.last } : {};
        const ack = await this.#connection.request("join_room", { studyId: id, ...after });
        this.#joined.add(id);
        if (!timeline.known) {
          timeline.startAt(ack.seq);
          if (this.#readOf(id) === null) this.#setRead(id, ack.seq);
        } else if (ack.truncated) {
          timeline.startAt(ack.seq); // whoever looks reads the newest page, and the rest by scrolling up
        } else if (!asked && ack.seq > timeline.last) {
          this.#catchUp(id); // the history may have overtaken our join, and end before it
        }
        this.#said(id, []);
        return true;
      } catch (err) {
        if (err.code === "rate_limited") {
          // All are told when there is room for one, so they come one after the other.
          await sleep((err.retryAfterMs || 1000) * ++this.#late);
          this.#late--;
        } else if (err.code === "unavailable" || err.code === "timeout") await sleep(Math.min(1000 * 2 ** tries, 15_000));
        else if (err.code === "disconnected") return false;
        else return false; // forbidden: the list of studies will say so
      }
    }
    return false;
  }

  // load brings in the newest page of a study.
  async load(id) {
    const timeline = this.timeline(id);
    if (timeline.loaded) return;
    const messages = await this.#api.messages(id, { limit: PAGE });
    if (!timeline.known && messages.length === 0) timeline.startAt(0);
    const fresh = timeline.add(messages);
    timeline.loaded = true;
    this.#said(id, fresh);
    this.join(id);
  }

  // loadOlder brings in the page before what we have.
  async loadOlder(id) {
    const timeline = this.timeline(id);
    if (timeline.atBeginning) return;
    const messages = await this.#api.messages(id, { before: timeline.first, limit: PAGE });
    this.#said(id, timeline.add(messages));
  }

  // put adds a message that we know of in another way.
  put(message) {
    this.#said(message.studyId, this.timeline(message.studyId).add([message]));
    this.#mindHole(message.studyId);
  }

  unread(id) {
    const study = this.study(id);
    if (!study?.member) return 0;
    const newest = Math.max(this.timeline(id).last, study.head ?? 0);
    return Math.max(0, newest - (this.#readOf(id) ?? newest));
  }

  readUpTo = (id) => this.#readOf(id) ?? this.timeline(id).last;

  markRead(id) {
    const { last } = this.timeline(id);
    if (last > (this.#readOf(id) ?? -1)) this.#setRead(id, last);
  }

  // catchUp reads what is missing after our last unbroken message.
  async #catchUp(id) {
    if (this.#catchingUp.has(id)) return;
    this.#catchingUp.add(id);
    const timeline = this.timeline(id);
    try {
      for (let tries = 0; tries < 8 && !this.#ended.signal.aborted; ) {
        try {
          const before = timeline.last;
          const messages = await this.#api.messages(id, { after: before, limit: 500 });
          this.#said(id, timeline.add(messages));
          if (messages.length < 500 && !timeline.hasHole) return;
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

  // mindHole gives what is out of order a moment before it asks.
  #mindHole(id) {
    if (!this.timeline(id).hasHole) return;
    setTimeout(() => this.timeline(id).hasHole && this.#catchUp(id), 1000);
  }

  #followState() {
    if (this.#connection.state === "online") {
      this.#joinAll();
      this.refresh().catch(() => {}); // a kick while we were away
    } else {
      this.#joined.clear();
    }
  }

  #hear(event, data) {
    switch (event) {
      case "new_message":
        if (!this.#joined.has(data.studyId) && !this.timeline(data.studyId).known) return;
        this.put(data);
        return;
      case "room_left":
        this.#leave(data.studyId, data.reason);
        return;
      case "notification":
        this.#hearNotification(data);
    }
  }

  #hearNotification(data) {
    const changes = ["member_joined", "member_left", "study_joined", "member_approved"];
    if (data.studyId && changes.includes(data.type)) {
      this.dispatchEvent(new CustomEvent("members", { detail: { studyId: data.studyId } }));
      this.refresh().catch(() => {});
    }
    if (data.type !== "member_joined" && data.type !== "member_left") {
      this.dispatchEvent(new CustomEvent("notification", { detail: data }));
    }
  }

  #leave(id, reason) {
    const study = this.study(id);
    if (study?.member) this.#out(study, reason);
    else this.#joined.delete(id);
    this.refresh().catch(() => {});
  }

  #out(study, reason) {
    this.forget(study.id);
    this.dispatchEvent(new CustomEvent("left", { detail: { study, reason } }));
  }

  // forget drops what we know of a study that is not ours any more. Lists that were
  // asked for before may still have it as ours.
  forget(id) {
    this.#stale = this.#asked;
    this.#joined.delete(id);
    this.#timelines.delete(id);
    this.studies = this.studies.map((s) => (s.id === id ? { ...s, member: false } : s));
    this.dispatchEvent(new Event("studies"));
  }

  #said(id, fresh) {
    for (const m of fresh) {
      if (m.userId === this.#me.userId && m.seq === (this.#readOf(id) ?? -1) + 1) this.#setRead(id, m.seq);
    }
    this.dispatchEvent(new CustomEvent("messages", { detail: { studyId: id, fresh } }));
  }

  #readKey = (id) => `coup.read.${this.#me.userId}.${id}`;

  #readOf(id) {
    if (!this.#read.has(id)) {
      const stored = Number.parseInt(localStorage.getItem(this.#readKey(id)) ?? "", 10);
      this.#read.set(id, Number.isNaN(stored) ? null : stored);
    }
    return this.#read.get(id);
  }

  #setRead(id, seq) {
    this.#read.set(id, seq);
    try {
      localStorage.setItem(this.#readKey(id), String(seq));
    } catch {
      // Without storage it holds for as long as the page does.
    }
    this.dispatchEvent(new Event("studies"));
  }

  #hearOtherTab({ key }) {
    const prefix = this.#readKey("");
    if (!key?.startsWith(prefix)) return;
    this.#read.delete(key.slice(prefix.length));
    this.dispatchEvent(new Event("studies"));
  }
}
