// The conversation of one study.

import { delayOf } from "./connection.js";
import { $, h, reconcile, seal, soon, withLinks } from "./dom.js";
import { dayOf, fullTimeOf, t, timeOf } from "./i18n.js";

const MAX = 2000; // UTF-16 units, as the server counts
const NEAR = 200; // from here on the counter shows
const TOGETHER = 5 * 60_000; // messages of one person this close stand together
const AT_BOTTOM = 80; // pixels

export class Chat {
  studyId = null;

  #rooms;
  #outbox;
  #me;
  #log = $("#log");
  #list = $("#messages");
  #status = $("#older");
  #pill = $("#pill");
  #box = $("#draft");
  #nodes = new Map(); // key -> element
  #drafts = new Map();
  #unreadMark = 0;
  #missed = 0; // messages that came in below the fold
  #loading = null; // the load under way, an object of its own
  #loadFailed = false;
  #loadingOlder = false;
  #stick = true;
  #sentByEnter = false; // that Enter makes no line, whoever made the key event
  #ended = new AbortController();

  #resizes = new ResizeObserver(() => this.#stick && this.#jump());

  draw = soon(() => this.#draw());

  constructor(rooms, outbox, me) {
    this.#rooms = rooms;
    this.#outbox = outbox;
    this.#me = me;
    const signal = this.#ended.signal;
    rooms.addEventListener("messages", (e) => this.#hear(e.detail), { signal });
    outbox.addEventListener("change", (e) => e.detail.studyId === this.studyId && this.draw(), { signal });
    this.#log.addEventListener("scroll", () => this.#scrolled(), { signal, passive: true });
    this.#pill.addEventListener("click", () => this.toBottom(), { signal });
    this.#box.addEventListener("input", () => this.#typed(), { signal });
    this.#box.addEventListener("keydown", (e) => this.#key(e), { signal });
    this.#box.addEventListener("beforeinput", (e) => {
      if (this.#sentByEnter && e.inputType === "insertLineBreak") e.preventDefault();
    }, { signal });
    $("#composer").addEventListener("submit", (e) => this.#submit(e), { signal });
    document.addEventListener("visibilitychange", () => this.#markRead(), { signal });
    this.#resizes.observe(this.#log);
  }

  close() {
    this.#ended.abort();
    this.#resizes.disconnect();
    this.show(null);
  }

  // show turns to a study; null shows none.
  show(id) {
    if (this.studyId) this.#drafts.set(this.studyId, this.#box.value);
    this.studyId = id;
    this.#nodes.clear();
    this.#list.replaceChildren();
    this.#missed = 0;
    this.#loading = null;
    this.#loadFailed = false;
    this.#stick = true;
    this.#box.value = this.#drafts.get(id) ?? "";
    this.#typed();
    if (!id) return;
    const name = this.#rooms.study(id)?.name ?? "";
    this.#box.placeholder = t("messageTo", { name });
    this.#unreadMark = this.#rooms.unread(id) > 0 ? this.#rooms.readUpTo(id) : 0;
    this.#say("");
    this.draw();
    this.#load();
  }

  // load brings the newest page in, for as long as its study is the one shown.
  async #load() {
    const id = this.studyId;
    const mine = (this.#loading = {});
    for (let tries = 1; ; tries++) {
      this.#log.setAttribute("aria-busy", "true"); // old news is not read aloud
      try {
        await this.#rooms.load(id);
        break;
      } catch {
        if (this.#loading !== mine) return;
        if (!this.#loadFailed) this.#say("historyFailed", () => this.#load());
        this.#loadFailed = true;
        this.#draw();
        this.#log.removeAttribute("aria-busy");
        await new Promise((done) => setTimeout(done, delayOf(tries)));
        if (this.#loading !== mine) return;
      }
    }
    if (this.#loading !== mine) return;
    this.#loading = null;
    if (this.#loadFailed) this.#say("");
    this.#loadFailed = false;
    this.#draw();
    if (!this.#loadingOlder) this.#log.removeAttribute("aria-busy");
  }

  toBottom() {
    this.#stick = true;
    this.#missed = 0;
    this.#jump();
    this.draw();
  }

  #jump() {
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  #hear({ studyId, fresh }) {
    for (const m of fresh) if (m.userId === this.#me.userId) this.#outbox.seen(m.clientId);
    if (studyId !== this.studyId) {
      this.#rooms.timeline(studyId).trim();
      return;
    }
    if (!this.#stick && !this.#loadingOlder) {
      this.#missed += fresh.filter((m) => m.userId !== this.#me.userId).length;
    }
    this.draw();
    if (!this.#loading && !this.#rooms.timeline(studyId).loaded) this.#load(); // too much was missed
  }

  #draw() {
    const id = this.studyId;
    if (!id) return;
    const timeline = this.#rooms.timeline(id);
    const anchor = this.#stick ? null : this.#firstVisible();
    const entries = this.#entries(timeline.loaded || this.#loadFailed ? timeline.messages : [], this.#outbox.of(id));
    const used = new Map();
    for (const { key, make, follows } of entries) {
      const node = this.#nodes.get(key) ?? make();
      node.classList.toggle("follows", Boolean(follows));
      used.set(key, node);
    }
    this.#nodes = used;
    reconcile(this.#list, [...used.values()]);
    if (anchor?.node.isConnected) this.#log.scrollTop += anchor.node.getBoundingClientRect().top - anchor.top;
    if (this.#stick) this.#jump();
    if (timeline.loaded && timeline.atBeginning) this.#say(entries.length ? "beginning" : "emptyChat");
    this.#pill.hidden = this.#stick;
    this.#pill.textContent = this.#missed > 0 ? t("newMessages", { n: this.#missed }) : t("toNewest");
    this.#pill.classList.toggle("fresh", this.#missed > 0);
    this.#markRead();
    if (timeline.loaded && this.#log.scrollHeight <= this.#log.clientHeight + 200) this.#older();
  }

  // entries lists what is shown, in order: days, the unread line, messages, and
  // below them what is not sent yet.
  #entries(messages, pending) {
    const entries = [];
    let before = null;
    let marked = this.#unreadMark === 0;
    for (const m of messages) {
      const at = new Date(m.sentAt);
      const newDay = !before || new Date(before.sentAt).toDateString() !== at.toDateString();
      if (newDay) entries.push({ key: `day ${at.toDateString()} ${dayOf(at)}`, make: () => rule("day", dayOf(at)) });
      const newLine = !marked && m.seq > this.#unreadMark;
      if (newLine) {
        marked = true;
        entries.push({ key: "unread", make: () => rule("unread", t("unreadLine")) });
      }
      const follows =
        !newDay && !newLine && before.userId === m.userId && before.userName === m.userName && at - new Date(before.sentAt) < TOGETHER;
      entries.push({ key: `m ${m.seq}`, follows, make: () => this.#message(m, at) });
      before = m;
    }
    for (const p of pending) {
      entries.push({
        key: `p ${p.clientId} ${p.state}`,
        follows: before?.userId === this.#me.userId,
        make: () => this.#pending(p),
      });
      before = { userId: this.#me.userId };
    }
    return entries;
  }

  #message(m, at) {
    const mine = m.userId === this.#me.userId;
    return h(
      "article",
      { class: mine ? "message mine" : "message", dataset: { seq: m.seq } },
      seal(m.userId, m.userName),
      h("header", {}, h("b", { class: "who" }, m.userName || m.userId), time(at)),
      h("div", { class: "margin-time", "aria-hidden": "true" }, timeOf(at)),
      h("p", { class: "said", dir: "auto" }, withLinks(m.content)),
    );
  }

  #pending(p) {
    const failed = p.state === "failed";
    const reason = { too_large: "tooLarge", forbidden: "forbidden", unavailable: "unavailable" }[p.error];
    return h(
      "article",
      { class: `message mine pending ${p.state}`, dataset: { clientId: p.clientId } },
      seal(this.#me.userId, this.#me.userName),
      h("header", {}, h("b", { class: "who" }, this.#me.userName)),
      h("p", { class: "said", dir: "auto" }, p.content),
      h(
        "div",
        { class: "fate", role: failed ? "alert" : undefined },
        h("span", {}, failed ? `${t("failed")}${reason ? ` · ${t(reason)}` : ""}` : t(p.state)),
        failed && h("button", { type: "button", class: "text", onclick: () => this.#outbox.retry(p.clientId) }, t("retry")),
        p.state !== "sending" &&
          h("button", { type: "button", class: "text", onclick: () => this.#outbox.discard(p.clientId) }, t("discard")),
      ),
    );
  }

  #say(key, retry) {
    const text = key ? t(key) : "";
    if (this.#status.dataset.key === key && !retry) return;
    this.#status.dataset.key = key;
    this.#status.replaceChildren(text);
    if (retry) this.#status.append(" ", h("button", { type: "button", class: "text", onclick: retry }, t("retry")));
  }

  #firstVisible() {
    const { top } = this.#log.getBoundingClientRect();
    for (const node of this.#list.children) {
      const box = node.getBoundingClientRect();
      if (box.bottom > top) return { node, top: box.top };
    }
    return null;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#log;
    const stick = scrollHeight - scrollTop - clientHeight < AT_BOTTOM;
    if (stick !== this.#stick) {
      this.#stick = stick;
      if (stick) this.#missed = 0;
      this.draw();
    }
    if (scrollTop < 240) this.#older();
  }

  async #older() {
    const id = this.studyId;
    const timeline = id && this.#rooms.timeline(id);
    if (!timeline?.loaded || timeline.atBeginning || this.#loadingOlder) return;
    this.#loadingOlder = true;
    this.#log.setAttribute("aria-busy", "true"); // old news is not read aloud
    this.#say("loadingOlder");
    let fine = false;
    try {
      await this.#rooms.loadOlder(id);
      fine = true;
    } catch {
      if (this.studyId === id) this.#say("olderFailed", () => this.#older());
    }
    if (this.studyId === id) this.#draw();
    this.#loadingOlder = false;
    this.#log.removeAttribute("aria-busy");
    if (fine && this.studyId === id) {
      if (!timeline.atBeginning) this.#say("");
      if (this.#log.scrollTop < 240) this.#older();
    }
  }

  #markRead() {
    const seen = this.studyId && this.#stick && !document.hidden && this.#rooms.timeline(this.studyId).loaded;
    if (seen) this.#rooms.markRead(this.studyId);
  }

  #typed() {
    const left = MAX - this.#box.value.trim().length;
    const counter = $("#counter");
    counter.hidden = left > NEAR;
    counter.textContent = left < 0 ? t("charsOver", { n: -left }) : t("charsLeft", { n: left });
    counter.classList.toggle("over", left < 0);
    $("#send").disabled = left < 0 || left === MAX;
    this.#box.style.height = "auto";
    this.#box.style.height = `${Math.min(this.#box.scrollHeight + 2, 180)}px`;
  }

  // key sends on Enter, except while a syllable is being composed, and except on
  // a touch screen, where Enter is the only way to a new line.
  #key(e) {
    this.#sentByEnter = false;
    if (e.key !== "Enter" || e.shiftKey || e.isComposing || e.keyCode === 229) return;
    if (matchMedia("(pointer: coarse)").matches) return;
    e.preventDefault();
    this.#sentByEnter = true;
    $("#composer").requestSubmit();
  }

  #submit(e) {
    e.preventDefault();
    const content = this.#box.value.trim();
    if (!this.studyId || content === "" || content.length > MAX) return;
    this.#box.value = "";
    this.#drafts.delete(this.studyId);
    this.#unreadMark = 0;
    this.#outbox.add(this.studyId, content);
    this.#typed();
    this.toBottom();
    this.#box.focus();
  }
}

const time = (at) => h("time", { datetime: at.toISOString(), title: fullTimeOf(at) }, timeOf(at));

const rule = (kind, text) => h("div", { class: `rule ${kind}`, role: "separator", "aria-label": text }, h("span", {}, text));
