// A client of the native endpoint: it stays connected, keeps its rooms, and shows each message once
// and in order.

import { Connection, RequestError, delayOf } from "./connection.js";
import { Outbox, newClientId } from "./outbox.js";

const RENEW_BEFORE = 60_000; // ms before the identity expires
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export class Client {
  #connection;
  #outbox;
  #token;
  #listeners = new Map(); // event -> Set of functions
  #rooms = new Map(); // studyId -> {last, lastSentAt, joining, joined}
  #sends = new Map(); // clientId -> {resolve, reject}
  #renewal = 0;
  #closed = false;
  #tries = 0; // calls of token in a row that failed

  // url is that of the endpoint, ws:// or wss://. token returns a token, or a promise of one; it is
  // asked at the start, before the last one expires, and when one was refused. storage keeps what
  // is to be sent (see memory in outbox.js), under the name of user.
  constructor({ url, token, user = "", storage, WebSocket }) {
    if (typeof token !== "function") throw new TypeError("token must be a function that returns a token");
    this.#token = token;
    this.#connection = new Connection(url, { WebSocket });
    this.#outbox = new Outbox(this.#connection, user, (studyId) => this.#rejoin(studyId), storage);
    this.#connection.addEventListener("state", ({ detail }) => this.#followState(detail));
    this.#connection.addEventListener("event", ({ detail }) => this.#receive(detail.event, detail.data));
    this.#connection.addEventListener("authenticated", ({ detail }) => this.#authenticated(detail));
    this.#connection.addEventListener("unauthorized", () => this.#start());
    this.#outbox.addEventListener("sent", ({ detail }) => this.#settle(detail.item, (s) => s.resolve(detail.ack)));
    this.#outbox.addEventListener("failed", ({ detail }) => this.#fail(detail));
    this.#start();
  }

  // state is "offline", "connecting", "online", "waiting" or "refused".
  get state() {
    return this.#connection.state;
  }

  // on calls listener with the data of each event, and returns a function that ends that.
  on(event, listener) {
    if (!this.#listeners.has(event)) this.#listeners.set(event, new Set());
    this.#listeners.get(event).add(listener);
    return () => this.#listeners.get(event).delete(listener);
  }

  // join joins a study, and joins it again after each reconnection. Without after it begins at the
  // newest message. The promise resolves to the ack, also if the client is offline now.
  // presence asks who is there, and reads what the user has read: see the ack.
  join(studyId, { after, afterSentAt, presence, reads } = {}) {
    const room = { last: after, lastSentAt: afterSentAt, asks: { presence, reads }, joined: false, joining: null };
    this.#rooms.set(studyId, room);
    return this.#join(studyId, room);
  }

  // leave leaves a study.
  async leave(studyId) {
    this.#rooms.delete(studyId);
    if (this.state === "online") await this.#connection.request("leave_room", { studyId }).catch(() => {});
  }

  // send sends a message. The promise resolves to the ack when it is stored, however long that
  // takes, and rejects with a RequestError if it was refused. Messages of a study keep their order.
  // more has replyTo, mentions, attachments and meta.
  send(studyId, content, more) {
    return new Promise((resolve, reject) => {
      const { clientId } = this.#outbox.add(studyId, content, more);
      this.#sends.set(clientId, { resolve, reject });
    });
  }

  // edit replaces what a message of this user says. more has mentions, attachments and meta: what is
  // left out is gone. The promise resolves to the ack, or rejects with a RequestError.
  edit(studyId, messageSeq, content, more) {
    return this.#change("edit_message", { studyId, messageSeq, content, ...more });
  }

  // delete deletes a message.
  delete(studyId, messageSeq) {
    return this.#change("delete_message", { studyId, messageSeq });
  }

  // react adds a reaction to a message, or takes it away.
  react(studyId, messageSeq, emoji, on = true) {
    return this.#change("react", { studyId, messageSeq, emoji, on });
  }

  // markRead keeps how far the user has read in a study, which need not be joined. The promise
  // resolves to the ack: {studyId, seq, unread}.
  markRead(studyId, seq) {
    return this.#change("mark_read", { studyId, seq });
  }

  // typing tells the others that the user is writing. Call it while one writes: the server ignores
  // what comes within 2 s. It is not repeated.
  typing(studyId) {
    if (this.state === "online") this.#connection.request("typing", { studyId }).catch(() => {});
  }

  // signal passes data to all connections of a user in a study that is joined: for calls. It is not
  // stored and not repeated: the promise rejects without a connection.
  signal(studyId, userId, kind, data) {
    return this.#connection.request("signal", { studyId, to: userId, kind, data });
  }

  // change sends a change until it has an answer, with the same client id, so it is made once.
  async #change(event, data) {
    data = { ...data, clientId: newClientId() };
    for (let tries = 0; ; tries++) {
      if (this.#closed) throw new RequestError("disconnected");
      if (this.state !== "online") {
        await this.#online();
        continue;
      }
      try {
        return await this.#connection.request(event, data);
      } catch (err) {
        if (err.code === "not_joined" && this.#rooms.has(data.studyId)) {
          await this.#join(data.studyId, this.#rooms.get(data.studyId)); // one that is under way
          continue;
        }
        if (!["disconnected", "timeout", "unavailable", "rate_limited"].includes(err.code)) throw err;
        if (err.code === "timeout") this.#connection.probe();
        if (err.code !== "disconnected") await sleep(Math.max(err.retryAfterMs, delayOf(tries)));
      }
    }
  }

  // close ends the connection. What was not sent is rejected as "disconnected", but stays in
  // storage.
  close() {
    this.#closed = true;
    clearTimeout(this.#renewal);
    this.#connection.stop();
    this.#outbox.close();
    for (const { reject } of this.#sends.values()) reject(new RequestError("disconnected"));
    this.#sends.clear();
  }

  async #start() {
    let token;
    try {
      token = await this.#token();
      this.#tries = 0;
    } catch {
      clearTimeout(this.#renewal);
      if (!this.#closed) this.#renewal = setTimeout(() => this.#start(), delayOf(this.#tries++));
      return;
    }
    if (!this.#closed) this.#connection.start(token);
  }

  #authenticated(user) {
    clearTimeout(this.#renewal);
    const left = Date.parse(user.expiresAt) - Date.now() - RENEW_BEFORE;
    this.#renewal = setTimeout(() => this.#start(), Math.min(Math.max(left, 5000), 2 ** 31 - 1));
    this.#emit("auth_success", user);
  }

  #followState({ state, retryAt }) {
    this.#emit("state", { state, retryAt });
    for (const [studyId, room] of this.#rooms) {
      room.joined = false;
      if (state === "online") this.#join(studyId, room).catch(() => {});
    }
    if (state === "online") this.#outbox.flushAll();
  }

  // join resolves to the ack once the room is joined. One join of a room is under way at a time.
  #join(studyId, room) {
    room.joining ??= this.#tryJoin(studyId, room).finally(() => (room.joining = null));
    return room.joining;
  }

  async #tryJoin(studyId, room) {
    for (let tries = 0; ; tries++) {
      if (this.#rooms.get(studyId) !== room || this.#closed) throw new RequestError("disconnected");
      if (this.state !== "online") {
        await this.#online();
        continue;
      }
      try {
        const after = room.last === undefined ? {} : { after: room.last, ...(room.lastSentAt && { afterSentAt: room.lastSentAt }) };
        const ack = await this.#connection.request("join_room", { studyId, ...after, ...room.asks });
        room.joined = true;
        const anew = ack.truncated || ack.reset || room.last === undefined;
        if (anew) Object.assign(room, { last: ack.seq, lastSentAt: ack.sentAt });
        if (ack.truncated || ack.reset) this.#emit("missed", ack);
        return ack;
      } catch (err) {
        if (!["disconnected", "timeout", "unavailable", "rate_limited"].includes(err.code)) {
          if (this.#rooms.get(studyId) === room) this.#rooms.delete(studyId);
          throw err;
        }
        if (err.code === "timeout") this.#connection.probe();
        if (err.code !== "disconnected") await sleep(Math.max(err.retryAfterMs, delayOf(tries)));
      }
    }
  }

  // online resolves at the next change to online, or when the client is closed.
  #online() {
    return new Promise((done) => {
      const look = () => {
        if (this.state !== "online" && !this.#closed) return;
        this.#connection.removeEventListener("state", look);
        done();
      };
      this.#connection.addEventListener("state", look);
      look();
    });
  }

  // rejoin joins a room for the outbox.
  async #rejoin(studyId) {
    const room = this.#rooms.get(studyId) ?? { joining: null };
    this.#rooms.set(studyId, room);
    return this.#join(studyId, room).then(() => true, () => false);
  }

  #receive(event, data) {
    const room = data.studyId && this.#rooms.get(data.studyId);
    switch (event) {
      case "new_message":
      case "message_edited":
      case "message_deleted":
      case "message_reaction":
      case "messages_erased":
        if (event === "messages_erased" && !data.seq) break; // it was not erased through the library
        if (!room || data.seq <= (room.last ?? -1)) return; // shown before, or of a room that was left
        Object.assign(room, { last: data.seq, lastSentAt: data.sentAt });
        if (event !== "new_message") break;
        this.#outbox.seen(data.clientId);
        this.#settle(data, (s) => s.resolve(ackOf(data)));
        break;
      case "room_reset":
        if (room) Object.assign(room, { last: data.seq, lastSentAt: data.sentAt });
        break;
      case "room_left":
        this.#rooms.delete(data.studyId);
        break;
    }
    this.#emit(event, data);
  }

  #fail({ item, error }) {
    this.#outbox.discard(item.clientId);
    this.#settle(item, (s) => s.reject(error));
  }

  // settle settles the promise of a send, once.
  #settle({ clientId }, how) {
    const send = clientId && this.#sends.get(clientId);
    if (!send) return;
    this.#sends.delete(clientId);
    how(send);
  }

  #emit(event, data) {
    for (const listener of this.#listeners.get(event) ?? []) listener(data);
  }
}

// ackOf returns the ack of a message that the client has seen before its ack.
function ackOf({ id, studyId, seq, sentAt, clientId }) {
  return { id, studyId, seq, sentAt, clientId };
}
