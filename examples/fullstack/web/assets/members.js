// The members of the study that is open, and who of them is there. The owner and the moderators let users
// in, and remove them.

import { attempt } from "./attempt.js";
import { confirm } from "./dialogs.js";
import { $, fill, filterOf, h, reconcile, refill, Rows, soon, Steps } from "./dom.js";
import { agoOf, fullTimeOf, t } from "./i18n.js";
import { learn, pictureOf } from "./pictures.js";

export class Members {
  people = []; // as the server lists them

  #api;
  #rooms;
  #me;
  #say;
  #study = null;
  #asking = []; // who asks to be let in
  #rows = new Rows();
  #steps = new Steps(soon(() => this.#draw()));
  #round = 0;
  #drawnFor = ""; // the role of the user when the list was read
  #ended = new AbortController();

  // say shows a short message to the user.
  constructor(api, rooms, me, say) {
    this.#api = api;
    this.#rooms = rooms;
    this.#me = me;
    this.#say = say;
    const { signal } = this.#ended;
    const mine = (act) => (e) => e.detail.studyId === this.#study?.id && act();
    rooms.addEventListener("members", mine(() => this.refresh()), { signal });
    rooms.addEventListener("presence", mine(() => this.#draw()), { signal });
    rooms.addEventListener("studies", () => this.#study && this.#drawnFor !== this.#role && this.refresh(), { signal });
    document.addEventListener("visibilitychange", () => !document.hidden && this.refresh(), { signal });
    $("#member-filter").addEventListener("input", () => this.#draw(), { signal });
    $("#invite").addEventListener("click", () => this.#invite(), { signal });
  }

  close() {
    this.#ended.abort();
    this.show(null);
  }

  show(study) {
    this.#study = study ?? null;
    this.people = [];
    this.#asking = [];
    this.#rows.clear();
    this.#steps.restart();
    $("#members").replaceChildren();
    $("#requests").replaceChildren();
    $("#member-filter").value = "";
    $("#online-count").textContent = "";
    this.#rooms.watch(study?.id ?? null);
    this.refresh();
  }

  get #role() {
    return this.#rooms.study(this.#study?.id)?.role;
  }

  get #leads() {
    return this.#rooms.leads(this.#study?.id);
  }

  // refresh reads the list. Who comes and goes is told by events.
  async refresh() {
    const id = this.#study?.id;
    const round = ++this.#round;
    this.#drawnFor = this.#role;
    if (!id || document.hidden) return;
    try {
      const [people, asking] = await Promise.all([this.#api.members(id), this.#leads ? this.#api.requests(id) : []]);
      if (round !== this.#round) return;
      learn(people);
      this.people = people;
      this.#asking = asking;
      this.#draw();
    } catch {
      // The list on the screen stays until the next read succeeds.
    }
  }

  #isOnline(m) {
    const here = this.#rooms.online(this.#study.id);
    return here ? here.has(m.userId) : m.online;
  }

  #draw() {
    if (!this.#study) return;
    $("#invite").hidden = !this.#leads;
    const count = this.#rooms.onlineCount(this.#study.id) ?? this.people.filter((m) => m.online).length;
    $("#online-count").textContent = t("onlineCount", { n: count });
    const wanted = filterOf($("#member-filter"));
    $("#member-filter").hidden = this.people.length < 8;
    const shown = this.people.filter((m) => m.userName.toLowerCase().includes(wanted));
    shown.sort((a, b) => Number(this.#isOnline(b)) - Number(this.#isOnline(a)));
    fill($("#requests"), this.#asking.map((m) => this.#request(m)), refill);
    fill($("#members"), this.#steps.first(shown).map((m) => this.#shown(m)), reconcile);
  }

  #button(text, who, act, dataset = {}) {
    return h("button", { type: "button", class: "small quiet", dataset: { ...dataset, key: `${text}: ${who}` }, "aria-label": `${text}: ${who}`, onclick: act }, text);
  }

  #request(m) {
    return h(
      "li",
      { class: "member asking" },
      pictureOf(m.userId, m.userName),
      h("span", { class: "name", dir: "auto" }, m.userName),
      h("span", { class: "state" }, t(m.removed ? "asksAgain" : "asksIn")),
      h(
        "span",
        { class: "buttons" },
        this.#button(t("letIn"), m.userName, () => this.#act(() => this.#api.setRole(this.#study.id, m.userId, "member")), { letIn: m.userId }),
        this.#button(t("refuse"), m.userName, () => this.#act(() => this.#api.refuse(this.#study.id, m.userId)), { refuse: m.userId }),
      ),
    );
  }

  #shown(m) {
    const online = this.#isOnline(m);
    const seen = online || !m.lastSeenAt ? "" : agoOf(new Date(m.lastSeenAt));
    return this.#rows.get(m.userId, [m, online, this.#role, seen], () => this.#row(m));
  }

  #row(m) {
    const me = m.userId === this.#me.userId;
    const online = this.#isOnline(m);
    const seen = m.lastSeenAt ? new Date(m.lastSeenAt) : null;
    const about = [me && t("you"), m.role === "owner" && t("owner"), m.role === "moderator" && t("moderator")].filter(Boolean).join(" · ");
    const state = online ? t("online") : seen ? t("lastSeen", { when: agoOf(seen) }) : t("offline");
    const owner = this.#role === "owner";
    const mayRemove = !me && m.role !== "owner" && (owner || (this.#leads && m.role !== "moderator"));
    const moderator = m.role === "moderator";
    return h(
      "li",
      { class: online ? "member online" : "member", dataset: { user: m.userId } },
      pictureOf(m.userId, m.userName),
      h("span", { class: "name", dir: "auto" }, m.userName, about && h("small", {}, about)),
      h("span", { class: "state", title: !online && seen ? fullTimeOf(seen) : undefined }, state),
      (mayRemove || (owner && !me)) &&
        h(
          "span",
          { class: "buttons" },
          owner && !me && this.#button(t(moderator ? "makeMember" : "makeModerator"), m.userName, () => this.#act(() => this.#api.setRole(this.#study.id, m.userId, moderator ? "member" : "moderator")), { role: m.userId }),
          mayRemove && this.#button(t("remove"), m.userName, () => this.#kick(m), { kick: m.userId }),
        ),
    );
  }

  async #act(act) {
    await attempt(act, this.#say);
    this.refresh();
  }

  async #kick(m) {
    const { id } = this.#study;
    if (!(await confirm(t("removeAsk", { name: m.userName }), t("remove")))) return;
    await this.#act(async () => {
      await this.#api.kick(id, m.userId);
      this.#say(t("removed", { name: m.userName }));
    });
  }

  async #invite() {
    await this.#act(async () => {
      const { path } = await this.#api.invite(this.#study.id);
      const link = location.origin + path;
      $("#invite-link").value = link;
      $("#invitation").showModal();
      $("#invite-link").select();
      await navigator.clipboard?.writeText(link).catch(() => {});
    });
  }
}
