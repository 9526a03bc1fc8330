// What belongs to the user who is logged in: the list of studies, the study that
// is open, and the path of the page that names it.

import { textOf } from "./attempt.js";
import { Changes } from "./changes.js";
import { Chat } from "./chat.js";
import { $ } from "./dom.js";
import { Drafts } from "./drafts.js";
import { t } from "./i18n.js";
import { Members } from "./members.js";
import { Muted } from "./muted.js";
import { Notices } from "./notices.js";
import { Outbox } from "./outbox.js";
import { pictureOf } from "./pictures.js";
import { Rooms } from "./rooms.js";
import { Search } from "./search.js";
import { Sidebar } from "./sidebar.js";
import { storage } from "./storage.js";
import { Switcher } from "./switcher.js";

const STUDY = /^\/studies\/([^/]+)$/;
const INVITE = /^\/invite\/([^/]+)$/;

// pathOf returns the path that opens a study.
export const pathOf = (id) => `/studies/${encodeURIComponent(id)}`;

// idIn returns the id that a path names, or null.
function idIn(pattern, path) {
  try {
    const match = pattern.exec(path);
    return match && decodeURIComponent(match[1]);
  } catch {
    return null; // the path holds no id
  }
}

export class Workspace {
  leaving = new Set(); // studies that the user is leaving or deleting now

  #api;
  #open; // every user is a member of every study
  #notifications;
  #actions;
  #closed = false;
  #offered = null; // the study that the user may join

