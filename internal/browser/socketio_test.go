package browser

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/coupchat/coup/internal/stockclient"
	"github.com/coupchat/coup/internal/testenv"
)

// builtPages builds examples/socketio as its package.json says, and serves it from an origin of its own.
func builtPages(t *testing.T) *httptest.Server {
	t.Helper()
	example := filepath.Join("..", "..", "examples", "socketio")
	installed, dir := stockclient.Install(t, example), t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(example)); err != nil {
		t.Fatal(err)
	}
	modules, err := filepath.Abs(filepath.Join(installed, "node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
	npm, err := testenv.Binary("npm")
	if err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), npm, "run", "build")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("npm run build: %v: %s", err, out)
	}
	web := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(web.Close)
	return web
}

// socketServer starts a chat server that lets pages of an origin in. It returns the address of its
// hub.
func socketServer(t *testing.T, origin string, more ...string) (*program, string) {
	t.Helper()
	page, signaling := testenv.FreeAddr(t), testenv.FreeAddr(t)
	p := launch(t, page, append([]string{"-database", "memory:", "-open", "-jwt-secret", secret, "-origins", origin,
		"-api-addr", page, "-internal-addr", testenv.FreeAddr(t), "-signaling-addr", signaling}, more...)...)
	p.wait(t)
	return p, signaling
}

// run runs an async function body in the page and returns its result.
func (b tab) run(body string) string {
	b.t.Helper()
	b.until(fmt.Sprintf(`(window.ran ??= (window.result = undefined, (async () => { %s })().then((r) => { window.result = String(r) }, (e) => { window.result = "failed: " + e }), true)) && window.result !== undefined`, body))
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`(() => { const r = window.result; window.ran = undefined; window.result = undefined; return r; })()`))
	if err != nil {
		b.t.Fatal(err)
	}
	return got
}

func TestPagesWithTheStockClientChat(t *testing.T) {
	open := chromium(t)
	pages := builtPages(t)
	_, chat := socketServer(t, pages.URL)
	tabs := map[string]tab{}
	for user, page := range map[string]string{"mina": "react.html", "sora": "index.html"} {
		b := open()
		b.do("open "+page, chromedp.Navigate(fmt.Sprintf("%s/%s#chat=http://%s&study=s1&token=%s", pages.URL, page, chat, signed(user, user))))
		b.until(`document.querySelector("[data-joined=true]") !== null`)
		tabs[user] = b
	}
	tabs["mina"].do("send", chromedp.SendKeys(chromedp.CSS("input"), "안녕 from React"), chromedp.Click(chromedp.CSS("button")))
	tabs["sora"].do("send", chromedp.SendKeys(chromedp.CSS("input"), "hello from the plain page"), chromedp.Click(chromedp.CSS("button")))
	for _, b := range tabs {
		b.until(`document.querySelectorAll("#messages li").length === 2`)
		b.until(`document.querySelector("#messages").innerText.includes("mina: 안녕 from React")`)
		b.until(`document.querySelector("#messages").innerText.includes("sora: hello from the plain page")`)
	}
}

// A page of another origin can read what is wrong. Browsers hide answers without the headers of
// CORS.
func TestErrorsAreReadableFromAnotherOrigin(t *testing.T) {
	open := chromium(t)
	pages := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!doctype html><title>another origin</title>")
	}))
	defer pages.Close()
	_, chat := socketServer(t, pages.URL, "-max-connections", "2", "-auth-timeout", "1m")
	b := open()
	b.do("open a page", chromedp.Navigate(pages.URL))
	url, err := json.Marshal("http://" + chat + "/socket.io/?EIO=4&transport=polling")
	if err != nil {
		t.Fatal(err)
	}
	read := `const url = ` + string(url) + `;
		const read = async (more, options) => { const r = await fetch(url + more, options); return r.status + " " + await r.text(); };`
	for _, tt := range []struct{ name, body, want string }{
		{"400", `return read("&sid=abc");`, `400 {"code":1,"message":"Session ID unknown"}`},
		{"413", `const open = await read(""); const sid = JSON.parse(open.slice(5)).sid;
			return read("&sid=" + sid, { method: "POST", body: "4" + "x".repeat(20000) });`, `413 {"code":3,"message":"Payload too large"}`},
		{"503", `const all = []; for (let i = 0; i < 3; i++) all.push(await read("")); return all[2];`, `503 {"code":4,"message":"too many clients have not authenticated"}`},
		{"a preflight", `return read("&sid=abc", { method: "POST", headers: { "X-Mine": "1" }, body: "3" });`, `400 {"code":1,"message":"Session ID unknown"}`},
	} {
		if got := b.run(read + tt.body); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
