// The user who is logged in: kept in storage, with a token that is renewed
// before it expires.
//
// Events it dispatches: "renewed" (there is a new token), "ended" (the user
// logged out in another tab).

import { delayOf } from "./connection.js";
import { storage } from "./storage.js";

const SESSION = "coup.session";
const NAME = "coup.name";
const RENEW_BEFORE = 60_000; // ms before the token expires

const stored = () => {
  try {
    return JSON.parse(storage.get(SESSION));
  } catch {
    return null;
  }
};

function expiryOf(token) {
  try {
    return JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))).exp * 1000;
  } catch {
    return 0;
  }
}

export class Session extends EventTarget {
  user = null; // {token, userId, userName}
  byName = false; // whether the server gives a token for a name alone

  #api;
  #timer = 0; // starts the next renewal
  #renewing = null; // the promise of the renewal under way
  #tryNow = () => {}; // ends the pause before the next try of a renewal

  constructor(api) {
    super();
    this.#api = api;
    window.addEventListener("storage", (e) => e.key === SESSION && this.#followOtherTab());
  }

  // lastName returns the name of the last login in this browser.
  get lastName() {
    return storage.get(NAME) ?? "";
  }

  // restore continues the session of an earlier visit, and returns whether there
  // was one.
  restore() {
    this.user = stored();
    return Boolean(this.user?.token && this.user.userId);
  }

  async login(name) {
    this.#keep(await this.#api.login(name.normalize("NFC").trim()));
  }

  // start uses the token and plans its renewal.
  start() {
    this.#api.useToken(this.user.token);
    this.#plan();
  }

  // end forgets the user, and a renewal that is under way.
  end() {
    clearTimeout(this.#timer);
    this.#renewing = null;
    this.user = null;
    this.#api.useToken("");
    storage.remove(SESSION);
  }

  // renew gets a new token for the same user, where a name is enough. It resolves
  // to whether the server gave one. While the server is unreachable it tries
  // again. A user who logs out meanwhile stays logged out.
  renew() {
    this.#tryNow();
    this.#renewing ??= this.#renew().finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  async #renew() {
    const id = this.user?.userId;
    for (let tries = 1; this.byName && this.user && this.user.userId === id; tries++) {
      let answer;
      try {
        answer = await this.#api.login(this.user.userName);
      } catch (err) {
        if (err.status >= 400 && err.status < 500 && err.status !== 429) return false;
        await new Promise((done) => {
          this.#tryNow = done;
          setTimeout(done, delayOf(tries));
        });
        continue;
      }
      if (this.user?.userId !== id) return false;
      this.#keep(answer);
      this.dispatchEvent(new Event("renewed"));
      this.#plan();
      return true;
    }
    return false;
  }

  #keep(answer) {
    this.user = { token: answer.token, userId: answer.userId, userName: answer.userName };
    storage.set(SESSION, JSON.stringify(this.user));
    storage.set(NAME, this.user.userName);
    this.#api.useToken(this.user.token);
  }

  #plan() {
    clearTimeout(this.#timer);
    const left = expiryOf(this.user.token) - Date.now() - RENEW_BEFORE;
    this.#timer = setTimeout(() => this.renew(), Math.min(Math.max(left, 5000), 2 ** 31 - 1));
  }

  #followOtherTab() {
    const other = stored();
    if (this.user && !other) this.dispatchEvent(new Event("ended"));
    else if (this.user && other.userId !== this.user.userId) location.reload();
    else if (this.user) {
      this.user = other;
      this.#api.useToken(other.token);
    } else if (other) location.reload();
  }
}
