package browser

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// outages are scenarios of TestModulesOfThePage in which a connection or a server fails.
var outages = []scenario{
	{"a user who was removed while offline learns it", `(async () => {
		const { Rooms } = await import("/assets/rooms.js");
		const line = Object.assign(new EventTarget(), { state: "offline", request: () => Promise.reject(Object.assign(new Error(), { code: "forbidden" })) });
		let list = [{ id: "kicked", member: true }, { id: "gone", member: true }, { id: "stays", member: true }, { id: "other", member: false }];
		const rooms = new Rooms({ studies: async () => list }, line, { userId: "ada" });
		const left = [];
		rooms.addEventListener("left", (e) => left.push(e.detail.study.id + " " + e.detail.reason));
		await rooms.refresh();
		list = [{ id: "kicked", member: false }, { id: "stays", member: true }];
		line.state = "online";
		line.dispatchEvent(new Event("state"));
		await rooms.refresh();
		await rooms.refresh();
		rooms.close();
		return left.join(", ");
	})()`, "kicked kicked, gone study_deleted"},
	{"a list that was requested before a study was left does not bring it back", `(async () => {
		const { Rooms } = await import("/assets/rooms.js");
		const line = Object.assign(new EventTarget(), { state: "offline" });
		const before = [{ id: "s", member: true }], after = [{ id: "s", member: false }];
		let answers = [];
		const rooms = new Rooms({ studies: () => new Promise((done) => answers.push(done)) }, line, { userId: "ada" });
		const told = [];
		rooms.addEventListener("left", (e) => told.push(e.detail.study.id));
		const first = rooms.refresh();
		answers[0](before);
		await first;
		const old = rooms.refresh();
		rooms.forget("s");
		answers[1](before);
		while (answers.length < 3) await new Promise((done) => setTimeout(done, 5));
		const between = rooms.study("s").member;
		answers[2](after);
		await old;
		// Of two requests at the same time, the later one counts.
		const slow = rooms.refresh(), quick = rooms.refresh();
		answers[4](before);
		await quick;
		answers[3](after);
		await slow;
		rooms.close();
		return [between, rooms.study("s").member, told.length].join(" ");
	})()`, "false true 0"},
	{"after a long absence only the newest page is read", `(async () => {
		const { Rooms } = await import("/assets/rooms.js");
		const said = (seq) => ({ id: "s:" + seq, studyId: "s", seq, userId: "ben", userName: "Ben", content: "m" + seq });
		let head = 3;
		const asked = [];
		const line = Object.assign(new EventTarget(), { state: "online", request: async (_, { after }) => ({ studyId: "s", seq: head, truncated: head - after > 500 }) });
		const api = {
			studies: async () => [{ id: "s", member: true, head }],
			messages: async (_, query) => {
				asked.push(Object.keys(query).join("+"));
				const messages = Array.from({ length: Math.min(head, query.limit) }, (_, i) => said(head - Math.min(head, query.limit) + i + 1));
				return { messages, more: messages.length < head };
			},
		};
		const rooms = new Rooms(api, line, { userId: "ada" });
		await rooms.load("s");
		await rooms.join("s");
		head = 5000;
		await rooms.join("s");
		await rooms.load("s");
		rooms.close();
		const { first, last } = rooms.timeline("s");
		return [first, last, ...asked].join(" ");
	})()`, "4971 5000 limit limit"},
	{"a history that cannot be read is requested again, and counts as unread until then", `(async () => {
		const { Rooms } = await import("/assets/rooms.js");
		const { Chat } = await import("/assets/chat.js");
		const said = (seq) => ({ id: "s:" + seq, studyId: "s", seq, userId: "ben", userName: "Ben", content: "m" + seq, sentAt: new Date().toISOString() });
		const line = Object.assign(new EventTarget(), { state: "offline" });
		let failures = 2;
		const api = { messages: async () => {
			if (failures-- > 0) throw new Error("down");
			return { messages: [said(1), said(2), said(3)], more: false };
		} };
		document.querySelector("#login").hidden = true;
		for (const id of ["#workspace", "#study"]) document.querySelector(id).hidden = false;
		const rooms = new Rooms(api, line, { userId: "ada" });
		rooms.studies = [{ id: "s", member: true, head: 2 }];
		rooms.timeline("s").startAt(2);
		localStorage.setItem("coup.read.ada s", "1");
		const outbox = Object.assign(new EventTarget(), { of: () => [], seen: () => {} });
		const chat = new Chat(rooms, outbox, { userId: "ada", userName: "Ada" });
		const shown = () => [...document.querySelectorAll("#messages [data-seq]")].map((el) => el.dataset.seq).join("");
		const until = async (ok) => { for (let i = 0; i < 2000 && !ok(); i++) await new Promise((done) => setTimeout(done, 10)); };
		chat.show("s");
		await until(() => document.querySelector("#older button"));
		rooms.note(said(3));
		await until(() => shown() === "3");
		const meanwhile = shown() + " shown, " + rooms.unread("s") + " unread";
		await until(() => shown() === "123" && rooms.unread("s") === 0);
		const later = shown() + " shown, " + rooms.unread("s") + " unread";
		const tidy = !document.querySelector("#older button") && !document.querySelector("#log").hasAttribute("aria-busy");
		chat.close();
		rooms.close();
		return [meanwhile, later, tidy].join("; ");
	})()`, "3 shown, 2 unread; 123 shown, 0 unread; true"},
	{"a user in very many studies does not exceed the rate limit again and again", `(async () => {
		const { Rooms } = await import("/assets/rooms.js");
		const mine = Array.from({ length: 320 }, (_, i) => ({ id: "s" + i, member: true, head: 0 }));
		const asked = new Set();
		let inside = 0, refused = 0, late = 0, since;
		// A hub with room for 150, and for another one every 20 ms.
		const request = async (event, { studyId }) => {
			const first = !asked.has(studyId);
			asked.add(studyId);
			if (first ? asked.size <= 150 : performance.now() - since > 20 * (late + 1) - 5) {
				if (!first) late++;
				inside++;
				return { studyId, seq: 0 };
			}
			since ??= performance.now();
			refused++;
			throw Object.assign(new Error("too fast"), { code: "rate_limited", retryAfterMs: 20 });
		};
		const line = Object.assign(new EventTarget(), { state: "online", request });
		const rooms = new Rooms({ studies: async () => mine, messages: async () => ({ messages: [], more: false }) }, line, { userId: "ada" });
		line.dispatchEvent(new Event("state"));
		await rooms.refresh();
		for (let i = 0; i < 2000 && inside < 190; i++) await new Promise((done) => setTimeout(done, 10));
		await rooms.refresh();
		const all = asked.size + " asked for, " + inside + " joined, " + refused + " refused";
		await rooms.load("s319");
		for (let i = 0; i < 2000 && inside < 191; i++) await new Promise((done) => setTimeout(done, 10));
		rooms.close();
		return all + "; and the one to look at: " + inside;
	})()`, "190 asked for, 190 joined, 40 refused; and the one to look at: 191"},
	{"a hub that closes connections after authentication is not reconnected to at once", `(async () => {
		const { Connection } = await import("/assets/connection.js");
		let code = 1011;
		window.WebSocket = class {
			static OPEN = 1;
			readyState = 1;
			constructor() { setTimeout(() => this.onopen()); }
			send(text) {
				setTimeout(() => this.onmessage({ data: JSON.stringify({ event: "auth_success", data: {}, id: JSON.parse(text).id }) }));
				setTimeout(() => this.onclose({ code }), 5);
			}
			close() {}
		};
		const line = new Connection("ws://nowhere");
		const waits = [];
		line.addEventListener("state", ({ detail }) => detail.state === "waiting" && waits.push(detail.retryAt - Date.now()));
		const waited = async (n) => { while (waits.length < n) await new Promise((done) => setTimeout(done, 10)); };
		line.start("token");
		await waited(3);
		const patient = waits[1] >= 450 && waits[2] >= 450;
		// A client that is told to wait waits, whatever events the browser sends.
		code = 4429;
		line.retryNow();
		await waited(4);
		const before = line.state;
		window.dispatchEvent(new Event("online"));
		document.dispatchEvent(new Event("visibilitychange"));
		const after = line.state;
		line.retryNow();
		const asked = line.state;
		line.stop();
		return [patient, before, after, asked].join(" ");
	})()`, "true waiting waiting connecting"},
}

