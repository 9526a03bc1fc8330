// The page: who is logged in, which study is open, and what the buttons do.

import { Api } from "./api.js";
import { Chat } from "./chat.js";
import { Connection, delayOf } from "./connection.js";
import { $, ask } from "./dom.js";
import { t, translate } from "./i18n.js";
import { Members } from "./members.js";
import { Notifications } from "./notifications.js";
import { Outbox } from "./outbox.js";
import { Rooms } from "./rooms.js";
import { Sidebar } from "./sidebar.js";

const SESSION = "coup.session";
const NAME = "coup.name";
const RENEW_BEFORE = 60_000; // ms before the token expires

const api = new Api();
const news = new Notifications((path) => open(path));
let config = { demoLogin: false };
let connection = null;
let session = null; // {token, userId, userName}
let house = null; // what belongs to the session: rooms, outbox, chat, ...
let renewal = 0;
let countdown = 0;

// ---- who is here ----

const stored = () => {
  try {
    return JSON.parse(localStorage.getItem(SESSION));
  } catch {
    return null;
  }
};

function keep(answer) {
  session = { token: answer.token, userId: answer.userId, userName: answer.userName };
  localStorage.setItem(SESSION, JSON.stringify(session));
  localStorage.setItem(NAME, session.userName);
  api.useToken(session.token);
}

async function login(name) {
  keep(await api.login(name.normalize("NFC").trim()));
}

// renew gets a fresh token for the same person, where a name is enough, and resolves
// to whether the server gave one. A server that is away is asked again. Whoever logs
// out meanwhile is not brought back.
let renewing = null;
let hurry = () => {}; // ends the pause before the next try
function renew() {
  hurry();
  renewing ??= tryToRenew().finally(() => (renewing = null));
  return renewing;
}

async function tryToRenew() {
  const who = session?.userId;
  for (let tries = 1; config.demoLogin && session && session.userId === who; tries++) {
    let answer;
    try {
      answer = await api.login(session.userName);
    } catch (err) {
      if (err.status >= 400 && err.status < 500 && err.status !== 429) return false;
      await new Promise((done) => {
        hurry = done;
        setTimeout(done, delayOf(tries));
      });
      continue;
    }
    if (session?.userId !== who) return false;
    keep(answer);
    connection.start(session.token);
    planRenewal();
    return true;
  }
  return false;
}

// renewOrLeave is for whose token is good for nothing any more.
async function renewOrLeave() {
  const who = session?.userId;
  if (await renew()) return true;
  if (session && session.userId === who) leaveHouse(t("expired"));
  return false;
}

function expiryOf(token) {
  try {
    return JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))).exp * 1000;
  } catch {
    return 0;
  }
}

function planRenewal() {
  clearTimeout(renewal);
  const left = expiryOf(session.token) - Date.now() - RENEW_BEFORE;
  renewal = setTimeout(renew, Math.min(Math.max(left, 5000), 2 ** 31 - 1));
}

function enter() {
  api.useToken(session.token);
  $("#login").hidden = true;
  $("#house").hidden = false;
  $("#me-name").textContent = session.userName;
  const rooms = new Rooms(api, connection, session);
  const outbox = new Outbox(connection, session.userId, (id) => rooms.join(id));
  const chat = new Chat(rooms, outbox, session);
  const sidebar = new Sidebar(rooms, () => chat.studyId, joinStudy);
  const members = new Members(api, rooms, session, (text) => news.say(text));
  house = { rooms, outbox, chat, sidebar, members };

  outbox.addEventListener("sent", ({ detail: { item, ack } }) => {
    rooms.put({ ...ack, userId: session.userId, userName: session.userName, content: item.content });
  });
  rooms.addEventListener("studies", () => chat.studyId && drawHead());
  rooms.addEventListener("notification", ({ detail: n }) => {
    const name = rooms.study(n.studyId)?.name;
    if (n.type === "member_kicked") return; // room_left says it
    if (n.type === "member_approved" && name) news.hear(n, "", t("welcome", { name }));
    else news.hear(n, name);
  });
  rooms.addEventListener("left", ({ detail: { study, reason } }) => {
    if (!house.leaving?.has(study.id)) {
      news.say(t(reason === "study_deleted" ? "studyGone" : "kickedOut", { name: study.name }));
    }
    if (chat.studyId === study.id) go("/", true);
  });

  connection.start(session.token);
  planRenewal();
  rooms
    .refresh()
    .then(() => route())
    .catch((err) => {
      if (session) news.say(t(err.code === "unavailable" ? "unavailable" : "wrong"));
      route();
    });
}

