// The list of studies, with the number of unread messages in each.

import { $, h, refill, soon } from "./dom.js";
import { t } from "./i18n.js";

export class Sidebar {
  #rooms;
  #current = () => null;
  #onJoin;
  #ended = new AbortController();

  draw = soon(() => this.#draw());

  // current returns the id of the study that is open. onJoin is called with a study
  // that the user wants to join.
  constructor(rooms, current, onJoin) {
    this.#rooms = rooms;
    this.#current = current;
    this.#onJoin = onJoin;
    const signal = this.#ended.signal;
    rooms.addEventListener("studies", this.draw, { signal });
    rooms.addEventListener("messages", this.draw, { signal });
  }

  close() {
    this.#ended.abort();
  }

  #draw() {
    if (this.#ended.signal.aborted) return;
    const mine = this.#rooms.studies.filter((s) => s.member);
    const others = this.#rooms.studies.filter((s) => !s.member);
    this.#fill($("#mine"), mine.map((s) => this.#mine(s)));
    this.#fill($("#others"), others.map((s) => this.#other(s)));
    $("#others-title").hidden = others.length === 0;
    const hint = $("#no-studies");
    hint.hidden = mine.length > 0;
    hint.textContent = t(others.length ? "noStudies" : "noStudiesAtAll");
    const unread = mine.reduce((sum, s) => sum + this.#rooms.unread(s.id), 0);
    const name = this.#rooms.study(this.#current())?.name;
    document.title = `${unread ? `(${unread > 99 ? "99+" : unread}) ` : ""}${name ? `${name} · ` : ""}coup`;
  }

  // fill draws rows and keeps the focus, which a replaced row would lose.
  #fill(list, rows) {
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    refill(list, rows);
    if (focused) [...list.querySelectorAll("[data-key]")].find((el) => el.dataset.key === focused)?.focus();
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
        h("span", { class: "about" }, t("memberCount", { n: s.memberCount })),
        unread > 0 &&
          h("span", { class: "badge", "aria-label": t("newMessages", { n: unread }) }, unread > 99 ? "99+" : String(unread)),
      ),
    );
  }

  #other(s) {
    return h(
      "li",
      { class: "study other" },
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
        },
        t("join"),
      ),
    );
  }
}
