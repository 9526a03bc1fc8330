package browser

// tellings are scenarios of TestModulesOfThePage of what the page tells by itself.
var tellings = []scenario{
	{"the system tells of what comes while the page is in the background, once, and not of what is muted", `(async () => {
		const { Notifications } = await import("/assets/notifications.js");
		const shown = [];
		window.Notification = class {
			static permission = "granted";
			static requestPermission = async () => "granted";
			constructor(title, { body }) { shown.push(title + ": " + body); }
			close() {}
		};
		const list = new Notifications({ notifications: async () => [], seeNotifications: async () => {} }, () => true);
		const mention = { id: "1", type: "mention", message: "Ben: hello", studyId: "s" };
		list.add({ ...mention, id: "0" }, "Algebra"); // the user does not want it yet
		document.querySelector("#desktop").click();
		await new Promise((done) => setTimeout(done, 20));
		list.add({ ...mention, id: "2" }, "Algebra"); // the page is seen
		Object.defineProperty(document, "hidden", { get: () => true });
		list.add(mention, "Algebra");
		list.add(mention, "Algebra");
		list.add({ ...mention, id: "3" }, "Algebra", { quiet: true });
		const badge = document.querySelector("#bell-count").textContent + " " + document.querySelector("link[rel=icon]").getAttribute("href");
		localStorage.clear();
		return shown.join("; ") + " | " + badge;
	})()`, "Mention · Algebra: Ben: hello | 4 /assets/icon-unread.svg"},
	{"at midnight today becomes yesterday", `(async () => {
		const timers = [], real = window.setTimeout, Then = Date;
		window.setTimeout = (act, ms, ...rest) => (ms > 1000 && ms < 864e5 + 2000 && act.toString().includes("planMidnight") ? timers.push(act) : real(act, ms, ...rest));
		const { Rooms } = await import("/assets/rooms.js");
		const { Chat } = await import("/assets/chat.js");
		const said = { id: "s:1", studyId: "s", seq: 1, userId: "ben", userName: "Ben", content: "m", sentAt: new Date().toISOString() };
		const line = Object.assign(new EventTarget(), { state: "offline" });
		document.querySelector("#login").hidden = true;
		for (const id of ["#workspace", "#study"]) document.querySelector(id).hidden = false;
		const rooms = new Rooms({ messages: async () => ({ messages: [said], more: false }) }, line, { userId: "ada" });
		rooms.studies = [{ id: "s", member: true, head: 1 }];
		const chat = new Chat(rooms, Object.assign(new EventTarget(), { of: () => [], seen: () => {} }), { userId: "ada", userName: "Ada" });
		const until = async (text) => { for (let i = 0; i < 500 && document.querySelector(".rule.day")?.textContent !== text; i++) await new Promise((done) => real(done, 10)); };
		chat.show("s");
		await until("Today");
		const before = document.querySelector(".rule.day").textContent;
		window.Date = class extends Then {
			constructor(...given) { given.length ? super(...given) : super(Then.now() + 864e5); }
			static now() { return Then.now() + 864e5; }
		};
		timers.at(-1)();
		await until("Yesterday");
		const after = document.querySelector(".rule.day").textContent;
		chat.close();
		rooms.close();
		return before + " " + after;
	})()`, "Today Yesterday"},
	{"a study that others join keeps its button", `(async () => {
		const { Sidebar } = await import("/assets/sidebar.js");
		const none = Object.assign(new EventTarget(), { has: () => false });
		const rooms = Object.assign(new EventTarget(), { studies: [], study: () => null });
		const list = new Sidebar(rooms, () => null, () => {}, none, none);
		const frame = () => new Promise(requestAnimationFrame);
		const show = async (memberCount) => {
			rooms.studies = [{ id: "s", name: "Algebra", ownerName: "Ada", memberCount }];
			list.draw();
			await frame();
			return document.querySelector("#others button");
		};
		const button = await show(1);
		const watched = new MutationObserver(() => {});
		watched.observe(document, { childList: true, subtree: true });
		await show(2);
		const moved = watched.takeRecords().some((r) => [...r.addedNodes, ...r.removedNodes].includes(button));
		const about = document.querySelector("#others .about").textContent;
		list.close();
		return (moved || !button.isConnected ? "moved" : "kept") + " beside " + about;
	})()`, "kept beside led by Ada · 2 members"},
	{"a long list is shown in steps, at once down to the study that is open", `(async () => {
		const { Sidebar } = await import("/assets/sidebar.js");
		const none = Object.assign(new EventTarget(), { has: () => false });
		const studies = Array.from({ length: 180 }, (_, i) => ({ id: "s" + i, name: "Study " + i, member: true, memberCount: 1 }));
		const rooms = Object.assign(new EventTarget(), { studies, study: () => null, activity: () => 0, newest: () => null, unread: () => 0 });
		const list = new Sidebar(rooms, () => "s70", () => {}, none, none);
		const shown = [];
		list.show();
		do {
			await new Promise(requestAnimationFrame);
			shown.push(document.querySelectorAll("#mine li").length);
		} while (shown.at(-1) < 180 && shown.length < 600);
		const names = [...document.querySelectorAll("#mine .name")].map((el) => el.textContent);
		list.close();
		return [...new Set(shown)].join() + " " + names.every((name, i) => name === "Study " + i);
	})()`, "71,96,121,146,171,180 true"},
	{"a long list that grows from its end stays whole", `(async () => {
		const { soon, Steps } = await import("/assets/dom.js");
		const items = Array.from({ length: 60 }, (_, i) => i);
		const shown = [];
		const draw = () => {
			const last = steps.last(items);
			shown.push(last.length + "-" + last.at(-1));
		};
		const steps = new Steps(soon(draw));
		draw();
		for (let i = 0; i < 600 && shown.length < 3; i++) await new Promise(requestAnimationFrame);
		items.push(60);
		draw();
		steps.restart();
		shown.push(steps.last(items, 61).length, steps.last([...items, 61]).length);
		return shown.join(" ");
	})()`, "25-59 50-59 60-59 61-60 61 62"},
}
