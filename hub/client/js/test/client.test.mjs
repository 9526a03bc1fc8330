// Run by js_test.go, which starts the server: CHAT is the URL of the endpoint, CONTROL that of a
// handler that cuts connections (cut), refuses new ones (down) and lets them in again (up).

import assert from "node:assert/strict";
import { test } from "node:test";
import { WebSocket } from "ws";
import { Client, RequestError } from "../index.js";

const { CHAT, CONTROL } = process.env;
const control = (what) => fetch(`${CONTROL}/${what}`, { method: "POST" });
const open = (user, more) => new Client({ url: CHAT, token: () => user, WebSocket, ...more });

// until resolves when check is true.
async function until(what, check) {
  for (const deadline = Date.now() + 20_000; !check(); ) {
    assert.ok(Date.now() < deadline, `not in time: ${what}`);
    await new Promise((done) => setTimeout(done, 5));
  }
}

// watch keeps what a client shows of a study.
function watch(client, studyId) {
  const seen = [];
  client.on("new_message", (m) => m.studyId === studyId && seen.push(m));
  return seen;
}

const inOrder = (seen, first) => seen.forEach((m, i) => assert.equal(m.seq, first + i));

test("two users chat", async () => {
  const mina = open("mina"), sora = open("sora");
  const seen = watch(sora, "a");
  assert.deepEqual(await mina.join("a"), { studyId: "a", seq: 0 });
  await sora.join("a");
  const ack = await mina.send("a", " hello 한글 👋 ");
  assert.equal(ack.seq, 1);
  await until("sora has it", () => seen.length === 1);
  assert.equal(seen[0].content, "hello 한글 👋");
  assert.equal(seen[0].userId, "mina");
  const more = { replyTo: 1, mentions: ["sora"], attachments: [{ url: "/a.png", name: "a.png" }], meta: { page: 3 } };
  await mina.send("a", "more than text", more);
  await until("sora has all of it", () => seen.length === 2);
  const { replyTo, mentions, attachments, meta } = seen[1];
  assert.deepEqual({ replyTo, mentions, attachments, meta }, more);
  await sora.leave("a");
  await mina.send("a", "alone");
  assert.equal(seen.length, 2);
  mina.close();
  sora.close();
});

test("messages are edited, reacted to and deleted", async () => {
  const mina = open("mina"), sora = open("sora");
  await Promise.all([mina.join("changes"), sora.join("changes")]);
  const seen = [];
  for (const event of ["new_message", "message_edited", "message_reaction", "message_deleted"]) {
    sora.on(event, (d) => seen.push([event, d.seq, d.messageSeq, d.content ?? d.emoji]));
  }
  await mina.send("changes", "hello");
  assert.equal((await mina.edit("changes", 1, "better", { meta: { a: 1 } })).seq, 2);
  assert.equal((await sora.react("changes", 1, "👍")).count, 1);
  assert.equal((await sora.react("changes", 1, "👍")).seq, 0);
  await assert.rejects(sora.delete("changes", 1), (err) => err instanceof RequestError && err.code === "forbidden");
  assert.equal((await mina.delete("changes", 1)).seq, 4);
  await until("sora has all", () => seen.length === 4);
  assert.deepEqual(seen, [
    ["new_message", 1, undefined, "hello"], ["message_edited", 2, 1, "better"], ["message_reaction", 3, 1, "👍"], ["message_deleted", 4, 1, undefined],
  ]);
  mina.close();
  sora.close();
});

test("who is there, who types, what was read, and signals", async () => {
  const mina = open("mina"), sora = open("sora");
  const seen = [];
  mina.on("presence", (d) => seen.push(`${d.userId} ${d.online}`));
  mina.on("user_typing", (d) => seen.push(`${d.userId} types`));
  mina.on("signal", (d) => seen.push(`${d.from} ${d.kind} ${JSON.stringify(d.data)}`));
  const joined = await mina.join("live", { presence: true, reads: true });
  assert.deepEqual(joined.online.map((u) => u.userId), ["mina"]);
  assert.deepEqual([joined.onlineCount, joined.readSeq, joined.unread], [1, 0, 0]);
  await sora.join("live");
  await until("mina sees sora", () => seen.includes("sora true"));
  sora.typing("live");
  await sora.signal("live", "mina", "offer", { sdp: "v=0" });
  await until("mina has both", () => seen.length === 3);
  assert.deepEqual(seen, ["sora true", "sora types", 'sora offer {"sdp":"v=0"}']);
  await sora.send("live", "one");
  await sora.send("live", "two");
  assert.deepEqual(await mina.markRead("live", 1), { studyId: "live", seq: 1, unread: 1 });
  sora.close();
  await until("mina sees that sora left", () => seen.includes("sora false"));
  mina.close();
});

