// Search in the study that is open.

import { textOf } from "./attempt.js";
import { $, h } from "./dom.js";
import { dayOf, t, timeOf } from "./i18n.js";
import { plainOf } from "./markdown.js";

const PAUSE = 250; // ms after the last key
const AROUND = 60; // characters shown before what was found

export class Search {
  #api;
  #current;
  #jump;
  #timer = 0;
  #asked = 0;
  #ended = new AbortController();
  #dialog = $("#search");

  // current returns the id of the study that is open, and jump shows one of its messages.
  constructor(api, on, current, jump) {
    this.#api = api;
    this.#current = current;
    this.#jump = jump;
    const { signal } = this.#ended;
    $("#open-search").hidden = !on;
    $("#open-search").addEventListener("click", () => this.#open(), { signal });
    $("#search-text").addEventListener("input", () => this.#typed(), { signal });
    $("#search-text").addEventListener("keydown", (e) => e.key === "Enter" && e.preventDefault(), { signal }); // which would close
    $("#search-more").addEventListener("click", () => this.#find(true), { signal });
    $("#study").addEventListener("keydown", (e) => {
      if (!on || !(e.ctrlKey || e.metaKey) || e.key.toLowerCase() !== "f" || e.shiftKey) return;
      e.preventDefault();
      this.#open();
    }, { signal });
  }

  close() {
    this.#ended.abort();
    clearTimeout(this.#timer);
  }

  #open() {
    this.#show([], "");
    $("#search-text").value = "";
    this.#dialog.showModal();
    $("#search-text").focus();
  }

  #typed() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#find(false), PAUSE);
  }

  async #find(more) {
    const q = $("#search-text").value.normalize("NFC").trim();
    const asked = ++this.#asked;
    if (!q) return this.#show([], "");
    const before = more ? $("#search-list").lastElementChild?.dataset.found : undefined;
    try {
      const found = await this.#api.search(this.#current(), { q, limit: 20, ...(before && { before }) });
      if (asked !== this.#asked) return;
      const rows = found.messages.map((m) => this.#row(m, q));
      this.#show(more ? [...$("#search-list").children, ...rows] : rows, rows.length || more ? "" : t("noneFound"));
      $("#search-more").hidden = !found.more;
    } catch (err) {
      if (asked === this.#asked) this.#show([], textOf(err, { bad_request: "searchBad" }));
    }
  }

  #show(rows, text) {
    $("#search-list").replaceChildren(...rows);
    $("#search-state").textContent = text;
    if (!rows.length) $("#search-more").hidden = true;
  }

  #row(m, q) {
    const at = new Date(m.sentAt);
    return h(
      "li",
      { dataset: { found: m.seq } },
      h(
        "button",
        { type: "button", class: "found-row", onclick: () => { this.#dialog.close(); this.#jump(m.seq); } },
        h("span", { class: "notice-head" }, h("b", { dir: "auto" }, m.userName), h("time", { datetime: at.toISOString() }, `${dayOf(at)} ${timeOf(at)}`)),
        h("span", { dir: "auto" }, marked(plainOf(m.content), q)),
      ),
    );
  }
}

// marked returns the part of a text around q, which is marked.
function marked(text, q) {
  const at = text.toLowerCase().indexOf(q.toLowerCase());
  if (at < 0) return text.slice(0, 3 * AROUND);
  const from = Math.max(0, at - AROUND);
  return [`${from ? "…" : ""}${text.slice(from, at)}`, h("mark", {}, text.slice(at, at + q.length)), text.slice(at + q.length, at + q.length + 2 * AROUND)];
}
