package browser

// histories are scenarios in which the store does not have what the page expects.
var histories = []scenario{
	{"a message that was edited or deleted is shown as it is now", `(async () => {
		const { Rooms } = await import("/assets/rooms.js");
		const { Chat } = await import("/assets/chat.js");
		const now = new Date().toISOString();
		const said = (seq) => ({ id: "s:" + seq, studyId: "s", seq, userId: "ben", userName: "Ben", content: "m" + seq, sentAt: now });
		const api = { messages: async () => ({ messages: [said(1), said(2), { ...said(3), content: "", deletedAt: now }], more: false }) };
		const line = Object.assign(new EventTarget(), { state: "offline" });
		document.querySelector("#login").hidden = true;
		for (const id of ["#workspace", "#study"]) document.querySelector(id).hidden = false;
		const rooms = new Rooms(api, line, { userId: "ada" });
		rooms.studies = [{ id: "s", member: true, head: 3 }];
		const chat = new Chat(rooms, Object.assign(new EventTarget(), { of: () => [], seen: () => {} }), { userId: "ada", userName: "Ada" });
		const shown = () => [...document.querySelectorAll("#messages .said")].map((el) => el.textContent).join(" | ");
		const until = async (ok) => { for (let i = 0; i < 500 && !ok(); i++) await new Promise((done) => setTimeout(done, 10)); };
		chat.show("s");
		await until(() => shown().startsWith("m1 | m2"));
		const tell = (event, data) => line.dispatchEvent(new CustomEvent("event", { detail: { event, data: { studyId: "s", sentAt: now, userId: "ben", ...data } } }));
		tell("message_edited", { seq: 4, messageSeq: 1, content: "new", editedAt: now });
		tell("message_reaction", { seq: 5, messageSeq: 1, userName: "Ben", emoji: "x", on: true, count: 1 });
		tell("message_deleted", { seq: 6, messageSeq: 2, deletedAt: now });
		const gone = "This message was deleted.";
		await until(() => shown() === ["new", gone, gone].join(" | "));
		const text = shown() + "; edited " + document.querySelectorAll(".edited").length + "; last " + rooms.timeline("s").last;
		chat.close();
		rooms.close();
		return text;
	})()`, "new | This message was deleted. | This message was deleted.; edited 1; last 6"},
	{"a study whose first messages are gone has a beginning", `(async () => {
		const { Rooms } = await import("/assets/rooms.js");
		const { Chat } = await import("/assets/chat.js");
		const said = (seq) => ({ id: "s:" + seq, studyId: "s", seq, userId: "ben", userName: "Ben", content: "m" + seq, sentAt: new Date().toISOString() });
		let asked = 0;
		const api = { messages: async () => (asked++, { messages: [said(7), said(9)], more: false }) };
		const line = Object.assign(new EventTarget(), { state: "offline" });
		document.querySelector("#login").hidden = true;
		for (const id of ["#workspace", "#study"]) document.querySelector(id).hidden = false;
		const rooms = new Rooms(api, line, { userId: "ada" });
		rooms.studies = [{ id: "s", member: true, head: 9 }];
		const chat = new Chat(rooms, Object.assign(new EventTarget(), { of: () => [], seen: () => {} }), { userId: "ada", userName: "Ada" });
		const shown = () => [...document.querySelectorAll("#messages [data-seq]")].map((el) => el.dataset.seq).join(" ");
		chat.show("s");
		for (let i = 0; i < 500 && shown() !== "7 9"; i++) await new Promise((done) => setTimeout(done, 10));
		for (let i = 0; i < 20; i++) await new Promise(requestAnimationFrame);
		const text = shown() + "; asked " + asked + "; " + document.querySelector("#older").dataset.key;
		chat.close();
		rooms.close();
		return text;
	})()`, "7 9; asked 1; beginning"},
	{"a store that went back is read anew, and messages that are gone disappear", `(async () => {
		const { Rooms } = await import("/assets/rooms.js");
		const { Chat } = await import("/assets/chat.js");
		const said = (seq, content) => ({ id: "s:" + seq, studyId: "s", seq, userId: "ben", userName: "Ben", content, sentAt: "2026-01-01T00:00:0" + seq + ".000Z" });
		let rows = [1, 2, 3, 4].map((seq) => said(seq, "old" + seq));
		const sent = [];
		const line = Object.assign(new EventTarget(), { state: "online", request: async (event, data) => {
			sent.push(data);
			const seq = rows.at(-1).seq;
			return { studyId: "s", seq, ...(data.after > seq && { reset: true }) };
		} });
		const api = { studies: async () => [{ id: "s", member: true, head: rows.length }], messages: async () => ({ messages: rows, more: false }) };
		document.querySelector("#login").hidden = true;
		for (const id of ["#workspace", "#study"]) document.querySelector(id).hidden = false;
		const rooms = new Rooms(api, line, { userId: "ada" });
		const chat = new Chat(rooms, Object.assign(new EventTarget(), { of: () => [], seen: () => {} }), { userId: "ada", userName: "Ada" });
		const shown = () => [...document.querySelectorAll("#messages [data-seq] .said")].map((el) => el.textContent).join(" ");
		const until = async (want) => { for (let i = 0; i < 500 && shown() !== want; i++) await new Promise((done) => setTimeout(done, 10)); return shown(); };
		const receive = (event, data) => line.dispatchEvent(new CustomEvent("event", { detail: { event, data } }));
		await rooms.refresh();
		await rooms.join("s");
		chat.show("s");
		const results = [await until("old1 old2 old3 old4")];
		rows = [said(1, "old1"), said(2, "new2"), said(3, "new3")];
		receive("room_reset", { studyId: "s", seq: 3 });
		results.push(await until("old1 new2 new3"));
		rows = rows.slice(0, 2);
		await rooms.join("s");
		results.push(await until("old1 new2"));
		receive("messages_erased", { studyId: "s", from: 1, to: 1 });
		results.push(await until("new2"));
		rows = [rows[1], said(9, "later")];
		receive("new_message", rows[1]);
		results.push(await until("new2 later"));
		await rooms.join("s");
		const { after, afterSentAt } = sent.at(-1);
		results.push(after + " at " + afterSentAt);
		chat.close();
		rooms.close();
		return results.join("; ");
	})()`, "old1 old2 old3 old4; old1 new2 new3; old1 new2; new2; new2 later; 9 at 2026-01-01T00:00:09.000Z"},
	{"the page works without storage", `(async () => {
		Object.defineProperty(window, "localStorage", { get() { throw new DOMException("blocked", "SecurityError"); } });
		const { Session } = await import("/assets/session.js");
		const { ReadMarks } = await import("/assets/readmarks.js");
		const { Outbox } = await import("/assets/outbox.js");
		const { storage } = await import("/assets/storage.js");
		const session = new Session({ login: async () => ({ token: "a.b.c", userId: "ada", userName: "Ada" }), useToken() {} });
		await session.login("Ada");
		const marks = new ReadMarks("ada", new AbortController().signal);
		marks.set("s", 5);
		const outbox = new Outbox(Object.assign(new EventTarget(), { state: "offline", request: async () => { throw new Error("offline"); } }), "ada", async () => false, storage);
		outbox.add("s", "kept");
		const again = new Session({ useToken() {} });
		return [session.lastName, again.restore(), marks.get("s"), outbox.of("s").length].join(" ");
	})()`, "Ada true 5 1"},
	{"an answer that is no JSON is named as such", `(async () => {
		const { Api } = await import("/assets/api.js");
		const said = [];
		for (const status of [200, 404, 502]) {
			window.fetch = async () => new Response("<html>Log in to this network</html>", { status, headers: { "Content-Type": "text/html" } });
			await new Api().studies().catch((err) => said.push(err.code));
		}
		return said.join(" ");
	})()`, "intercepted intercepted unavailable"},
	{"a connection that is dead when the browser goes offline is noticed at once", `(async () => {
		const { Connection } = await import("/assets/connection.js");
		window.WebSocket = class {
			static OPEN = 1;
			readyState = 1;
			constructor() { setTimeout(() => this.onopen()); }
			send(text) {
				const { event, id } = JSON.parse(text);
				if (event === "authenticate") setTimeout(() => this.onmessage({ data: JSON.stringify({ event: "auth_success", id, data: {} }) }));
			}
			close() {}
		};
		const line = new Connection("ws://nowhere");
		const online = new Promise((done) => line.addEventListener("state", () => line.state === "online" && done()));
		line.start("one");
		await online;
		const begin = performance.now();
		const lost = new Promise((done) => line.addEventListener("state", () => line.state !== "online" && done()));
		window.dispatchEvent(new Event("offline"));
		await lost;
		line.stop();
		return performance.now() - begin < 3000 ? "within 3 s" : "late";
	})()`, "within 3 s"},
}