function leaveHouse(message = "") {
  clearTimeout(renewal);
  connection.stop();
  for (const part of Object.values(house ?? {})) part.close?.();
  renewing = null;
  house = null;
  session = null;
  for (const list of ["#mine", "#others"]) $(list).replaceChildren(); // the next user is another
  $("#study").hidden = true;
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  news.clear();
  api.useToken("");
  localStorage.removeItem(SESSION);
  showLogin(message);
}

function showLogin(message = "") {
  $("#house").hidden = true;
  $("#login").hidden = false;
  $("#login-form").hidden = !config.demoLogin;
  $("#login-hint").textContent = t(config.demoLogin ? "loginHint" : "loginOff");
  $("#login-error").textContent = message;
  $("#name").value = localStorage.getItem(NAME) ?? "";
  document.title = "coup";
  if (config.demoLogin) $("#name").focus();
}

// ---- where we are ----

const pathOf = (id) => `/studies/${encodeURIComponent(id)}`;

function go(path, replace = false) {
  if (path !== location.pathname) history[replace ? "replaceState" : "pushState"](null, "", path);
  route();
}

// open follows a link of a notification if it leads to a place in this page.
function open(path) {
  if (!house || !(path === "/" || /^\/studies\/[^/]+$/.test(path))) return false;
  go(path);
  return true;
}

function route() {
  if (!house) return;
  const match = /^\/studies\/([^/]+)$/.exec(location.pathname);
  let id = null;
  try {
    id = match && decodeURIComponent(match[1]);
  } catch {
    // Not an id of ours.
  }
  const study = id && house.rooms.study(id);
  if (id && !study?.member) {
    if (study) news.say(t("notMember"));
    history.replaceState(null, "", "/");
    id = null;
  }
  const { chat, members, sidebar } = house;
  const changed = chat.studyId !== id;
  $("#house").dataset.view = id ? "chat" : "list";
  $("#house").classList.remove("with-members");
  $("#study").hidden = !id;
  $("#nothing").hidden = Boolean(id);
  if (changed) {
    chat.show(id);
    members.show(id ? study : null);
  }
  drawHead();
  sidebar.draw();
  if (id && changed && matchMedia("(pointer: fine)").matches) $("#draft").focus();
}

function drawHead() {
  const study = house.rooms.study(house.chat.studyId);
  if (!study) return;
  const owner = study.ownerId === session.userId;
  $("#study-name").textContent = study.name;
  $("#study-about").textContent = t("memberCount", { n: study.memberCount });
  $("#leave").hidden = owner || config.open; // everybody is a member of an open house
  $("#delete").hidden = !owner;
}

// ---- the line to the hub ----

function drawState() {
  const { state, retryAt } = connection;
  clearTimeout(countdown);
  $("#house").dataset.connection = state;
  $("#state").textContent = t(state === "online" ? "live" : "connecting");
  const strip = $("#strip");
  strip.hidden = state === "online" || state === "connecting" && !house?.wasOnline;
  if (state === "online" && house) house.wasOnline = true;
  const seconds = Math.ceil((retryAt - Date.now()) / 1000);
  let text = t("reconnecting");
  if (!navigator.onLine) text = t("browserOffline");
  else if (connection.lastCode === 4429) text = t("crowded");
  else if (state === "waiting" && seconds > 2) text = `${t("reconnecting")} ${t("retryIn", { n: seconds })}`;
  $("#strip-visible").textContent = text;
  const spoken = state === "online" ? t("live") : t("reconnecting"); // no countdown read aloud
  if ($("#strip-spoken").textContent !== spoken && house?.wasOnline) $("#strip-spoken").textContent = spoken;
  $("#retry-now").hidden = state !== "waiting";
  if (state === "waiting") countdown = setTimeout(drawState, 1000);
}

function connect() {
  connection = new Connection(config.signaling);
  connection.addEventListener("state", (e) => {
    connection.lastCode = e.detail.code;
    drawState();
    if (e.detail.state === "online") house?.outbox.flushAll();
  });
  connection.addEventListener("unauthorized", renewOrLeave);
  api.onUnauthorized = renewOrLeave;
}

// ---- what the buttons do ----

const complain = (err) => news.say(t({ unavailable: "unavailable", forbidden: "notMember" }[err.code] ?? "wrong"));

async function joinStudy(study) {
  try {
    await api.joinStudy(study.id);
  } catch (err) {
    complain(err);
    house?.sidebar.draw();
    return;
  }
  await reveal(study.id);
}

// reveal opens a study that has just become ours.
async function reveal(id) {
  try {
    await house.rooms.refresh();
    go(pathOf(id));
  } catch (err) {
    complain(err); // the next look at the list will show it
  }
}

