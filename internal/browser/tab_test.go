package browser

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/coupchat/coup/internal/testenv"
)

// A tab is the browser of one user, with its own cookies and storage.
type tab struct {
	t   *testing.T
	ctx context.Context
}

// chromium starts Chromium and returns a function that opens a tab in it.
func chromium(t *testing.T) func() tab {
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
		text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body.innerText`))
		b.t.Fatalf("%s is not true in time: %v; the page shows %q", condition, err, text)
	}
}

func (b tab) login(url, name string) {
	b.t.Helper()
	b.do("log in", chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS("#name")),
		chromedp.SendKeys(chromedp.CSS("#name"), name), chromedp.Click(chromedp.CSS("#enter")),
		chromedp.WaitVisible(chromedp.CSS("[data-connection=online]")))
}

func (b tab) post(text string) {
	b.t.Helper()
	b.do("post "+text, chromedp.SendKeys(chromedp.CSS("#draft"), text), chromedp.Click(chromedp.CSS("#send")))
}

// expect waits until the page shows text in exactly one stored message.
func (b tab) expect(text string) {
	b.t.Helper()
	b.until(`[...document.querySelectorAll("[data-seq] .said")].filter((p) => p.textContent === ` + quote(text) + `).length === 1`)
}

func quote(s string) string {
	return "`" + strings.NewReplacer("\\", "\\\\", "`", "\\`", "$", "\\$").Replace(s) + "`"
}
