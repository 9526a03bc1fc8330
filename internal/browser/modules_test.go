package browser

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// A scenario is a script that runs modules of the page and returns what it saw.
type scenario struct{ name, script, want string }

// TestModulesOfThePage runs modules of the page with fakes around them, for behaviour that
// depends on the order of answers.
func TestModulesOfThePage(t *testing.T) {
	tests := []scenario{
		{"a history that comes before the answer to the join leaves no gap", `(async () => {
			const { Rooms } = await import("/assets/rooms.js");
			const said = (seq) => ({ id: "s:" + seq, studyId: "s", seq, userId: "ben", userName: "Ben", content: "m" + seq });
			let head = 3, letIn;
			const line = Object.assign(new EventTarget(), { state: "online", request: () => new Promise((done) => (letIn = done)) });
			const api = {
				studies: async () => [{ id: "s", member: true, head }],
				messages: async () => ({ messages: Array.from({ length: head }, (_, i) => said(i + 1)), more: false }),
			};
			const rooms = new Rooms(api, line, { userId: "ada" });
			const joined = rooms.join("s");
			await rooms.load("s");
			head = 5;
			letIn({ studyId: "s", seq: 5 });
			await joined;
			for (let i = 0; i < 1000 && rooms.timeline("s").last < 5; i++) await new Promise((done) => setTimeout(done, 10));
			rooms.close();
			return "shown up to " + rooms.timeline("s").messages.at(-1).seq;
		})()`, "shown up to 5"},
		{"after a new token is refused too, the next one waits", `(async () => {
			const { Connection } = await import("/assets/connection.js");
			window.WebSocket = class {
				static OPEN = 1;
				readyState = 1;
				constructor() { setTimeout(() => this.onopen()); }
				send() { setTimeout(() => this.onclose({ code: 4401 })); }
				close() {}
			};
			const line = new Connection("ws://nowhere");
			const at = [];
			await new Promise((done) => {
				line.addEventListener("unauthorized", () => {
					at.push(performance.now());
					if (at.length === 2) done();
					else line.start("another");
				});
				line.start("one");
			});
			line.stop();
			return at[1] - at[0] >= 500 ? "after a while" : "after " + (at[1] - at[0]) + " ms";
		})()`, "after a while"},
	}
	tests = slices.Concat(tests, outages, histories, tellings, []scenario{beginAlike})
	open := chromium(t)
	_, url := single(t, "memory:")
	b := open()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b.t = t
			b.do("open the page", chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS("#name")))
			b.eval(`localStorage.clear(), sessionStorage.clear()`) // what the scenario before has stored
			ctx, cancel := context.WithTimeout(b.ctx, 40*time.Second)
			defer cancel()
			got, err := chromedp.Run(ctx, chromedp.Evaluate[string](test.script, chromedp.EvalAwaitPromise))
			if err != nil || got != test.want {
				t.Errorf("got %q (%v), want %q", got, err, test.want)
			}
		})
	}
}
