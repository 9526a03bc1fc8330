// The notices of the study that is open: the pinned one above the conversation, and all of them in a
// dialog, where a new one is written.

import { attempt } from "./attempt.js";
import { openText, takeText } from "./dialogs.js";
import { $, h, refill } from "./dom.js";
import { dayOf, t, timeOf } from "./i18n.js";
import { inline } from "./markdown.js";

export class Notices {
  #api;
  #rooms;
  #me;
  #say;
  #studyId = null;
  #list = [];
  #ended = new AbortController();
  #dialog = $("#notice");

  // say shows a short text to the user.
  constructor(api, rooms, me, say) {
    this.#api = api;
    this.#rooms = rooms;
    this.#me = me;
    this.#say = say;
    const { signal } = this.#ended;
    rooms.addEventListener("notices", (e) => e.detail.studyId === this.#studyId && this.refresh(), { signal });
    $("#new-notice").addEventListener("click", () => this.#open(), { signal });
    $("#pinned").addEventListener("click", () => this.#open(), { signal });
    takeText(this.#dialog, $("#notice-text"), async (text) => {
      await api.notice(this.#studyId, text);
      say(t("noticeSent"));
    }, signal);
  }

  close() {
    this.#ended.abort();
    this.show(null);
  }

  show(id) {
    this.#studyId = id;
    this.#list = [];
    this.#draw();
    if (id) this.refresh();
  }

  async refresh() {
    const id = this.#studyId;
    try {
      const list = await this.#api.notices(id);
      if (id !== this.#studyId) return;
      this.#list = list;
    } catch {
      return; // the list stays as it is
    }
    this.#draw();
  }

  #open() {
    openText(this.#dialog, $("#notice-text"));
    this.refresh();
  }

  #draw() {
    const pinned = this.#list.find((n) => n.pinned);
    $("#pinned").hidden = !pinned;
    if (pinned) $("#pinned-text").replaceChildren(h("b", { dir: "auto" }, pinned.userName), " ", pinned.message);
    refill($("#notice-list"), this.#list.map((n) => this.#row(n)));
  }

  #row(n) {
    const leads = this.#rooms.leads(this.#studyId);
    const at = new Date(n.at);
    const button = (text, act) => h("button", { type: "button", class: "small quiet", "aria-label": `${text}: ${n.message.slice(0, 40)}`, onclick: () => this.#act(act) }, text);
    return h(
      "li",
      { class: n.pinned ? "notice pinned" : "notice" },
      h("p", { class: "notice-head" }, h("b", { dir: "auto" }, n.userName), h("time", { datetime: at.toISOString() }, `${dayOf(at)} ${timeOf(at)}`), n.pinned && h("span", { class: "pin" }, t("pinned"))),
      h("p", { class: "notice-text", dir: "auto" }, inline(n.message)),
      (leads || n.userId === this.#me.userId) &&
        h(
          "p",
          { class: "notice-tools" },
          leads && button(t(n.pinned ? "unpin" : "pin"), () => this.#api.pinNotice(this.#studyId, n.id, !n.pinned)),
          button(t("deleteNotice"), () => this.#api.deleteNotice(this.#studyId, n.id)),
        ),
    );
  }

  async #act(act) {
    await attempt(act, this.#say);
    this.refresh();
  }
}
