// The page: it starts, logs users in and out, and connects its parts.

import { Actions } from "./actions.js";
import { Api } from "./api.js";
import { Connection } from "./connection.js";
import { $ } from "./dom.js";
import { t, translate } from "./i18n.js";
import { Login } from "./login.js";
import { Notifications } from "./notifications.js";
import { Session } from "./session.js";
import { Status } from "./status.js";
import { Workspace } from "./workspace.js";

const api = new Api();
const session = new Session(api);
const notifications = new Notifications(api, (path) => workspace?.open(path) ?? false);
const login = new Login(session, enter);
const actions = new Actions(api, () => workspace, notifications);
let config = {};
let connection = null;
let status = null;
let workspace = null; // null while nobody is logged in

// enter opens the page for the user who has logged in.
function enter() {
  session.start();
  login.hide();
  $("#workspace").hidden = false;
  workspace = new Workspace({
    api,
    connection,
    user: session.user,
    config,
    notifications,
    actions,
  });
  connection.start(session.user.token);
  workspace.start();
}

// logOut forgets the user and shows the login form, with a message to the user.
function logOut(message = "") {
  connection.stop();
  workspace?.close();
  workspace = null;
  session.end();
  status.reset();
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  notifications.clear();
  $("#workspace").hidden = true;
  login.show(message);
}

// renewOrLogOut answers a refused token: with a new one, or with the login form.
async function renewOrLogOut() {
  const id = session.user?.userId;
  if (await session.renew()) return true;
  if (session.user && session.user.userId === id) logOut(t("expired"));
  return false;
}

function connect() {
  connection = new Connection(config.signaling);
  status = new Status(connection);
  connection.addEventListener("state", (e) => e.detail.state === "online" && workspace?.outbox.flushAll());
  connection.addEventListener("unauthorized", renewOrLogOut);
  session.addEventListener("renewed", () => connection.start(session.user.token));
  session.addEventListener("ended", () => logOut());
  api.onUnauthorized = renewOrLogOut;
}

// listen connects the buttons and links that move around in the page.
function listen() {
  $("#logout").onclick = () => logOut();
  $("#back").onclick = () => workspace?.go("/");
  $("#home").onclick = (e) => {
    e.preventDefault();
    workspace?.go("/");
  };
  $("#mine").addEventListener("click", (e) => {
    const link = e.target.closest("a");
    if (!link || e.metaKey || e.ctrlKey || e.shiftKey) return;
    e.preventDefault();
    workspace?.go(link.pathname);
  });
  const drawer = $("#workspace").classList;
  // The drawer of the members is a step of the history, so that Back closes it.
  $("#show-members").onclick = () => {
    if (drawer.contains("with-members")) return history.back();
    history.pushState(null, "", location.href);
    drawer.add("with-members");
    $("#show-members").setAttribute("aria-expanded", "true");
    $("#hide-members").focus();
  };
  $("#hide-members").onclick = () => history.back();
  $("#room").addEventListener("click", (e) => {
    if (drawer.contains("with-members") && !e.target.closest("#show-members")) history.back();
  });
  // A page that the browser keeps for Back is not here: its user must not seem to be.
  window.addEventListener("pagehide", (e) => e.persisted && connection?.stop());
  window.addEventListener("pageshow", (e) => e.persisted && workspace && connection.start(session.user.token));
  window.addEventListener("popstate", () => {
    const shown = drawer.contains("with-members");
    workspace?.route();
    if (shown) $("#show-members").focus();
  });
  window.addEventListener("keydown", (e) => {
    if (e.key === "Escape" && $("#workspace").classList.contains("with-members") && !$("dialog[open]")) $("#hide-members").click();
  });
}

// readConfig asks the server until it answers.
async function readConfig() {
  for (let wait = 500; ; wait = Math.min(wait * 2, 15_000)) {
    try {
      return await api.config();
    } catch (err) {
      login.showUnavailable(err.code);
      await new Promise((done) => setTimeout(done, wait + Math.random() * wait));
    }
  }
}

async function start() {
  translate();
  listen();
  config = await readConfig();
  session.byName = config.demoLogin;
  login.clearError();
  connect();
  if (session.restore()) enter();
  else login.show();
}

start();
