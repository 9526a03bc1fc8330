// The login form.

import { textOf } from "./attempt.js";
import { $ } from "./dom.js";
import { t } from "./i18n.js";

const MAX_NAME = 40; // characters, as the server counts

export class Login {
  #session;

  // onLogin is called after each login.
  constructor(session, onLogin) {
    this.#session = session;
    $("#login-form").addEventListener("submit", async (e) => {
      e.preventDefault();
      const name = $("#name").value.normalize("NFC").trim();
      if (!name || [...name].length > MAX_NAME) {
        $("#login-error").textContent = t("nameBad");
        return;
      }
      $("#enter").disabled = true;
      try {
        await session.login(name);
        onLogin();
      } catch (err) {
        $("#login-error").textContent = textOf(err, { bad_request: "nameBad" });
      } finally {
        $("#enter").disabled = false;
      }
    });
  }

  show(message = "") {
    const { byName, lastName } = this.#session;
    $("#login").hidden = false;
    $("#login-form").hidden = !byName;
    $("#login-hint").textContent = t(byName ? "loginHint" : "loginOff");
    $("#login-error").textContent = message;
    $("#name").value = lastName;
    document.title = "coup";
    if (byName) $("#name").focus();
  }

  // showUnavailable says that the server cannot be reached.
  showUnavailable(code) {
    $("#login").hidden = false;
    $("#login-form").hidden = true;
    $("#login-error").textContent = t(code === "intercepted" ? code : "unavailable");
  }

  clearError() {
    $("#login-error").textContent = "";
  }

  hide() {
    $("#login").hidden = true;
  }
}
