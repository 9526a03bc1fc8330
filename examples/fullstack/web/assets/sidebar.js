// The list of studies, with the number of unread messages in each.

import { $, fill, filterOf, h, reconcile, refill, Rows, soon, Steps } from "./dom.js";
import { t } from "./i18n.js";
import { plainOf } from "./markdown.js";

const short = (n) => (n > 99 ? "99+" : String(n));

export class Sidebar {
  #rooms;
  #current = () => null;
  #onJoin;
  #drafts;
  #isMuted;
  #rows = new Rows();
  #steps = new Steps(() => this.draw());
  #mustScroll = false; // to the study that is open
  #ended = new AbortController();

  draw = soon(() => this.#draw());

  // current returns the id of the study that is open. onJoin is called with a study
  // that the user wants to join. drafts has what is begun, and muted the studies without notifications.
  constructor(rooms, current, onJoin, drafts, muted) {
    this.#rooms = rooms;
    this.#current = current;
    this.#onJoin = onJoin;
    this.#drafts = drafts;
    this.#isMuted = (id) => muted.has(id);
    const signal = this.#ended.signal;
    drafts.addEventListener("change", this.draw, { signal });
    muted.addEventListener("change", this.draw, { signal });
    $("#filter").addEventListener("input", this.draw, { signal });
    rooms.addEventListener("studies", this.draw, { signal });
    rooms.addEventListener("messages", this.draw, { signal });
  }

  close() {
    this.#ended.abort();
  }

  #draw() {
    if (this.#ended.signal.aborted) return;
    const wanted = filterOf($("#filter"));
    const fits = (s) => s.name.toLowerCase().includes(wanted);
    const all = this.#rooms.studies.filter((s) => s.member);
    const mine = all.filter(fits).sort((a, b) => this.#rooms.activity(b.id) - this.#rooms.activity(a.id));
    const others = this.#rooms.studies.filter((s) => !s.member && fits(s));
    const atLeast = mine.findIndex((s) => s.id === this.#current()) + 1;
    fill($("#mine"), this.#steps.first(mine, atLeast).map((s) => this.#row(s)), reconcile);
    fill($("#others"), others.map((s) => this.#other(s)), refill);
    $("#others-title").hidden = others.length === 0;
    const hint = $("#no-studies");
    hint.hidden = mine.length > 0;
    hint.textContent = t(wanted ? "noneFound" : others.length ? "noStudies" : "noStudiesAtAll");
    const heard = all.filter((s) => !this.#isMuted(s.id));
    const unread = heard.reduce((sum, s) => sum + this.#rooms.unread(s.id), 0);
    const elsewhere = heard.reduce((sum, s) => sum + (s.id === this.#current() ? 0 : this.#rooms.unread(s.id)), 0);
    const name = this.#rooms.study(this.#current())?.name;
    document.title = `${unread ? `(${short(unread)}) ` : ""}${name ? `${name} · ` : ""}coup`;
    $("#back-count").hidden = elsewhere === 0;
    $("#back-count").textContent = short(elsewhere);
    $("#back-count").setAttribute("title", t("newMessages", { n: elsewhere }));
    if (this.#mustScroll) $("#mine [aria-current]")?.scrollIntoView({ block: "nearest" });
    this.#mustScroll = false;
  }

  // show draws the list, and scrolls to the study that is open.
  show() {
    this.#mustScroll = true;
    this.draw();
  }

  #row(s) {
    const newest = this.#rooms.newest(s.id);
    const shown = [s.name, s.memberCount, this.#rooms.unread(s.id), s.id === this.#current(), this.#isMuted(s.id), newest?.seq, newest?.content, this.#begun(s)];
    return this.#rows.get(s.id, shown, () => this.#mine(s));
  }

  #mine(s) {
    const unread = this.#rooms.unread(s.id);
    const current = s.id === this.#current();
    return h(
      "li",
      {},
      h(
        "a",
        {
          href: `/studies/${encodeURIComponent(s.id)}`,
          class: unread ? "study unread" : "study",
          "aria-current": current ? "page" : undefined,
          dataset: { key: s.id, study: s.id },
        },
        h("span", { class: "name", dir: "auto" }, s.name),
        this.#about(s),
        this.#isMuted(s.id) && h("span", { class: "muted", role: "img", "aria-label": t("muted") }, "🔕"),
        unread > 0 &&
          h("span", { class: "badge", "aria-label": t("newMessages", { n: unread }) }, short(unread)),
      ),
    );
  }

  // begun is what the user has begun to write in another study than the one shown, or null.
  #begun(s) {
    if (s.id === this.#current() || !this.#drafts.has(s.id)) return null;
    const { text, files } = this.#drafts.get(s.id);
    return text.trim() || files.map((f) => f.name).join(", ");
  }

  // about is the line below the name: what the user has begun, or the newest message.
  #about(s) {
    const begun = this.#begun(s);
    if (begun !== null) return h("span", { class: "about" }, h("em", { class: "begun" }, `${t("draft")} `), begun);
    const newest = this.#rooms.newest(s.id);
    if (!newest) return h("span", { class: "about" }, t("memberCount", { n: s.memberCount }));
    const text = newest.deletedAt ? t("deleted") : plainOf(newest.content) || t("file");
    return h("span", { class: "about", dir: "auto" }, `${newest.userName}: ${text.slice(0, 80)}`);
  }

  #other(s) {
    return h(
      "li",
      { class: "study other", dataset: { row: s.id } },
      h("span", { class: "name", dir: "auto" }, s.name),
      h("span", { class: "about" }, `${t("ledBy", { name: s.ownerName })} · ${t("memberCount", { n: s.memberCount })}`),
      h(
        "button",
        {
          type: "button",
          class: "small",
          dataset: { key: s.id, join: s.id },
          "aria-label": `${t("join")}: ${s.name}`,
          onclick: (e) => {
            e.currentTarget.disabled = true;
            this.#onJoin(s);
          },
          disabled: s.asked,
        },
        t(s.asked ? "asked" : s.approval ? "ask" : "join"),
      ),
    );
  }
}
