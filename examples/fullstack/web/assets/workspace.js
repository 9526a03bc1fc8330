// What belongs to the user who is logged in: the list of studies, the study that
// is open, and the path of the page that names it.

import { Chat } from "./chat.js";
import { $ } from "./dom.js";
import { t } from "./i18n.js";
import { Members } from "./members.js";
import { Outbox } from "./outbox.js";
import { Rooms } from "./rooms.js";
import { Sidebar } from "./sidebar.js";
import { storage } from "./storage.js";

const STUDY = /^\/studies\/([^/]+)$/;

// pathOf returns the path that opens a study.
export const pathOf = (id) => `/studies/${encodeURIComponent(id)}`;

export class Workspace {
  leaving = new Set(); // studies that the user is leaving or deleting now

  #user;
  #open; // every user is a member of every study
  #notifications;
  #closed = false;

  // onJoin is called with a study that the user wants to join.
  constructor({ api, connection, user, open, notifications, onJoin }) {
    this.#user = user;
    this.#open = open;
    this.#notifications = notifications;
    this.rooms = new Rooms(api, connection, user);
    this.outbox = new Outbox(connection, user.userId, (id) => this.rooms.join(id), storage);
    this.chat = new Chat(this.rooms, this.outbox, user);
    this.sidebar = new Sidebar(this.rooms, () => this.chat.studyId, onJoin);
    this.members = new Members(api, this.rooms, user, (text) => notifications.say(text));

    this.outbox.addEventListener("sent", ({ detail: { item, ack } }) => {
      this.rooms.note({ ...ack, userId: user.userId, userName: user.userName, content: item.content });
    });
    this.rooms.addEventListener("studies", () => this.chat.studyId && this.#drawHead());
    this.rooms.addEventListener("notification", ({ detail }) => this.#notify(detail));
    this.rooms.addEventListener("left", ({ detail: { study, reason } }) => {
      if (!this.leaving.has(study.id)) {
        notifications.say(t(reason === "study_deleted" ? "studyGone" : "kickedOut", { name: study.name }));
      }
      if (this.chat.studyId === study.id) this.go("/", true);
    });
  }

  // start reads the list of studies and opens the one that the path names.
  start() {
    this.rooms
      .refresh()
      .then(() => this.route())
      .catch((err) => {
        if (!this.#closed) this.#notifications.say(t({ unavailable: "unavailable", intercepted: "intercepted" }[err.code] ?? "wrong"));
        this.route();
      });
  }

  close() {
    this.#closed = true;
    for (const part of [this.rooms, this.outbox, this.chat, this.sidebar, this.members]) part.close();
    // The next user must not see the lists of this one.
    for (const list of ["#mine", "#others"]) $(list).replaceChildren();
    $("#study").hidden = true;
  }

  // study returns the study that is open.
  get study() {
    return this.rooms.study(this.chat.studyId);
  }

  go(path, replace = false) {
    if (this.#closed) return;
    if (path !== location.pathname) history[replace ? "replaceState" : "pushState"](null, "", path);
    this.route();
  }

  // open goes to a path and returns true, or returns false if the page does not
  // have that path.
  open(path) {
    if (path !== "/" && !STUDY.test(path)) return false;
    this.go(path);
    return true;
  }

  // route shows what the path of the page names.
  route() {
    if (this.#closed) return;
    const match = STUDY.exec(location.pathname);
    let id = null;
    try {
      id = match && decodeURIComponent(match[1]);
    } catch {
      // The path holds no study id.
    }
    const study = id && this.rooms.study(id);
    if (id && !study?.member) {
      if (study) this.#notifications.say(t("notMember"));
      history.replaceState(null, "", "/");
      id = null;
    }
    const changed = this.chat.studyId !== id;
    $("#workspace").dataset.view = id ? "chat" : "list";
    $("#workspace").classList.remove("with-members");
    $("#study").hidden = !id;
    $("#nothing").hidden = Boolean(id);
    if (changed) {
      this.chat.show(id);
      this.members.show(id ? study : null);
    }
    this.#drawHead();
    this.sidebar.draw();
    if (id && changed && matchMedia("(pointer: fine)").matches) $("#draft").focus();
  }

  #drawHead() {
    const study = this.study;
    if (!study) return;
    const owner = study.ownerId === this.#user.userId;
    $("#study-name").textContent = study.name;
    $("#study-about").textContent = t("memberCount", { n: study.memberCount });
    $("#leave").hidden = owner || this.#open;
    $("#delete").hidden = !owner;
  }

  #notify(n) {
    const name = this.rooms.study(n.studyId)?.name;
    if (n.type === "member_kicked") return; // the "left" event shows it
    if (n.type === "member_approved" && name) this.#notifications.add(n, "", t("welcome", { name }));
    else this.#notifications.add(n, name);
  }
}
