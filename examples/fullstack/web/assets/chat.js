// The conversation of the study that is open: its messages, loaded as the user
// scrolls, and the form to write one.

import { Composer } from "./composer.js";
import { confirm } from "./dialogs.js";
import { delayOf } from "./connection.js";
import { $, h, reconcile, soon, Steps } from "./dom.js";
import { Drafts } from "./drafts.js";
import { entriesOf } from "./entries.js";
import { t } from "./i18n.js";
import { Scroll } from "./scroll.js";
import { openTools } from "./tools.js";
import { TypingLine } from "./typing.js";

const NEAR = 240; // pixels from an end at which more messages are loaded
const MOST = 300; // messages in the document; over it, KEPT of them stay
const KEPT = 250;

export class Chat {
  studyId = null;

  #rooms;
  #outbox;
  #me;
  #changes;
  #members;
  #api;
  #say;
  #composer;
  #typing;
  #log = $("#log");
  #list = $("#messages");
  #scroll = new Scroll(this.#log, this.#list);
  #status = $("#older");
  #pill = $("#pill");
  #nodes = new Map(); // key -> element
  #steps = new Steps(() => this.draw());
  #unreadAfter = 0; // seq; 0 draws no unread rule
  #missed = 0; // messages that arrived while the user was scrolled up
  #loading = null; // an object of its own for each load under way
  #loadFailed = false;
  #turning = false; // a page of the history is being read
  #target = 0; // seq to show once it is here
  #reached = null; // the menu button that Tab reaches
  #names = new Map(); // userId -> userName
  #midnight = 0; // timer
  #ended = new AbortController();

  #resizes = new ResizeObserver(() => this.#scroll.stick && this.#scroll.toBottom());

