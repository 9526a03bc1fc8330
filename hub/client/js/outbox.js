// Messages that were written and are not yet known to be stored. With a storage that lasts they
// survive a reload. Each keeps its client id, by which the server recognizes a message that
// is sent again. Each has a storage key of its own: two tabs must not overwrite
// each other's messages.
//
// Events it dispatches: "change" (detail: studyId), "sent" (detail: item, ack), "failed" (detail:
// item, error).

import { RequestError } from "./connection.js";

// memory returns a storage that is gone when the program ends.
export function memory() {
  const kept = new Map();
  return {
    get: (key) => kept.get(key) ?? null,
    set: (key, value) => kept.set(key, value),
    remove: (key) => kept.delete(key),
    keys: (prefix) => [...kept.keys()].filter((key) => key.startsWith(prefix)),
  };
}

// newClientId works on plain http too, where randomUUID does not exist.
export function newClientId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export class Outbox extends EventTarget {
  #connection;
  #prefix;
  #items = new Map(); // clientId -> {clientId, studyId, content, more, at, state, error}
  #busy = new Set(); // studies with a flush under way
  #join;
  #storage;
  #follow;

  // join joins a study and resolves to whether that worked. The outbox calls it
  // when the hub answers that the connection is not in the room.
  constructor(connection, userId, join, storage = memory()) {
    super();
    this.#storage = storage;
    this.#connection = connection;
    // No id has a space, so no user's prefix is the beginning of another user's.
    this.#prefix = `coup.outbox.${userId} `;
    this.#join = join;
    this.#follow = (e) => this.#followOtherTab(e);
    globalThis.window?.addEventListener("storage", this.#follow);
    for (const key of storage.keys(this.#prefix)) this.#restore(storage.get(key));
  }

  // close stops listening. Unsent messages stay in storage.
  close() {
    globalThis.window?.removeEventListener("storage", this.#follow);
    this.#items.clear();
  }

  // of lists the unsent messages of a study in the order they were written.
  of(studyId) {
    return [...this.#items.values()].filter((m) => m.studyId === studyId).sort((a, b) => a.at - b.at);
  }

  // add adds a message. more has replyTo, mentions, attachments and meta, if the message has them.
  add(studyId, content, more) {
    const at = Math.max(Date.now(), ...this.of(studyId).map((m) => m.at + 1));
    const item = { clientId: newClientId(), studyId, content, more, at, state: "waiting", error: "" };
    this.#items.set(item.clientId, item);
    this.#save(item);
    this.flush(studyId);
    return item;
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

  // seen drops a message that was delivered by the server, so it is stored.
  seen(clientId) {
    const item = clientId && this.#items.get(clientId);
    if (item) this.#forget(item);
  }

  // flushAll sends all waiting messages. It is called when the connection is back.
  flushAll() {
    for (const studyId of new Set([...this.#items.values()].map((m) => m.studyId))) this.flush(studyId);
  }

  // flush sends the waiting messages of a study one after the other, which keeps
  // their order.
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

  // send resolves to whether flush may go on to the next message.
  async #send(item) {
    for (let tries = 1; this.#items.has(item.clientId); tries++) {
      try {
        const ack = await this.#connection.request("send_message", {
          studyId: item.studyId,
          content: item.content,
          clientId: item.clientId,
          ...item.more,
        });
        this.#items.delete(item.clientId);
        this.#storage.remove(this.#prefix + item.clientId);
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
        this.#connection.probe(); // closes the connection if the hub does not answer
        return this.#connection.state === "online";
      case "rate_limited":
        await sleep(Math.max(err.retryAfterMs || 1000, 50) + Math.random() * 100);
        return true;
      case "not_joined":
        if (await this.#join(item.studyId)) return true;
        if (this.#connection.state !== "online") {
          this.#set(item, "waiting");
          return false;
        }
        this.#set(item, "failed", "forbidden"); // the user is no member any more
        this.dispatchEvent(new CustomEvent("failed", { detail: { item, error: new RequestError("forbidden") } }));
        return false;
      case "unavailable": // the store is unreachable for now
        this.#set(item, "delayed");
        await sleep(Math.min(500 * tries, 5000) + Math.random() * 500);
        return true;
    }
    this.#set(item, "failed", err.code);
    this.dispatchEvent(new CustomEvent("failed", { detail: { item, error: err } }));
    return false;
  }

  #set(item, state, error = "") {
    item.state = state;
    item.error = error;
    this.#save(item);
  }

  #save(item) {
    this.#storage.set(this.#prefix + item.clientId, JSON.stringify(item));
    this.#changed(item.studyId);
  }

  #forget(item) {
    this.#items.delete(item.clientId);
    this.#storage.remove(this.#prefix + item.clientId);
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

  // followOtherTab drops a message that another tab of the same user has sent or
  // discarded.
  #followOtherTab({ key, newValue }) {
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