async function confirm(question, button) {
  $("#confirm-text").textContent = question;
  $("#confirm-yes").textContent = button;
  return ask($("#confirm"));
}

async function leaveStudy(act, question, button) {
  const study = house.rooms.study(house.chat.studyId);
  if (!study || !(await confirm(t(question, { name: study.name }), t(button)))) return;
  house.leaving ??= new Set();
  house.leaving.add(study.id);
  try {
    await act(study.id);
    house.rooms.forget(study.id);
    go("/", true);
    await house.rooms.refresh();
  } catch (err) {
    complain(err);
  } finally {
    setTimeout(() => house?.leaving?.delete(study.id), 5000);
  }
}

// fill lets a dialog ask for one line of text and do something with it.
function fill(dialog, field, act) {
  $("form", dialog).addEventListener("submit", async (e) => {
    if (e.submitter?.value === "cancel") return;
    e.preventDefault();
    const text = $(field).value.normalize("NFC").trim();
    if (!text || e.submitter.disabled) return;
    e.submitter.disabled = true;
    try {
      await act(text);
      dialog.close();
    } catch (err) {
      $(".error", dialog).textContent = err.code === "bad_request" ? err.message : t(err.code === "unavailable" ? "unavailable" : "wrong");
    } finally {
      e.submitter.disabled = false;
    }
  });
}

function openDialog(dialog, field) {
  $(field).value = "";
  $(".error", dialog).textContent = "";
  dialog.showModal();
  $(field).focus();
}

function wire() {
  $("#login-form").addEventListener("submit", async (e) => {
    e.preventDefault();
    const name = $("#name").value.normalize("NFC").trim();
    if (!name || [...name].length > 40) {
      $("#login-error").textContent = t("nameBad");
      return;
    }
    $("#enter").disabled = true;
    try {
      await login(name);
      enter();
    } catch (err) {
      $("#login-error").textContent = t({ bad_request: "nameBad", unavailable: "unavailable" }[err.code] ?? "wrong");
    } finally {
      $("#enter").disabled = false;
    }
  });
  $("#logout").onclick = () => leaveHouse();
  $("#retry-now").onclick = () => connection.retryNow();
  $("#back").onclick = () => go("/");
  $("#home").onclick = (e) => {
    e.preventDefault();
    go("/");
  };
  $("#mine").addEventListener("click", (e) => {
    const link = e.target.closest("a");
    if (!link || e.metaKey || e.ctrlKey || e.shiftKey) return;
    e.preventDefault();
    go(link.pathname);
  });
  $("#show-members").onclick = () => {
    const shown = $("#house").classList.toggle("with-members");
    $("#show-members").setAttribute("aria-expanded", String(shown));
    if (shown) $("#hide-members").focus();
  };
  $("#hide-members").onclick = () => {
    $("#house").classList.remove("with-members");
    $("#show-members").setAttribute("aria-expanded", "false");
    $("#show-members").focus();
  };
  $("#new-study").onclick = () => openDialog($("#create"), "#create-name");
  fill($("#create"), "#create-name", async (name) => {
    const { id } = await api.createStudy(name);
    await reveal(id);
  });
  $("#new-notice").onclick = () => openDialog($("#notice"), "#notice-text");
  fill($("#notice"), "#notice-text", async (text) => {
    await api.notice(house.chat.studyId, text);
    news.say(t("noticeSent"));
  });
  $("#leave").onclick = () => leaveStudy(api.leaveStudy, "leaveAsk", "leave");
  $("#delete").onclick = () => leaveStudy(api.deleteStudy, "deleteAsk", "deleteStudy");
  window.addEventListener("popstate", route);
  window.addEventListener("keydown", (e) => {
    if (e.key === "Escape" && $("#house").classList.contains("with-members") && !$("dialog[open]")) $("#hide-members").click();
  });
  for (const name of ["online", "offline"]) window.addEventListener(name, drawState);
  window.addEventListener("storage", ({ key }) => {
    if (key !== SESSION) return;
    const other = stored();
    if (session && !other) leaveHouse();
    else if (session && other.userId !== session.userId) location.reload();
    else if (session) {
      session = other;
      api.useToken(session.token);
    } else if (other) location.reload();
  });
}

async function start() {
  translate();
  wire();
  for (let wait = 500; ; wait = Math.min(wait * 2, 15_000)) {
    try {
      config = await api.config();
      break;
    } catch {
      $("#login").hidden = false;
      $("#login-form").hidden = true;
      $("#login-error").textContent = t("unavailable");
      await new Promise((done) => setTimeout(done, wait + Math.random() * wait));
    }
  }
  $("#login-error").textContent = "";
  connect();
  session = stored();
  if (session?.token && session.userId) enter();
  else showLogin();
}

start();