  draw = soon(() => this.#draw());

  // members lists the people of the study, changes changes messages, drafts keeps what is begun, and say
  // shows a short text to the user.
  constructor(rooms, outbox, me, { api, changes, drafts = new Drafts(me.userId), members, say = () => {} } = {}) {
    this.#rooms = rooms;
    this.#outbox = outbox;
    this.#me = me;
    this.#changes = changes;
    this.#members = members;
    this.#api = api;
    this.#say = say;
    const signal = this.#ended.signal;
    this.#composer = new Composer(this, drafts, signal);
    this.#typing = new TypingLine(rooms, signal);
    rooms.addEventListener("messages", (e) => this.#receive(e.detail), { signal });
    rooms.addEventListener("receipts", (e) => e.detail.studyId === this.studyId && this.draw(), { signal });
    outbox.addEventListener("change", (e) => e.detail.studyId === this.studyId && this.draw(), { signal });
    this.#log.addEventListener("scroll", () => this.#scrolled(), { signal, passive: true });
    this.#log.addEventListener("keydown", (e) => this.#walk(e), { signal });
    this.#pill.addEventListener("click", () => this.toBottom(), { signal });
    document.addEventListener("visibilitychange", () => this.#returned(), { signal });
    this.#resizes.observe(this.#log);
    this.#planMidnight();
  }

  close() {
    this.#ended.abort();
    this.#resizes.disconnect();
    clearTimeout(this.#midnight);
    this.show(null);
  }

  // show opens a study, at a seq if one is given; null shows none.
  show(id, seq = 0) {
    if (this.studyId && this.studyId !== id) this.#rooms.timeline(this.studyId).toNewest();
    this.studyId = id;
    this.#nodes.clear();
    this.#list.replaceChildren();
    this.#steps.restart();
    this.#missed = 0;
    this.#loading = null;
    this.#loadFailed = false;
    this.#target = seq;
    this.#typing.show(id);
    this.#composer.show(id, (id && this.#rooms.study(id)?.name) ?? "");
    if (!id) return;
    this.#unreadAfter = this.#rooms.unread(id) > 0 ? this.#rooms.readUpTo(id) : 0;
    this.#scroll.stick = !seq && !this.#unreadAfter;
    this.#showStatus("");
    this.draw();
    this.#load();
  }

  // load reads the newest page of the study, and the part that is to be shown. It tries again until it
  // succeeds or another study is shown.
  async #load() {
    const id = this.studyId;
    const mine = (this.#loading = {});
    for (let tries = 1; ; tries++) {
      this.#log.setAttribute("aria-busy", "true"); // screen readers must not read history aloud
      try {
        await this.#rooms.load(id);
        const wanted = this.#target || this.#unreadAfter;
        if (wanted && this.#rooms.timeline(id).begins > wanted + 1) await this.#rooms.jump(id, wanted);
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
    this.#showWanted();
  }

  // showWanted scrolls to the message that was asked for, or to the first that is unread.
  #showWanted() {
    const seq = this.#target;
    this.#target = 0;
    const node = seq ? this.#nodeOf(seq) : this.#unreadAfter && this.#list.querySelector(".rule.unread");
    if (node) this.#scroll.show(node);
    else if (!seq) this.#scroll.stick = true;
    if (seq && node) flash(node);
    else if (seq) this.#say(t("messageGone"));
    this.draw();
  }

  #nodeOf = (seq) => this.#list.querySelector(`[data-seq="${seq}"]`);

  // jump shows a message of the study that is open.
  async jump(seq) {
    const id = this.studyId;
    this.#target = seq;
    try {
      if (!this.#nodeOf(seq)) await this.#rooms.jump(id, seq);
    } catch {
      this.#target = 0;
      return this.#say(t("olderFailed"));
    }
    if (this.studyId !== id || this.#target !== seq) return;
    this.#draw();
    this.#showWanted();
  }

  toBottom() {
    const timeline = this.#rooms.timeline(this.studyId);
    timeline.toNewest();
    this.#loading = null; // what was to be shown is not wanted any more
    this.#log.removeAttribute("aria-busy");
    this.#target = this.#unreadAfter = 0;
    if (!timeline.loaded) this.#load();
    this.#scroll.stick = true;
    this.#missed = 0;
    this.#draw();
  }

  // What the composer asks for.

  send(content, more) {
    this.#outbox.add(this.studyId, content, more);
    this.toBottom();
  }

  edit = (message, content, more) => this.#changes.edit(this.studyId, message.seq, content, more);
  typing = () => this.#rooms.request("typing", { studyId: this.studyId }).catch(() => {});
  lastOwn = () => this.#rooms.timeline(this.studyId).messages.findLast((m) => m.userId === this.#me.userId && !m.deletedAt);
  message = (seq) => this.#rooms.timeline(this.studyId).get(seq);
  people = () => (this.#members?.people ?? []).filter((p) => p.userId !== this.#me.userId);
  upload = (studyId, file) => this.#api.upload(studyId, file, file.name || "file");
  say = (text) => this.#say(text);

  // What the entries ask for.

  #view = {
    nameOf: (id) => this.#members?.people.find((p) => p.userId === id)?.userName ?? this.#names.get(id),
    quoted: (seq) => this.message(seq),
    react: (m, emoji, on) => this.#changes.react(this.studyId, m.seq, emoji, on),
    jump: (seq) => this.jump(seq),
    tools: (m, button) => this.#openTools(m, button),
    fileOf: (path) => this.#api.file(path),
    readers: (seq) => this.#unreadBy(seq),
  };

  // unreadBy counts the members who have not read up to seq, or returns null where that is not known.
  #unreadBy(seq) {
    const readers = this.#rooms.readers(this.studyId, seq);
    const members = this.#rooms.study(this.studyId)?.memberCount ?? 0;
    return readers === null ? null : Math.max(0, members - 1 - readers);
  }

  #openTools(m, button) {
    const mine = m.userId === this.#me.userId;
    const actions = [[t("reply"), () => this.#composer.reply(m)]];
    if (mine) actions.push([t("edit"), () => this.#composer.edit(m)]);
    actions.push([t("copyLink"), () => this.#copyLink(m)]);
    if (mine || this.#rooms.leads(this.studyId)) actions.push([t("deleteMessage"), () => this.#delete(m)]);
    openTools(button, m, (emoji) => this.#changes.react(this.studyId, m.seq, emoji, !m.reactions?.some((r) => r.emoji === emoji && r.userIds.includes(this.#me.userId))), actions);
  }

  async #delete(m) {
    const id = this.studyId;
    if (await confirm(t("deleteMessageAsk"), t("deleteMessage"))) this.#changes.delete(id, m.seq);
  }

  async #copyLink(m) {
    try {
      await navigator.clipboard.writeText(`${location.origin}/studies/${encodeURIComponent(this.studyId)}?seq=${m.seq}`);
      this.#say(t("linkCopied"));
    } catch {
      this.#say(t("wrong"));
    }
  }

  #receive({ studyId, fresh, older }) {
    for (const m of fresh) {
      if (m.userId === this.#me.userId) this.#outbox.seen(m.clientId);
      this.#names.set(m.userId, m.userName);
    }
    if (studyId !== this.studyId) {
      this.#rooms.timeline(studyId).trim();
      return;
    }
    if (!this.#scroll.stick && !older && !this.#loading) {
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
    if (this.#scroll.stick && timeline.messages.length > MOST) timeline.keepNewest(KEPT);
    const entries = entriesOf({
      messages: (timeline.loaded && !this.#loading) || this.#loadFailed ? timeline.messages : [],
      unsent: timeline.part ? [] : this.#outbox.of(id),
      unreadAfter: this.#unreadAfter,
      view: { me: this.#me, outbox: this.#outbox, ...this.#view },
    });
    const shown = this.#steps.last(entries, this.#scroll.stick && !this.#target ? 0 : entries.length);
    const used = new Map();
    for (const { key, make, follows } of shown) {
      const node = this.#nodes.get(key) ?? make();
      node.classList.toggle("follows", Boolean(follows));
      used.set(key, node);
    }
    const focused = focusIn(this.#list);
    this.#nodes = used;
    this.#scroll.keep(() => reconcile(this.#list, [...used.values()]));
    focused?.();
    this.#rove();
    if (timeline.loaded && timeline.atBeginning) this.#showStatus(entries.length ? "beginning" : "emptyChat");
    this.#pill.hidden = this.#scroll.stick;
    this.#pill.textContent = this.#missed > 0 ? t("newMessages", { n: this.#missed }) : t("toNewest");
    this.#pill.classList.toggle("fresh", this.#missed > 0);
    this.#markRead();
    const whole = shown.length === entries.length;
    if (!whole) this.#log.setAttribute("aria-busy", "true"); // screen readers must not read history aloud
    else if (!this.#loading && !this.#turning) this.#log.removeAttribute("aria-busy");
    if (timeline.loaded && whole && this.#log.scrollHeight <= this.#log.clientHeight + 200) this.#turn("older");
  }

  // showStatus shows a text above the messages, with a button if retry is given.
  #showStatus(key, retry) {
    const text = key ? t(key) : "";
    if (this.#status.dataset.key === key && !retry) return;
    this.#status.dataset.key = key;
    this.#status.replaceChildren(text);
    if (retry) this.#status.append(" ", h("button", { type: "button", class: "text", onclick: retry }, t("retry")));
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#log;
    const timeline = this.studyId && this.#rooms.timeline(this.studyId);
    if (!timeline) return;
    const stick = this.#scroll.atBottom && !timeline.part && !this.#loading;
    if (stick !== this.#scroll.stick) {
      this.#scroll.stick = stick;
      if (stick) this.#missed = 0;
      this.draw();
    }
    this.#markRead();
    if (scrollTop < NEAR) this.#turn("older");
    if (timeline.part && scrollHeight - scrollTop - clientHeight < NEAR) this.#turn("newer");
  }

  // turn reads the page before or after what is shown.
  async #turn(way) {
    const id = this.studyId;
    const timeline = id && this.#rooms.timeline(id);
    const older = way === "older";
    if (!timeline?.loaded || this.#turning || this.#loading || (older ? timeline.atBeginning : !timeline.part)) return;
    this.#turning = true;
    this.#log.setAttribute("aria-busy", "true"); // screen readers must not read history aloud
    if (older) this.#showStatus("loadingOlder");
    let fine = false;
    try {
      await (older ? this.#rooms.loadOlder(id) : this.#rooms.loadNewer(id));
      fine = true;
    } catch {
      if (this.studyId === id) this.#showStatus("olderFailed", () => this.#turn(way));
    }
    if (this.studyId === id) {
      if (fine && timeline.messages.length > MOST) older ? timeline.keepOldest(KEPT) : timeline.keepNewest(KEPT);
      this.#draw();
    }
    this.#turning = false;
    this.#log.removeAttribute("aria-busy");
    if (fine && older && this.studyId === id) {
      if (!timeline.atBeginning) this.#showStatus("");
      if (this.#log.scrollTop < NEAR) this.#turn(way);
    }
  }

  // markRead notes what the user sees as read.
  #markRead() {
    const id = this.studyId;
    if (!id || document.hidden || this.#loading || !this.#rooms.timeline(id).loaded) return;
    if (this.#scroll.stick && !this.#rooms.timeline(id).part) this.#rooms.markRead(id);
    else this.#rooms.markRead(id, this.#scroll.lastSeen());
  }

  // returned shows what came while the page was in the background.
  #returned() {
    const id = this.studyId;
    if (id && !document.hidden && this.#rooms.unread(id) > 0) {
      this.#unreadAfter = this.#rooms.readUpTo(id);
      this.#draw();
      const rule = this.#list.querySelector(".rule.unread");
      if (this.#scroll.stick && rule && rule.getBoundingClientRect().top < this.#log.getBoundingClientRect().top) this.#scroll.show(rule);
    }
    this.#markRead();
  }

  // rove lets Tab reach one menu button of all messages: the last one, or the one that was used.
  #rove() {
    let at = document.activeElement?.closest?.(".tools-button");
    for (let node = this.#list.lastElementChild; node && !at; node = node.previousElementSibling) at = node.querySelector(".tools-button");
    if (this.#reached === at) return;
    if (this.#reached) this.#reached.tabIndex = -1;
    if (at) at.tabIndex = 0;
    this.#reached = at;
  }

  // walk moves between the menu buttons of the messages.
  #walk(e) {
    const buttons = [...this.#list.querySelectorAll(".tools-button")];
    const at = buttons.indexOf(document.activeElement);
    const step = { ArrowUp: -1, ArrowDown: 1 }[e.key];
    if (at < 0 || !step || !buttons[at + step]) return;
    e.preventDefault();
    buttons[at + step].focus();
    this.#rove();
  }

  // planMidnight draws anew when "today" becomes "yesterday".
  #planMidnight() {
    const now = new Date();
    const next = new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1, 0, 0, 1);
    this.#midnight = setTimeout(() => {
      this.draw();
      this.#planMidnight();
    }, next - now);
  }
}

// focusIn returns a function that brings the focus back to the same control of a message that was
// drawn anew.
function focusIn(list) {
  const el = document.activeElement;
  const seq = list.contains(el) && el.closest("[data-seq]")?.dataset.seq;
  if (!seq) return null;
  const kind = el.className;
  return () => {
    if (el.isConnected) return;
    const again = list.querySelector(`[data-seq="${seq}"]`);
    (again?.getElementsByClassName(kind)[0] ?? again?.querySelector(".tools-button"))?.focus();
  };
}

function flash(node) {
  node.classList.add("found");
  setTimeout(() => node.classList.remove("found"), 3000);
}
