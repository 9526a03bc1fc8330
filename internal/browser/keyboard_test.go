package browser

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// tabTo presses Tab until an element has the focus, or Shift+Tab if back is set.
func (b tab) tabTo(selector string, back bool) {
	b.t.Helper()
	var options []chromedp.KeyOption
	if back {
		options = append(options, chromedp.KeyModifiers(chromedp.ModifierShift))
	}
	for range 40 {
		at, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`document.activeElement.matches(`+quote(selector)+`)`))
		if err != nil {
			b.t.Fatal(err)
		}
		if at {
			return
		}
		b.press(kb.Tab, options...)
	}
	b.t.Fatalf("Tab does not lead to %s", selector)
}

// Everything works without a mouse.
func TestTheWholeFlowByKeyboard(t *testing.T) {
	open := chromium(t)
	_, url := single(t, "memory:", "-rate", "0")
	sora, mina := open(), open()
	sora.login(url, "Sora")
	sora.create("Algebra")

	mina.do("open the page", chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS("#name")))
	mina.tabTo("#name", false)
	mina.press("Mina\r")
	mina.do("be in", chromedp.WaitVisible(chromedp.CSS("#others button")))
	mina.tabTo("#others button", false)
	mina.press(kb.Enter)
	mina.do("be in the study", chromedp.WaitVisible(chromedp.CSS("#study")))
	mina.until(`document.activeElement.id === "draft"`)
	mina.press("hello\r")
	sora.expect("hello")
	sora.post("hi Mina")
	mina.expect("hi Mina")

	t.Log("the menu of a message")
	mina.tabTo(".tools-button", true)
	mina.until(`document.activeElement.closest("[data-seq]").dataset.seq === "2"`)
	mina.press(kb.Enter)
	mina.until(`document.activeElement.closest("#tools") !== null`)
	mina.press(kb.ArrowRight)
	mina.press(kb.Enter)
	sora.until(`document.querySelector('[data-seq="2"] .reaction')?.textContent === "❤️ 1"`)
	mina.until(`document.activeElement.matches(".tools-button")`)
	mina.press(kb.ArrowUp)
	mina.until(`document.activeElement.closest("[data-seq]")?.dataset.seq === "1"`)
	mina.press(kb.Enter)
	mina.until(`document.querySelector("#tools") !== null`)
	mina.press(kb.Escape)
	mina.until(`document.querySelector("#tools") === null && document.activeElement.matches(".tools-button")`)

	t.Log("an edit, and an edit that is given up")
	mina.tabTo("#draft", false)
	mina.press(kb.ArrowUp)
	mina.until(`document.querySelector("#draft").value === "hello"`)
	mina.press(" there\r")
	sora.expect("hello there")
	mina.expect("hello there") // the ack, which clears the draft, may come before the event
	mina.until(`document.querySelector("#draft").value === ""`)
	mina.press(kb.ArrowUp)
	mina.until(`document.querySelector("#draft").value === "hello there"`)
	mina.press(kb.Escape)
	mina.until(`document.querySelector("#draft").value === "" && document.querySelector("#about").hidden`)

	t.Log("a notice, and a dialog that Escape closes")
	mina.tabTo("#new-notice", true)
	mina.press(kb.Enter)
	mina.until(`document.querySelector("#notice").open && document.activeElement.id === "notice-text"`)
	mina.press("at eight")
	mina.tabTo("#notice .primary", false)
	mina.press(kb.Enter)
	sora.until(`document.querySelector("#toasts").textContent.includes("Mina: at eight")`)
	mina.tabTo("#open-search", true)
	mina.press(kb.Enter)
	mina.until(`document.querySelector("#search").open`)
	mina.press(kb.Escape)
	mina.until(`!document.querySelector("#search").open && document.activeElement.id === "open-search"`)

	t.Log("another study, and out")
	mina.press("k", chromedp.KeyModifiers(chromedp.ModifierCtrl))
	mina.until(`document.querySelector("#switcher").open && document.activeElement.id === "switcher-text"`)
	mina.press("alg\r")
	mina.until(`!document.querySelector("#switcher").open`)
	mina.tabTo("#leave", false)
	mina.press(kb.Enter)
	mina.until(`document.querySelector("#confirm").open`)
	mina.tabTo("#confirm-yes", true)
	mina.press(kb.Enter)
	mina.until(`document.querySelector("#study").hidden`)
	mina.tabTo("#logout", false)
	mina.press(kb.Enter)
	mina.do("be out", chromedp.WaitVisible(chromedp.CSS("#name")))
}