test("connections that are cut lose nothing and repeat nothing", async () => {
  const mina = open("mina"), sora = open("sora");
  const seen = watch(sora, "b"), own = watch(mina, "b");
  await Promise.all([mina.join("b"), sora.join("b")]);
  const sends = [];
  for (let i = 0; i < 60; i++) {
    sends.push(mina.send("b", `m${i}`));
    if (i % 20 === 10) {
      await sends[i];
      await control("cut");
    }
  }
  const acks = await Promise.all(sends);
  acks.forEach((ack, i) => assert.equal(ack.seq, i + 1));
  for (const all of [seen, own]) {
    await until("all are there", () => all.length === 60);
    inOrder(all, 1);
    assert.deepEqual(all.map((m) => m.content), sends.map((_, i) => `m${i}`));
  }
  mina.close();
  sora.close();
});

test("what is written offline is sent in order", async () => {
  const mina = open("mina");
  const seen = watch(mina, "c");
  await mina.join("c");
  await control("down");
  await control("cut");
  await until("it is offline", () => mina.state !== "online");
  const sends = [1, 2, 3, 4, 5].map((n) => mina.send("c", `offline ${n}`));
  await control("up");
  assert.deepEqual((await Promise.all(sends)).map((ack) => ack.seq), [1, 2, 3, 4, 5]);
  await until("all are there", () => seen.length === 5);
  inOrder(seen, 1);
  mina.close();
});

test("a client without rooms joins for what it sends", async () => {
  const mina = open("mina");
  assert.equal((await mina.send("d", "first")).seq, 1);
  mina.close();
});

test("what the server refuses is an error", async () => {
  const mina = open("mina");
  await mina.join("e");
  await assert.rejects(mina.send("e", "   "), (err) => err instanceof RequestError && err.code === "empty");
  await assert.rejects(mina.send("e", "x".repeat(2001)), { code: "too_large" });
  await assert.rejects(mina.join("secret"), { code: "forbidden" });
  await assert.rejects(mina.send("secret", "x"), { code: "forbidden" });
  assert.equal((await mina.send("e", "after that")).seq, 1);
  mina.close();
});

test("too much was missed", async () => {
  const mina = open("mina");
  const missed = [];
  mina.on("missed", (m) => missed.push(m));
  const ack = await mina.join("full", { after: 1 });
  assert.equal(ack.truncated, true);
  assert.deepEqual(missed.map((m) => m.studyId), ["full"]);
  const seen = watch(mina, "full");
  await mina.join("full", { after: ack.seq - 3 });
  await until("the rest is replayed", () => seen.length === 3);
  inOrder(seen, ack.seq - 2);
  mina.close();
});

test("a token is renewed before it expires", async () => {
  let asked = 0;
  const mina = open("", { token: () => (asked++ ? "mina" : "mina:8s") });
  const states = [];
  mina.on("state", ({ state }) => states.push(state));
  await mina.join("f");
  await until("there is a second token", () => asked === 2);
  const begin = Date.now();
  await until("the first has expired", () => Date.now() - begin > 4000);
  assert.equal((await mina.send("f", "still here")).seq, 1);
  assert.deepEqual(states.filter((s) => s !== "connecting"), ["online"]);
  mina.close();
});

test("a token that is refused is asked for again", async () => {
  let asked = 0;
  const mina = open("", { token: () => (asked++ ? "mina" : "bad") });
  assert.equal((await mina.join("g")).seq, 0);
  assert.equal(asked, 2);
  mina.close();
});

test("closing rejects what was not sent", async () => {
  const mina = open("mina");
  await control("down");
  await control("cut");
  const sent = mina.send("h", "never");
  mina.close();
  await assert.rejects(sent, { code: "disconnected" });
  await control("up");
});