// fakes replace the hub and the login server: hangUp ends the connection, and renewals of a
// token wait for the test.
const fakes = `
	window.lines = 0;
	window.WebSocket = class {
		static OPEN = 1;
		readyState = 1;
		constructor() {
			window.lines++;
			window.hangUp = (code) => this.onclose({ code });
			setTimeout(() => this.onopen());
		}
		send(text) {
			const { event, id } = JSON.parse(text);
			if (event === "authenticate") setTimeout(() => this.onmessage({ data: JSON.stringify({ event: "auth_success", data: {}, id }) }));
		}
		close() {}
	};
	window.renewals = [];
	window.realFetch = window.fetch;
	window.fetch = (path, options) => {
		if (path !== "/api/login" || !localStorage.getItem("coup.session")) return realFetch(path, options);
		return new Promise((done, fail) => renewals.push({ fail: () => fail(new TypeError("down")), give: () => done(realFetch(path, options)) }));
	};
	true`

func TestALoginServerThatDoesNotAnswerLogsNobodyOut(t *testing.T) {
	open := chromium(t)
	b := open()
	_, url := single(t, "memory:")
	b.do("open the page", chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS("#name")))
	run := func(script string) {
		t.Helper()
		if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](script)); err != nil {
			t.Fatalf("%.40s: %v", script, err)
		}
	}
	const online = `document.querySelector("#workspace").dataset.connection === "online"`
	run(fakes)
	b.do("log in", chromedp.SendKeys(chromedp.CSS("#name"), "Ada"), chromedp.Click(chromedp.CSS("#enter")))
	b.until(online)
	run(`hangUp(4401), true`)
	b.until(`renewals.length === 1`)
	run(`renewals[0].fail(), true`)
	b.until(`renewals.length === 2`)
	b.until(`document.querySelector("#login").hidden && lines === 1`)
	run(`renewals[1].give(), true`)
	b.until(`lines === 2 && ` + online)

	// A user who logs out while a renewal is under way stays logged out.
	run(`hangUp(4401), true`)
	b.until(`renewals.length === 3`)
	b.do("log out", chromedp.Click(chromedp.CSS("#logout")), chromedp.WaitVisible(chromedp.CSS("#name")))
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`(async () => {
		renewals[2].give();
		await fetch("/api/config"); // the answer to the renewal is in before
		await new Promise((done) => setTimeout(done, 100));
		return true;
	})()`, chromedp.EvalAwaitPromise)); err != nil {
		t.Fatal(err)
	}
	b.until(`localStorage.getItem("coup.session") === null && lines === 2 && !document.querySelector("#login").hidden`)
}
