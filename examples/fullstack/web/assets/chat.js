// The conversation of the study that is open: its messages, loaded as the user
// scrolls, and the form to write one.

import { Composer } from "./composer.js";
import { delayOf } from "./connection.js";
import { $, h, reconcile, soon } from "./dom.js";
import { entriesOf } from "./entries.js";
import { t } from "./i18n.js";

const AT_BOTTOM = 80; // pixels from the bottom that count as the bottom
const NEAR_TOP = 240; // pixels from the top at which older messages are loaded

export class Chat {
  studyId = null;

  #rooms;
  #outbox;
  #me;
  #composer;
  #log = $("#log");
  #list = $("#messages");
  #status = $("#older");
  #pill = $("#pill");
  #nodes = new Map(); // key -> element
  #unreadAfter = 0; // seq; 0 draws no unread rule
  #missed = 0; // messages that arrived while the user was scrolled up
  #loading = null; // an object of its own for each load under way
  #loadFailed = false;
  #loadingOlder = false;
  #stick = true; // the list stays scrolled to the bottom
  #ended = new AbortController();

  #resizes = new ResizeObserver(() => this.#stick && this.#jump());

  draw = soon(() => this.#draw());

  constructor(rooms, outbox, me) {
    this.#rooms = rooms;
    this.#outbox = outbox;
    this.#me = me;
    const signal = this.#ended.signal;
    this.#composer = new Composer((content) => this.#send(content), signal);
    rooms.addEventListener("messages", (e) => this.#receive(e.detail), { signal });
    outbox.addEventListener("change", (e) => e.detail.studyId === this.studyId && this.draw(), { signal });
    this.#log.addEventListener("scroll", () => this.#scrolled(), { signal, passive: true });
    this.#pill.addEventListener("click", () => this.toBottom(), { signal });
    document.addEventListener("visibilitychange", () => this.#markRead(), { signal });
    this.#resizes.observe(this.#log);
  }

  close() {
    this.#ended.abort();
    this.#resizes.disconnect();
    this.show(null);
  }

  // show opens a study; null shows none.
  show(id) {
    this.studyId = id;
    this.#nodes.clear();
    this.#list.replaceChildren();
    this.#missed = 0;
    this.#loading = null;
    this.#loadFailed = false;
    this.#stick = true;
    this.#composer.show(id, (id && this.#rooms.study(id)?.name) ?? "");
    if (!id) return;
    this.#unreadAfter = this.#rooms.unread(id) > 0 ? this.#rooms.readUpTo(id) : 0;
    this.#showStatus("");
    this.draw();
    this.#load();
  }

  // load reads the newest page of the study. It tries again until it succeeds or
  // another study is shown.
  async #load() {
    const id = this.studyId;
    const mine = (this.#loading = {});
    for (let tries = 1; ; tries++) {
      this.#log.setAttribute("aria-busy", "true"); // screen readers must not read history aloud
      try {
        await this.#rooms.load(id);
        break;
      } catch {
        if (this.#loading !== mine) return;
        if (!this.#loadFailed) this.#showStatus("historyFailed", () => this.#load());
        this.#loadFailed = true;
        this.#draw();
        this.#log.removeAttribute("aria-busy");
        await new Promise((done) => setTimeout(done, delayOf(tries)));
        if (this.#loading !== mine) return;
      }
    }
    if (this.#loading !== mine) return;
    this.#loading = null;
    if (this.#loadFailed) this.#showStatus("");
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

  #send(content) {
    this.#unreadAfter = 0;
    this.#outbox.add(this.studyId, content);
    this.toBottom();
  }

  #receive({ studyId, fresh }) {
    for (const m of fresh) if (m.userId === this.#me.userId) this.#outbox.seen(m.clientId);
    if (studyId !== this.studyId) {
      this.#rooms.timeline(studyId).trim();
      return;
    }
    if (!this.#stick && !this.#loadingOlder) {
      this.#missed += fresh.filter((m) => m.userId !== this.#me.userId).length;
    }
    this.draw();
    // A truncated join and a reset leave the timeline without its newest page.
    if (this.#rooms.timeline(studyId).loaded) return;
    this.#nodes.clear(); // other messages may have the same seqs
    if (!this.#loading) this.#load();
  }

  #draw() {
    const id = this.studyId;
    if (!id) return;
    const timeline = this.#rooms.timeline(id);
    const anchor = this.#stick ? null : this.#firstVisible();
    const entries = entriesOf({
      messages: timeline.loaded || this.#loadFailed ? timeline.messages : [],
      unsent: this.#outbox.of(id),
      unreadAfter: this.#unreadAfter,
      me: this.#me,
      outbox: this.#outbox,
    });
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
    if (timeline.loaded && timeline.atBeginning) this.#showStatus(entries.length ? "beginning" : "emptyChat");
    this.#pill.hidden = this.#stick;
    this.#pill.textContent = this.#missed > 0 ? t("newMessages", { n: this.#missed }) : t("toNewest");
    this.#pill.classList.toggle("fresh", this.#missed > 0);
    this.#markRead();
    if (timeline.loaded && this.#log.scrollHeight <= this.#log.clientHeight + 200) this.#loadOlder();
  }

  // showStatus shows a text above the messages, with a button if retry is given.
  #showStatus(key, retry) {
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
    if (scrollTop < NEAR_TOP) this.#loadOlder();
  }

  async #loadOlder() {
    const id = this.studyId;
    const timeline = id && this.#rooms.timeline(id);
    if (!timeline?.loaded || timeline.atBeginning || this.#loadingOlder) return;
    this.#loadingOlder = true;
    this.#log.setAttribute("aria-busy", "true"); // screen readers must not read history aloud
    this.#showStatus("loadingOlder");
    let fine = false;
    try {
      await this.#rooms.loadOlder(id);
      fine = true;
    } catch {
      if (this.studyId === id) this.#showStatus("olderFailed", () => this.#loadOlder());
    }
    if (this.studyId === id) this.#draw();
    this.#loadingOlder = false;
    this.#log.removeAttribute("aria-busy");
    if (fine && this.studyId === id) {
      if (!timeline.atBeginning) this.#showStatus("");
      if (this.#log.scrollTop < NEAR_TOP) this.#loadOlder();
    }
  }

  #markRead() {
    const seen = this.studyId && this.#stick && !document.hidden && this.#rooms.timeline(this.studyId).loaded;
    if (seen) this.#rooms.markRead(this.studyId);
  }
}
