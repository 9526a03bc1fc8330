// One WebSocket connection to the hub that reconnects by itself. In a browser it also follows the
// network and the visibility of the page.
//
// Events it dispatches: "state" (detail: state, code, retryAt), "event" (detail:
// event, data), "authenticated" (detail: the data of auth_success), "unauthorized" (the token was
// refused; call start with a new one).

const REQUEST_TIMEOUT = 10_000;
const QUIET = 45_000; // after so long without a frame, ask whether the hub still answers
const OFFLINE = 1500; // how long a hub has to answer once the browser says that there is no network
const TOO_MANY = 4429;
const UNAUTHORIZED = 4401;
const STEADY = 30_000; // a connection that lasted so long resets the backoff
const FLOODING = 1008;

// RequestError says why a request failed. Its code is one of the protocol, or
// "disconnected" or "timeout": then the outcome is unknown.
export class RequestError extends Error {
  constructor(code, message = code, retryAfterMs = 0) {
    super(message);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

// delayOf returns the delay before a retry, in ms: random, so that many clients do
// not retry at once, with a maximum that doubles up to 30 s. The first is short.
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
  #toldToWait = false; // by the code with which the hub closed the connection
  #refusals = 0; // tokens refused in a row
  #nextId = 1;
  #requests = new Map(); // id -> {resolve, reject, timer}
  #retryTimer = 0;
  #handshake = 0;
  #receivedAt = 0;
  #stopped = true;
  #quietTimer = 0;
  #WebSocket;

  // WebSocket is the class to use where there is no global one (Node.js before version 22).
  constructor(url, { WebSocket } = {}) {
    super();
    this.#url = url;
    this.#WebSocket = WebSocket;
    const wake = () => !this.#toldToWait && this.retryNow();
    globalThis.window?.addEventListener("online", wake);
    globalThis.window?.addEventListener("offline", () => this.probe(OFFLINE)); // a hub on this machine still answers
    globalThis.document?.addEventListener("visibilitychange", () => !document.hidden && wake());
  }

  // start connects. If the connection is up, start gives it a new token.
  start(token) {
    this.#token = token;
    this.#stopped = false;
    // Scripts do not see pings, and a dead connection gives no sign.
    this.#quietTimer ||= setInterval(() => {
      if (!globalThis.document?.hidden && Date.now() - this.#receivedAt > QUIET) this.probe();
    }, 15_000);
    if (this.state === "online") return this.#authenticate();
    this.#attempt = 0;
    this.#open();
  }

  stop() {
    this.#stopped = true;
    clearInterval(this.#quietTimer);
    this.#quietTimer = 0;
    this.#drop(1000);
    this.#become("offline");
  }

  // retryNow reconnects at once. If the connection is up, retryNow probes it.
  retryNow() {
    if (this.#stopped) return;
    if (this.state === "online") return this.probe();
    if (this.state === "waiting") {
      this.#attempt = 0;
      this.#open();
    }
  }

  // probe closes the connection if the hub does not answer. Any answer will do,
  // errors included.
  async probe(timeout = 8000) {
    if (this.state !== "online") return;
    const socket = this.#socket;
    try {
      await this.request("leave_room", { studyId: "nobody-joins-this" }, timeout);
    } catch (err) {
      if (err.code === "timeout" && this.#socket === socket) this.#lost(0);
    }
  }

  // request sends one event and resolves to the data of its answer.
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
    const socket = new (this.#WebSocket ?? globalThis.WebSocket)(this.#url);
    this.#socket = socket;
    this.#handshake = setTimeout(() => this.#lost(0), 15_000);
    socket.onopen = () => {
      if (this.#socket === socket) this.#authenticate();
    };
    socket.onmessage = ({ data }) => {
      if (this.#socket === socket) this.#receive(data);
    };
    socket.onclose = ({ code }) => {
      if (this.#socket === socket) this.#lost(code);
    };
    socket.onerror = () => {}; // the close says what to do
  }

  async #authenticate() {
    try {
      const user = await this.request("authenticate", { token: this.#token });
      this.dispatchEvent(new CustomEvent("authenticated", { detail: user }));
      this.#refusals = 0;
      this.#toldToWait = false;
      clearTimeout(this.#handshake);
      if (this.state === "online") return;
      this.#onlineAt = Date.now();
      this.#become("online");
    } catch (err) {
      if (err.code === "timeout") this.#lost(0);
      // After a refusal the hub closes with 4401, or the old token stays valid.
    }
  }

  #receive(text) {
    this.#receivedAt = Date.now();
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

  // lost decides what to do after the connection was lost with a close code.
  #lost(code) {
    if (this.state === "online" && Date.now() - this.#onlineAt > STEADY) this.#attempt = 0;
    this.#drop(1000);
    if (this.#stopped) return;
    if (code === UNAUTHORIZED) {
      this.#become("refused");
      // A new token that is refused too means that the servers disagree; asking for
      // tokens in a loop would not help.
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

  // drop forgets the socket before it closes it: late events of the socket are
  // ignored.
  #drop(code) {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#handshake);
    const socket = this.#socket;
    this.#socket = null;
    if (socket && socket.readyState <= 1) socket.close(code); // connecting or open
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
