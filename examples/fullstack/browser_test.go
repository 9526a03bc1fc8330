package main

import (
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/coupchat/coup/internal/testenv"
)

// A tab is one user's browser, with cookies and storage of its own.
type tab struct {
	t   *testing.T
	ctx context.Context
}

// browser starts Chromium and returns how to open tabs in it.
func browser(t *testing.T) func() tab {
	t.Helper()
	path, err := testenv.Binary("chromium")
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("accept-lang", "en"), chromedp.WindowSize(1280, 800))
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	main, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Do(main); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return func() tab {
		ctx, cancel := chromedp.NewContext(main, chromedp.WithNewBrowserContext())
		t.Cleanup(cancel)
		if err := chromedp.Do(ctx); err != nil {
			t.Fatalf("open a tab: %v", err)
		}
		return tab{t, ctx}
	}
}

func (b tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
}

// until waits for a condition in JavaScript.
func (b tab) until(condition string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 40*time.Second)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](condition)); err != nil {
		said, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body.innerText`))
		b.t.Fatalf("%s never came true: %v; the page shows %q", condition, err, said)
	}
}

func (b tab) login(url, name string) {
	b.t.Helper()
	b.do("log in", chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS("#name")),
		chromedp.SendKeys(chromedp.CSS("#name"), name), chromedp.Click(chromedp.CSS("#enter")),
		chromedp.WaitVisible(chromedp.CSS("[data-connection=online]")))
}

func (b tab) say(text string) {
	b.t.Helper()
	b.do("say "+text, chromedp.SendKeys(chromedp.CSS("#draft"), text), chromedp.Click(chromedp.CSS("#send")))
}

// hears waits until text was said exactly once, and is stored.
func (b tab) hears(text string) {
	b.t.Helper()
	b.until(`[...document.querySelectorAll("[data-seq] .said")].filter((p) => p.textContent === ` + quote(text) + `).length === 1`)
}

func quote(s string) string {
	return "`" + strings.NewReplacer("\\", "\\\\", "`", "\\`", "$", "\\$").Replace(s) + "`"
}

// startAt starts everything with args; end may be called before the test ends.
func startAt(t *testing.T, args ...string) (s *services, end func()) {
	t.Helper()
	c, err := parse(args, environ(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if s, err = start(t.Context(), c, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	ended := false
	end = func() {
		if ended {
			return
		}
		ended = true
		if err := s.end(); err != nil {
			t.Errorf("end: %v", err)
		}
	}
	t.Cleanup(end)
	return s, end
}

func TestTwoPeopleChatThroughARestart(t *testing.T) {
	open := browser(t)
	database := "sqlite:" + filepath.Join(t.TempDir(), "coup.db")
	args := []string{"-database", database, "-api-addr", testenv.FreeAddr(t), "-internal-addr", testenv.FreeAddr(t), "-signaling-addr", testenv.FreeAddr(t)}
	s, end := startAt(t, args...)
	url := "http://" + s.apiAddr + "/"

	ada, ben := open(), open()
	ada.login(url, "Ada")
	ada.do("create a study", chromedp.Click(chromedp.CSS("#new-study")), chromedp.WaitVisible(chromedp.CSS("#create-name")),
		chromedp.SendKeys(chromedp.CSS("#create-name"), "Algebra"), chromedp.Click(chromedp.CSS("#create .primary")), chromedp.WaitVisible(chromedp.CSS("#study")))
	ben.login(url, "Ben")
	ben.do("join it", chromedp.WaitVisible(chromedp.CSS("#others button")), chromedp.Click(chromedp.CSS("#others button")), chromedp.WaitVisible(chromedp.CSS("#study")))
	ada.say("hello Ben")
	ben.hears("hello Ben")
	ben.say("안녕 Ada")
	ada.hears("안녕 Ada")

	end()
	ada.until(`document.querySelector("#house").dataset.connection !== "online"`)
	ben.until(`document.querySelector("#house").dataset.connection !== "online"`)
	ada.say("said into the dark")
	ben.say("me too")
	ada.until(`document.querySelectorAll(".pending").length === 1`)
	startAt(t, args...)
	for _, b := range []tab{ada, ben} {
		for _, text := range []string{"hello Ben", "안녕 Ada", "said into the dark", "me too"} {
			b.hears(text)
		}
		b.until(`document.querySelectorAll(".pending").length === 0 && document.querySelectorAll("[data-seq]").length === 4`)
	}
	ben.do("reload", chromedp.Reload(), chromedp.WaitVisible(chromedp.CSS("#study")))
	ben.hears("said into the dark")

	ada.do("remove Ben", chromedp.WaitVisible(chromedp.CSS("[data-kick]")), chromedp.Click(chromedp.CSS("[data-kick]")),
		chromedp.WaitVisible(chromedp.CSS("#confirm-yes")), chromedp.Click(chromedp.CSS("#confirm-yes")))
	ben.until(`document.querySelector("#study").hidden && document.querySelectorAll("#mine li").length === 0`)
	ben.until(`document.querySelector("#toasts").textContent.includes("Algebra")`)
}

func TestNothingThatPeopleWriteRuns(t *testing.T) {
	open := browser(t)
	s := house(t)
	url := "http://" + s.apiAddr + "/"
	payloads := []string{
		`<img src=x onerror=window.ran=1>`, `<script>window.ran=1</script>`, `"><svg onload=window.ran=1>`,
		`javascript:window.ran=1`, `https://x/"onmouseover="window.ran=1`, `{{constructor.constructor('window.ran=1')()}}`,
	}
	eve := open()
	eve.login(url, payloads[0])
	eve.do("create a study", chromedp.Click(chromedp.CSS("#new-study")), chromedp.WaitVisible(chromedp.CSS("#create-name")),
		chromedp.SendKeys(chromedp.CSS("#create-name"), payloads[2]), chromedp.Click(chromedp.CSS("#create .primary")), chromedp.WaitVisible(chromedp.CSS("#study")))
	for _, p := range payloads {
		eve.say(p)
		eve.hears(p)
	}
	eve.do("send a notice", chromedp.Click(chromedp.CSS("#new-notice")), chromedp.WaitVisible(chromedp.CSS("#notice-text")),
		chromedp.SendKeys(chromedp.CSS("#notice-text"), payloads[1]), chromedp.Click(chromedp.CSS("#notice .primary")))
	eve.until(`document.querySelector("#toasts").textContent.includes("<script>")`)
	eve.until(`window.ran === undefined && !document.querySelector("main img, main script, #toasts script, a[href^='javascript']")`)

	eve.do("leave the browser to Ada", chromedp.Click(chromedp.CSS("#logout")), chromedp.WaitVisible(chromedp.CSS("#name")),
		chromedp.SetValue(chromedp.CSS("#name"), "Ada"), chromedp.Click(chromedp.CSS("#enter")), chromedp.WaitVisible(chromedp.CSS("[data-connection=online]")))
	eve.until(`document.querySelector("#bell-count").hidden && document.querySelector("#toasts").children.length === 0`)
}
