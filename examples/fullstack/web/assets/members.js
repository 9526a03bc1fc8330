// The members of the study that is open, and who of them is online.

import { confirm } from "./dialogs.js";
import { $, h, refill, seal } from "./dom.js";
import { agoOf, fullTimeOf, t } from "./i18n.js";

const EVERY = 15_000; // ms between two reads of the list

export class Members {
  #api;
  #me;
  #say;
  #studyId = null;
  #owner = false;
  #timer = 0;
  #round = 0;
  #ended = new AbortController();

  // say shows a short message to the user.
  constructor(api, rooms, me, say) {
    this.#api = api;
    this.#me = me;
    this.#say = say;
    const signal = this.#ended.signal;
    rooms.addEventListener("members", (e) => e.detail.studyId === this.#studyId && this.refresh(), { signal });
    document.addEventListener("visibilitychange", () => !document.hidden && this.refresh(), { signal });
  }

  close() {
    this.#ended.abort();
    this.show(null);
  }

  show(study) {
    this.#studyId = study?.id ?? null;
    this.#owner = study?.ownerId === this.#me.userId;
    clearTimeout(this.#timer);
    $("#members").replaceChildren();
    $("#online-count").textContent = "";
    this.refresh();
  }

  // refresh reads the list and plans the next read. The server sends no events
  // when members go online or offline.
  async refresh() {
    const id = this.#studyId;
    const round = ++this.#round;
    clearTimeout(this.#timer);
    if (!id || document.hidden) return;
    try {
      const members = await this.#api.members(id);
      if (round === this.#round) this.#draw(members);
    } catch {
      // The list on the screen stays until the next read succeeds.
    }
    if (round === this.#round) this.#timer = setTimeout(() => this.refresh(), EVERY + Math.random() * 2000);
  }

  #draw(members) {
    const online = members.filter((m) => m.online).length;
    $("#online-count").textContent = t("onlineCount", { n: online });
    const list = $("#members");
    const focused = document.activeElement?.dataset.kick;
    members.sort((a, b) => Number(b.online) - Number(a.online));
    refill(list, members.map((m) => this.#row(m)));
    if (focused) [...list.querySelectorAll("[data-kick]")].find((el) => el.dataset.kick === focused)?.focus();
  }

  #row(m) {
    const me = m.userId === this.#me.userId;
    const seen = m.lastSeenAt ? new Date(m.lastSeenAt) : null;
    const about = [me && t("you"), m.role === "owner" && t("owner")].filter(Boolean).join(" · ");
    const state = m.online ? t("online") : seen ? t("lastSeen", { when: agoOf(seen) }) : t("offline");
    return h(
      "li",
      { class: m.online ? "member online" : "member", dataset: { user: m.userId } },
      seal(m.userId, m.userName),
      h("span", { class: "name", dir: "auto" }, m.userName, about && h("small", {}, about)),
      h("span", { class: "state", title: !m.online && seen ? fullTimeOf(seen) : undefined }, state),
      this.#owner &&
        !me &&
        h(
          "button",
          { type: "button", class: "small quiet", dataset: { kick: m.userId }, "aria-label": `${t("remove")}: ${m.userName}`, onclick: () => this.#kick(m) },
          t("remove"),
        ),
    );
  }

  async #kick(m) {
    const id = this.#studyId;
    if (!(await confirm(t("removeAsk", { name: m.userName }), t("remove")))) return;
    try {
      await this.#api.kick(id, m.userId);
      this.#say(t("removed", { name: m.userName }));
    } catch (err) {
      this.#say(t(err.code === "unavailable" ? "unavailable" : "wrong"));
    }
    this.refresh();
  }
}
