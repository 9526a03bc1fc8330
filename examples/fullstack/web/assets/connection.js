// One WebSocket to the hub that comes back by itself.
//
// Events it dispatches: "state" (detail: state, retryAt), "event" (detail:
// event, data), "unauthorized" (the token is no good; give a new one to start).

const REQUEST_TIMEOUT = 10_000;
const QUIET = 45_000; // after so much silence ask whether anybody is there
const TOO_MANY = 4429;
const UNAUTHORIZED = 4401;
const STEADY = 30_000; // a connection that lasted so long was a good one
const FLOODING = 1008;

// RequestError says why a request has no good answer. Its code is one of the
// wire contract, or "disconnected" or "timeout": then the outcome is unknown.
export class RequestError extends Error {
  constructor(code, message = code, retryAfterMs = 0) {
    super(message);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

// delayOf spreads clients out: full jitter under a ceiling that doubles up to
// 30 s. Only the first retry is quick.
export function delayOf(attempt, random = Math.random) {
  if (attempt === 0) return 100 + random() * 400;
  return 500 + random() * (Math.min(30_000, 1000 * 2 ** attempt) - 500);
}

export class Connection extends EventTarget {
  state = "offline"; // offline, connecting, online, waiting, refused
  retryAt = 0;

  #url;
  #token = "";
  #socket = null;
  #attempt = 0;
  #onlineAt = 0;
  #toldToWait = false; // by the hub, when it hung up
  #refusals = 0; // tokens refused in a row
  #nextId = 1;
  #requests = new Map(); // id -> {resolve, reject, timer}
  #retryTimer = 0;
  #handshake = 0;
  #heardAt = 0;
  #stopped = true;

  constructor(url) {
    super();
    this.#url = url;
    const wake = () => !this.#toldToWait && this.retryNow();
    window.addEventListener("online", wake);
    window.addEventListener("offline", () => this.probe());
    document.addEventListener("visibilitychange", () => !document.hidden && wake());
    // A browser hides pings from us, and a dead line is silent.
    setInterval(() => {
      if (!document.hidden && Date.now() - this.#heardAt > QUIET) this.probe();
    }, 15_000);
  }

  // start connects, or renews the session of a connection that stands.
  start(token) {
    this.#token = token;
    this.#stopped = false;
    if (this.state === "online") return this.#authenticate();
    this.#attempt = 0;
    this.#open();
  }

  stop() {
    this.#stopped = true;
    this.#drop(1000);
    this.#become("offline");
  }

  // retryNow does not wait for the next try; if the line seems up, it asks.
  retryNow() {
    if (this.#stopped) return;
    if (this.state === "online") return this.probe();
    if (this.state === "waiting") {
      this.#attempt = 0;
      this.#open();
    }
  }

  // probe hangs up on a hub that does not answer. Any answer is a good one.
  async probe() {
    if (this.state !== "online") return;
    const socket = this.#socket;
    try {
      await this.request("leave_room", { studyId: "nobody-joins-this" }, 8000);
    } catch (err) {
      if (err.code === "timeout" && this.#socket === socket) this.#lost(0);
    }
  }

  // request sends one event and waits for its one answer.
  request(event, data, timeout = REQUEST_TIMEOUT) {
    if (this.state !== "online" && event !== "authenticate") {
      return Promise.reject(new RequestError("disconnected"));
    }
    const id = String(this.#nextId++);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#requests.delete(id);
        reject(new RequestError("timeout"));
      }, timeout);
      this.#requests.set(id, { resolve, reject, timer });
      this.#socket.send(JSON.stringify({ event, data, id }));
    });
  }

  #open() {
    this.#drop(1000);
    this.#become("connecting");
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#handshake = setTimeout(() => this.#lost(0), 15_000);
    socket.onopen = () => {
      if (this.#socket === socket) this.#authenticate();
    };
    socket.onmessage = ({ data }) => {
      if (this.#socket === socket) this.#hear(data);
    };
    socket.onclose = ({ code }) => {
      if (this.#socket === socket) this.#lost(code);
    };
  }

  async #authenticate() {
    try {
      await this.request("authenticate", { token: this.#token });
      this.#refusals = 0;
      this.#toldToWait = false;
      clearTimeout(this.#handshake);
      if (this.state === "online") return;
      this.#onlineAt = Date.now();
      this.#become("online");
    } catch (err) {
      if (err.code === "timeout") this.#lost(0);
      // What was refused is followed by close 4401, or the old token holds.
    }
  }

  #hear(text) {
    this.#heardAt = Date.now();
    let frame;
    try {
      frame = JSON.parse(text);
    } catch {
      return;
    }
    const { event, data = {}, id } = frame;
    const request = id === undefined ? undefined : this.#requests.get(id);
    if (request) {
      this.#requests.delete(id);
      clearTimeout(request.timer);
      if (event === "ack" || event === "auth_success") request.resolve(data);
      else request.reject(new RequestError(data.code ?? "internal", data.message, data.retryAfterMs));
      return;
    }
    if (event !== "ack") this.dispatchEvent(new CustomEvent("event", { detail: { event, data } }));
  }

  // lost decides what to do after the line is gone.
  #lost(code) {
    if (this.state === "online" && Date.now() - this.#onlineAt > STEADY) this.#attempt = 0;
    this.#drop(1000);
    if (this.#stopped) return;
    if (code === UNAUTHORIZED) {
      this.#become("refused");
      // If a fresh token is refused too, the servers do not agree; that takes a while.
      const wait = this.#refusals++ === 0 ? 0 : delayOf(this.#refusals);
      this.#retryTimer = setTimeout(() => this.dispatchEvent(new CustomEvent("unauthorized")), wait);
      return;
    }
    let delay = delayOf(this.#attempt++);
    if (code === TOO_MANY) delay = 60_000 + Math.random() * 60_000;
    if (code === FLOODING) delay = 10_000 + Math.random() * 10_000;
    this.#toldToWait = code === TOO_MANY || code === FLOODING;
    this.retryAt = Date.now() + delay;
    this.#retryTimer = setTimeout(() => this.#open(), delay);
    this.#become("waiting", code);
  }

  // drop forgets the socket first, so that nothing late from it counts.
  #drop(code) {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#handshake);
    const socket = this.#socket;
    this.#socket = null;
    if (socket && socket.readyState <= WebSocket.OPEN) socket.close(code);
    const requests = [...this.#requests.values()];
    this.#requests.clear();
    for (const { reject, timer } of requests) {
      clearTimeout(timer);
      reject(new RequestError("disconnected"));
    }
  }

  #become(state, code = 0) {
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: { state, code, retryAt: this.retryAt } }));
  }
}
