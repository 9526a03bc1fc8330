package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/coupchat/coup/hub/client/js"
)

// The client for browsers, on a page that has nothing else: two users chat, also while the server is
// restarted.
func TestTheClientChatsFromAPageOfItsOwn(t *testing.T) {
	open := chromium(t)
	mux := http.NewServeMux()
	mux.Handle("/client/", http.StripPrefix("/client/", http.FileServerFS(js.Files)))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!doctype html><title>a page</title>")
	})
	pages := httptest.NewServer(mux)
	defer pages.Close()
	server, chat := socketServer(t, pages.URL, "-database", "sqlite:"+filepath.Join(t.TempDir(), "chat.db"))
	enter := func(user string) tab {
		b := open()
		b.do("open a page", chromedp.Navigate(pages.URL))
		if got := b.run(fmt.Sprintf(`
			const { Client } = await import("/client/index.js");
			window.shown = [];
			window.chat = new Client({ url: "ws://%s/ws", token: () => %q });
			window.chat.on("new_message", (m) => window.shown.push(m.seq + " " + m.userName + ": " + m.content));
			return (await window.chat.join("s1")).studyId;`, chat, signed(user, user))); got != "s1" {
			t.Fatalf("join of %s: %s", user, got)
		}
		return b
	}
	mina, sora := enter("mina"), enter("sora")
	expect := func(said ...string) {
		t.Helper()
		for _, b := range []tab{mina, sora} {
			for i, want := range said {
				b.until(fmt.Sprintf(`window.shown.length === %d && window.shown[%d] === %q`, len(said), i, want))
			}
		}
	}
	if got := mina.run(`return (await window.chat.send("s1", "hello")).seq`); got != "1" {
		t.Fatalf("the first message: %s", got)
	}
	expect("1 mina: hello")
	server.end(syscall.SIGKILL)
	sora.until(`window.chat.state !== "online"`)
	sora.until(`(window.sent ??= window.chat.send("s1", "still here")) !== undefined`)
	server.start(t)
	if got := sora.run(`return (await window.sent).seq`); got != "2" {
		t.Fatalf("the message sent while the server was down: %s", got)
	}
	expect("1 mina: hello", "2 sora: still here")
}
