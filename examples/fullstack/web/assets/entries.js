// What a conversation consists of: messages, unsent messages, and rules between
// days and before what is unread.

import { attachmentsOf } from "./attachments.js";
import { h } from "./dom.js";
import { dayOf, fullTimeOf, t, timeOf } from "./i18n.js";
import { blocks, plainOf } from "./markdown.js";
import { pictureOf } from "./pictures.js";

const TOGETHER = 5 * 60_000; // messages of one author this close share a header

// entriesOf lists the entries in order, unsent messages last. Each has a key, a
// function that makes its element, and follows if it needs no header. Messages
// after seq unreadAfter come after the unread rule; 0 draws none. view has the user (me), the outbox,
// nameOf, quoted, react, jump, tools and readers: see Chat.
export function entriesOf({ messages, unsent, unreadAfter, view }) {
  const { me } = view;
  const entries = [];
  let before = null;
  let beforeAt = null;
  let day = ""; // of the message before
  let marked = unreadAfter === 0;
  const lastOwn = messages.findLast((m) => m.userId === me.userId && !m.deletedAt)?.seq;
  for (const m of messages) {
    const at = new Date(m.sentAt);
    const onDay = at.toDateString();
    const newDay = onDay !== day;
    day = onDay;
    if (newDay) entries.push({ key: `day ${day} ${dayOf(at)}`, make: () => rule("day", dayOf(at)) });
    const newRule = !marked && m.seq > unreadAfter;
    if (newRule) {
      marked = true;
      entries.push({ key: "unread", make: () => rule("unread", t("unreadLine")) });
    }
    const follows =
      !newDay && !newRule && !m.replyTo && before.userId === m.userId && before.userName === m.userName && at - beforeAt < TOGETHER;
    const readers = m.seq === lastOwn ? view.readers(m.seq) : null;
    const quoted = m.replyTo && view.quoted(m.replyTo);
    entries.push({
      key: `m ${m.seq} ${m.deletedAt ?? m.editedAt ?? ""} ${readers} ${summary(m)} ${quoted ? quoted.editedAt ?? quoted.deletedAt ?? 1 : ""}`,
      follows,
      make: () => message(m, at, quoted, readers, view),
    });
    before = m;
    beforeAt = at;
  }
  for (const m of unsent) {
    entries.push({
      key: `p ${m.clientId} ${m.state}`,
      follows: before?.userId === me.userId,
      make: () => unsentMessage(m, view),
    });
    before = { userId: me.userId };
  }
  return entries;
}

const summary = (m) => (m.reactions ?? []).map((r) => `${r.emoji}${r.count}${r.userIds.join()}`).join();

function message(m, at, quoted, readers, view) {
  const { me } = view;
  const mine = m.userId === me.userId;
  const named = m.mentions?.includes(me.userId) && !mine;
  return h(
    "article",
    { class: `message${mine ? " mine" : ""}${named ? " named" : ""}`, dataset: { seq: m.seq } },
    pictureOf(m.userId, m.userName),
    h("header", {}, h("b", { class: "who", dir: "auto" }, m.userName || m.userId), time(at)),
    h("div", { class: "margin-time", "aria-hidden": "true" }, timeOf(at)),
    m.replyTo && !m.deletedAt && quote(m.replyTo, quoted, view),
    m.deletedAt
      ? h("div", { class: "said gone" }, t("deleted"))
      : m.content !== "" && h("div", { class: "said", dir: "auto" }, blocks(m.content, mentionIn(m, view))),
    m.deletedAt ? null : attachmentsOf(m.attachments, view.fileOf),
    !m.deletedAt && foot(m, readers, view),
    !m.deletedAt &&
      h("button", { type: "button", class: "tools-button", tabindex: "-1", "aria-haspopup": "menu", "aria-label": t("actionsOn", { name: m.userName, text: plainOf(m.content).slice(0, 40) }), onclick: (e) => view.tools(m, e.currentTarget) }, "⋯"),
  );
}

function foot(m, readers, view) {
  const parts = [
    m.editedAt && h("span", { class: "edited", title: fullTimeOf(new Date(m.editedAt)) }, t("edited")),
    ...(m.reactions ?? []).map((r) => {
      const on = r.userIds.includes(view.me.userId);
      const names = r.userIds.map((id) => view.nameOf(id)).filter(Boolean).join(", ");
      return h(
        "button",
        { type: "button", class: "reaction", "aria-pressed": String(on), title: names, "aria-label": `${r.emoji} ${r.count}${names ? `: ${names}` : ""}`, onclick: () => view.react(m, r.emoji, !on) },
        `${r.emoji} ${r.count}`,
      );
    }),
    readers !== null && readers > 0 && h("span", { class: "edited" }, t("unreadBy", { n: readers })),
  ].filter(Boolean);
  return parts.length > 0 && h("div", { class: "foot" }, parts);
}

// quote shows the message that is answered in one line.
function quote(seq, quoted, view) {
  const text = !quoted ? t("earlierMessage") : quoted.deletedAt ? t("deleted") : plainOf(quoted.content).slice(0, 120) || t("file");
  return h(
    "button",
    { type: "button", class: "quoted", onclick: () => view.jump(seq) },
    h("b", { dir: "auto" }, quoted ? quoted.userName : t("replyTo")),
    h("span", { dir: "auto" }, text),
  );
}

// mentionIn returns the function that finds "@name" of those who are mentioned in a message.
function mentionIn(m, view) {
  const names = (m.mentions ?? []).map((id) => [id, view.nameOf(id)]).filter(([, name]) => name).sort((a, b) => b[1].length - a[1].length);
  return (text) => {
    const found = names.find(([, name]) => text.startsWith(`@${name}`));
    return found ? [h("span", { class: found[0] === view.me.userId ? "mention me" : "mention" }, `@${found[1]}`), found[1].length + 1] : null;
  };
}

function unsentMessage(m, { me, outbox }) {
  const failed = m.state === "failed";
  const reason = { too_large: "tooLarge", forbidden: "forbidden", unavailable: "unavailable" }[m.error];
  return h(
    "article",
    { class: `message mine pending ${m.state}`, dataset: { clientId: m.clientId } },
    pictureOf(me.userId, me.userName),
    h("header", {}, h("b", { class: "who", dir: "auto" }, me.userName)),
    m.content !== "" && h("div", { class: "said", dir: "auto" }, blocks(m.content)),
    (m.more?.attachments ?? []).map((a) => h("span", { class: "file-name" }, a.name)),
    h(
      "div",
      { class: "fate", role: failed ? "alert" : undefined },
      h("span", {}, failed ? `${t("failed")}${reason ? ` · ${t(reason)}` : ""}` : t(m.state)),
      failed && h("button", { type: "button", class: "text", onclick: () => outbox.retry(m.clientId) }, t("retry")),
      m.state !== "sending" &&
        h("button", { type: "button", class: "text", onclick: () => outbox.discard(m.clientId) }, t("discard")),
    ),
  );
}

const time = (at) => h("time", { datetime: at.toISOString(), title: fullTimeOf(at) }, timeOf(at));

const rule = (kind, text) => h("div", { class: `rule ${kind}`, role: "separator", "aria-label": text }, h("span", {}, text));
