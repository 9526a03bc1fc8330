// Messages that were written and are not yet known to be stored. They survive a
// reload, and each keeps its client id, so that sending again never says it
// twice. One storage key for each, so that two tabs do not overwrite each other.

import { RequestError } from "./connection.js";

// newClientId also works on plain http, where randomUUID does not exist.
function newClientId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export class Outbox extends EventTarget {
  #connection;
  #prefix;
  #items = new Map(); // clientId -> {clientId, studyId, content, at, state, error}
  #busy = new Set(); // studies that are being sent to
  #join; // joins a study again if the hub forgot
  #storage;

  constructor(connection, userId, join) {
    super();
    this.#connection = connection;
    this.#prefix = `coup.outbox.${userId}.`;
    this.#join = join;
    this.#storage = (e) => this.#hearOtherTab(e);
    window.addEventListener("storage", this.#storage);
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith(this.#prefix)) this.#restore(localStorage.getItem(key));
    }
  }

  // close stops listening. What is unsent stays in storage.
  close() {
    window.removeEventListener("storage", this.#storage);
    this.#items.clear();
  }

  // of lists what is unsent in a study, in the order it was written.
  of(studyId) {
    return [...this.#items.values()].filter((m) => m.studyId === studyId).sort((a, b) => a.at - b.at);
  }

  add(studyId, content) {
    const at = Math.max(Date.now(), ...this.of(studyId).map((m) => m.at + 1));
    const item = { clientId: newClientId(), studyId, content, at, state: "waiting", error: "" };
    this.#items.set(item.clientId, item);
    this.#save(item);
    this.flush(studyId);
  }

  retry(clientId) {
    const item = this.#items.get(clientId);
    if (!item) return;
    this.#set(item, "waiting");
    this.flush(item.studyId);
  }

  discard(clientId) {
    const item = this.#items.get(clientId);
    if (item) this.#forget(item);
  }

  // seen drops a message of ours that came back over another way.
  seen(clientId) {
    const item = clientId && this.#items.get(clientId);
    if (item) this.#forget(item);
  }

  // flushAll sends all that waits, after the line is back.
  flushAll() {
    for (const studyId of new Set([...this.#items.values()].map((m) => m.studyId))) this.flush(studyId);
  }

  // flush sends what waits in a study, one after the other: order is kept.
  async flush(studyId) {
    if (this.#busy.has(studyId)) return;
    this.#busy.add(studyId);
    try {
      for (;;) {
        const item = this.of(studyId).find((m) => m.state !== "failed");
        if (!item || this.#connection.state !== "online") return;
        this.#set(item, "sending");
        if (!(await this.#send(item))) return;
      }
    } finally {
      this.#busy.delete(studyId);
    }
  }

  // send returns whether the next one may go.
  async #send(item) {
    for (let tries = 1; this.#items.has(item.clientId); tries++) {
      try {
        const ack = await this.#connection.request("send_message", {
          studyId: item.studyId,
          content: item.content,
          clientId: item.clientId,
        });
        this.#items.delete(item.clientId);
        localStorage.removeItem(this.#prefix + item.clientId);
        this.dispatchEvent(new CustomEvent("sent", { detail: { item, ack } }));
        return true;
      } catch (err) {
        if (!(err instanceof RequestError)) throw err;
        if (!this.#items.has(item.clientId)) return true; // discarded meanwhile
        if (!(await this.#mayTryAgain(item, err, tries))) return item.state === "failed";
      }
    }
    return true; // discarded
  }

  async #mayTryAgain(item, err, tries) {
    switch (err.code) {
      case "disconnected":
        this.#set(item, "waiting");
        return false;
      case "timeout":
        this.#set(item, "waiting");
        this.#connection.probe(); // hangs up if nobody is there
        return this.#connection.state === "online";
      case "rate_limited":
        await sleep(Math.max(err.retryAfterMs || 1000, 50) + Math.random() * 100);
        return true;
      case "not_joined":
        if (await this.#join(item.studyId)) return true;
        if (this.#connection.state === "online") this.#set(item, "failed", "forbidden"); // we are out
        else this.#set(item, "waiting");
        return false;
      case "unavailable": // the store is away: it will be back
        this.#set(item, "delayed");
        await sleep(Math.min(500 * tries, 5000) + Math.random() * 500);
        return true;
    }
    this.#set(item, "failed", err.code);
    return false;
  }

  #set(item, state, error = "") {
    item.state = state;
    item.error = error;
    this.#save(item);
  }

  #save(item) {
    try {
      localStorage.setItem(this.#prefix + item.clientId, JSON.stringify(item));
    } catch {
      // Storage is full or forbidden: it is kept for as long as the page is.
    }
    this.#changed(item.studyId);
  }

  #forget(item) {
    this.#items.delete(item.clientId);
    localStorage.removeItem(this.#prefix + item.clientId);
    this.#changed(item.studyId);
  }

  #restore(json) {
    try {
      const item = JSON.parse(json);
      if (item.state !== "failed") item.state = "waiting";
      if (item.clientId && item.studyId && !this.#items.has(item.clientId)) this.#items.set(item.clientId, item);
      return item;
    } catch {
      return null;
    }
  }

  // hearOtherTab follows what another tab of the same user wrote or got rid of.
  #hearOtherTab({ key, newValue }) {
    if (!key?.startsWith(this.#prefix)) return;
    const item = this.#items.get(key.slice(this.#prefix.length));
    if (newValue === null && item) {
      this.#items.delete(item.clientId);
      this.#changed(item.studyId);
    }
  }

  #changed(studyId) {
    this.dispatchEvent(new CustomEvent("change", { detail: { studyId } }));
  }
}
