// What a conversation consists of: messages, unsent messages, and rules between
// days and before what is unread.

import { h, seal, withLinks } from "./dom.js";
import { dayOf, fullTimeOf, t, timeOf } from "./i18n.js";

const TOGETHER = 5 * 60_000; // messages of one author this close share a header

// entriesOf lists the entries in order, unsent messages last. Each has a key, a
// function that makes its element, and follows if it needs no header. Messages
// after seq unreadAfter come after the unread rule; 0 draws none.
export function entriesOf({ messages, unsent, unreadAfter, me, outbox }) {
  const entries = [];
  let before = null;
  let marked = unreadAfter === 0;
  for (const m of messages) {
    const at = new Date(m.sentAt);
    const newDay = !before || new Date(before.sentAt).toDateString() !== at.toDateString();
    if (newDay) entries.push({ key: `day ${at.toDateString()} ${dayOf(at)}`, make: () => rule("day", dayOf(at)) });
    const newRule = !marked && m.seq > unreadAfter;
    if (newRule) {
      marked = true;
      entries.push({ key: "unread", make: () => rule("unread", t("unreadLine")) });
    }
    const follows =
      !newDay && !newRule && before.userId === m.userId && before.userName === m.userName && at - new Date(before.sentAt) < TOGETHER;
    entries.push({ key: `m ${m.seq} ${m.deletedAt ?? m.editedAt ?? ""}`, follows, make: () => message(m, at, me) });
    before = m;
  }
  for (const m of unsent) {
    entries.push({
      key: `p ${m.clientId} ${m.state}`,
      follows: before?.userId === me.userId,
      make: () => unsentMessage(m, me, outbox),
    });
    before = { userId: me.userId };
  }
  return entries;
}

function message(m, at, me) {
  const mine = m.userId === me.userId;
  return h(
    "article",
    { class: mine ? "message mine" : "message", dataset: { seq: m.seq } },
    seal(m.userId, m.userName),
    h("header", {}, h("b", { class: "who" }, m.userName || m.userId), time(at)),
    h("div", { class: "margin-time", "aria-hidden": "true" }, timeOf(at)),
    m.deletedAt
      ? h("p", { class: "said gone" }, t("deleted"))
      : h("p", { class: "said", dir: "auto" }, withLinks(m.content)),
    m.editedAt && !m.deletedAt && h("span", { class: "edited", title: fullTimeOf(new Date(m.editedAt)) }, t("edited")),
  );
}

function unsentMessage(m, me, outbox) {
  const failed = m.state === "failed";
  const reason = { too_large: "tooLarge", forbidden: "forbidden", unavailable: "unavailable" }[m.error];
  return h(
    "article",
    { class: `message mine pending ${m.state}`, dataset: { clientId: m.clientId } },
    seal(me.userId, me.userName),
    h("header", {}, h("b", { class: "who" }, me.userName)),
    h("p", { class: "said", dir: "auto" }, m.content),
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
