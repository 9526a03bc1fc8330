// The state of the connection: a dot beside the name of the page, and a strip
// above the conversation while the connection is lost.

import { $ } from "./dom.js";
import { t } from "./i18n.js";

const TOO_MANY = 4429;

export class Status {
  #connection;
  #code = 0; // the last close code
  #wasOnline = false; // since the login
  #timer = 0; // of the countdown

  constructor(connection) {
    this.#connection = connection;
    connection.addEventListener("state", (e) => {
      this.#code = e.detail.code;
      this.#draw();
    });
    for (const name of ["online", "offline"]) window.addEventListener(name, () => this.#draw());
    $("#retry-now").onclick = () => connection.retryNow();
  }

  // reset prepares for the next user who logs in: the first connection of a
  // session is no reconnection.
  reset() {
    this.#wasOnline = false;
  }

  #draw() {
    const { state, retryAt } = this.#connection;
    clearTimeout(this.#timer);
    $("#workspace").dataset.connection = state;
    $("#state").textContent = t(state === "online" ? "live" : "connecting");
    $("#strip").hidden = state === "online" || (state === "connecting" && !this.#wasOnline);
    if (state === "online") this.#wasOnline = true;
    const seconds = Math.ceil((retryAt - Date.now()) / 1000);
    let text = t("reconnecting");
    if (!navigator.onLine) text = t("browserOffline");
    else if (this.#code === TOO_MANY) text = t("crowded");
    else if (state === "waiting" && seconds > 2) text = `${t("reconnecting")} ${t("retryIn", { n: seconds })}`;
    $("#strip-visible").textContent = text;
    // Screen readers get no countdown.
    const spoken = state === "online" ? t("live") : t("reconnecting");
    if ($("#strip-spoken").textContent !== spoken && this.#wasOnline) $("#strip-spoken").textContent = spoken;
    $("#retry-now").hidden = state !== "waiting";
    if (state === "waiting") this.#timer = setTimeout(() => this.#draw(), 1000);
  }
}