  // actions join studies: see Actions.
  constructor({ api, connection, user, config, notifications, actions }) {
    const say = (text) => notifications.say(text);
    this.user = user;
    this.#api = api;
    this.#open = config.open;
    this.#notifications = notifications;
    this.#actions = actions;
    this.rooms = new Rooms(api, connection, user);
    this.outbox = new Outbox(connection, user.userId, (id) => this.rooms.join(id), storage);
    this.muted = new Muted(user.userId);
    const drafts = new Drafts(user.userId);
    this.members = new Members(api, this.rooms, user, say);
    this.chat = new Chat(this.rooms, this.outbox, user, { api, changes: new Changes(this.rooms, say), drafts, members: this.members, say });
    this.sidebar = new Sidebar(this.rooms, () => this.chat.studyId, (study) => actions.join(study), drafts, this.muted);
    this.notices = new Notices(api, this.rooms, user, say);
    this.search = new Search(api, config.search, () => this.chat.studyId, (seq) => this.chat.jump(seq));
    this.switcher = new Switcher(this.rooms, (id) => {
      this.go(pathOf(id));
      $("#draft").focus();
    });

    this.outbox.addEventListener("sent", ({ detail: { item, ack } }) => {
      this.rooms.note({ ...ack, ...item.more, userId: user.userId, userName: user.userName, content: item.content });
    });
    this.muted.addEventListener("change", () => this.#drawHead());
    this.rooms.addEventListener("studies", () => this.chat.studyId && this.#drawHead());
    this.rooms.addEventListener("notification", ({ detail }) => this.#notify(detail));
    this.rooms.addEventListener("left", ({ detail: { study, reason } }) => {
      if (!this.leaving.has(study.id)) {
        notifications.say(t(reason === "study_deleted" ? "studyGone" : "kickedOut", { name: study.name }));
      }
      this.#keepUnsent(study);
      if (this.chat.studyId === study.id) this.go("/", true);
    });
    $("#offer-join").onclick = () => this.#offered && actions.join(this.#offered);
    this.drawMe();
  }

  // start reads the list of studies and opens the one that the path names.
  start() {
    this.rooms
      .refresh()
      .catch((err) => {
        if (!this.#closed) this.#notifications.say(textOf(err));
      })
      .then(() => {
        this.route();
        this.#notifications.load((id) => this.rooms.study(id)?.name);
      });
  }

  close() {
    this.#closed = true;
    for (const part of [this.rooms, this.outbox, this.chat, this.sidebar, this.members, this.notices, this.search, this.switcher]) part.close();
    // The next user must not see the lists of this one.
    for (const list of ["#mine", "#others"]) $(list).replaceChildren();
    for (const part of ["#study", "#offer"]) $(part).hidden = true;
  }

  // drawMe draws the user's own name and picture.
  drawMe() {
    $("#me-name").textContent = this.user.userName;
    $("#picture").replaceChildren(pictureOf(this.user.userId, this.user.userName));
  }

  // study returns the study that is open.
  get study() {
    return this.rooms.study(this.chat.studyId);
  }

  go(path, replace = false) {
    if (this.#closed) return;
    if (path !== location.pathname + location.search) history[replace ? "replaceState" : "pushState"](null, "", path);
    this.route();
  }

  // open goes to a path and returns true, or returns false if the page does not
  // have that path.
  open(path) {
    const { pathname } = new URL(path, location.origin);
    if (pathname !== "/" && !STUDY.test(pathname) && !INVITE.test(pathname)) return false;
    this.go(path);
    return true;
  }

  // route shows what the path of the page names.
  route() {
    if (this.#closed) return;
    const code = idIn(INVITE, location.pathname);
    if (code) {
      history.replaceState(null, "", "/");
      this.#actions.accept(code);
    }
    let id = idIn(STUDY, location.pathname);
    const study = id && this.rooms.study(id);
    this.#offer(id && !study?.member ? id : null);
    if (!study?.member) id = null;
    const seq = Number.parseInt(new URLSearchParams(location.search).get("seq") ?? "", 10) || 0;
    if (id && seq) history.replaceState(null, "", pathOf(id)); // a reload must not jump again
    const changed = this.chat.studyId !== id;
    $("#workspace").dataset.view = id || this.#offered ? "chat" : "list";
    $("#workspace").classList.remove("with-members");
    $("#show-members").setAttribute("aria-expanded", "false");
    $("#study").hidden = !id;
    $("#nothing").hidden = Boolean(id || this.#offered);
    if (changed) {
      this.chat.show(id, seq);
      this.members.show(id ? study : null);
      this.notices.show(id);
    } else if (seq) {
      this.chat.jump(seq);
    }
    this.#drawHead();
    this.sidebar.show();
    if (id && changed && !matchMedia("(pointer: coarse)").matches) $("#draft").focus();
  }

  // offer shows a study that the user is no member of, and a button to join it.
  async #offer(id) {
    if (this.#offered?.id !== id) this.#offered = id && { id };
    $("#offer").hidden = true;
    if (!id) return;
    let study;
    try {
      study = await this.#api.study(id);
    } catch (err) {
      if (this.#offered?.id !== id) return;
      this.#notifications.say(t(err.code === "not_found" ? "noSuchStudy" : "unavailable"));
      return this.go("/", true);
    }
    if (this.#offered?.id !== id) return;
    if (study.member) return this.rooms.refresh().then(() => this.rooms.study(id)?.member && this.route()).catch(() => {});
    this.#offered = study;
    $("#offer").hidden = false;
    $("#offer-name").textContent = study.name;
    $("#offer-about").textContent = `${t("ledBy", { name: study.ownerName })} · ${t("memberCount", { n: study.memberCount })}`;
    $("#offer-join").textContent = t(study.asked ? "asked" : study.approval ? "ask" : "join");
    $("#offer-join").disabled = study.asked;
  }

  // keepUnsent tells the user of messages that can not be sent any more, with their texts.
  #keepUnsent(study) {
    for (const item of this.outbox.of(study.id)) {
      this.#notifications.add({ id: item.clientId, type: "unsent", message: t("neverSent", { text: item.content }) }, study.name);
      this.outbox.discard(item.clientId);
    }
  }

  #drawHead() {
    const { study } = this;
    if (!study) return;
    const owner = study.ownerId === this.user.userId;
    $("#study-name").textContent = study.name;
    $("#study-about").textContent = t("memberCount", { n: study.memberCount });
    $("#mute").textContent = t(this.muted.has(study.id) ? "unmute" : "mute");
    $("#leave").hidden = owner || this.#open;
    $("#delete").hidden = !owner;
  }

  #notify(n) {
    const name = this.rooms.study(n.studyId)?.name;
    if (n.type === "member_kicked") return; // the "left" event shows it
    const text = n.type === "member_approved" && name ? t("welcome", { name }) : n.message;
    // A mention in the study that the user reads is seen there.
    const read = n.type === "mention" && n.studyId === this.chat.studyId && !document.hidden;
    this.#notifications.add(n, text === n.message ? name : "", { text, quiet: read || this.muted.has(n.studyId) });
  }
}
