package browser

import (
	"context"
	"encoding/base64"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// A look is a device and how its user wants pages to look.
type look struct {
	name, language string
	phone, dark    bool
	forced         bool // the system forces its own colours
}

var looks = []look{
	{name: "a desktop, in English", language: "en"},
	{name: "a phone, in Korean and dark", language: "ko", phone: true, dark: true},
	{name: "a desktop, in Korean and dark", language: "ko", dark: true},
	{name: "a phone, in English", language: "en", phone: true},
}

// as makes the tab look so.
func (b tab) as(l look) {
	b.t.Helper()
	scheme, forced := "light", "none"
	if l.dark {
		scheme = "dark"
	}
	if l.forced {
		forced = "active"
	}
	b.do("look like "+l.name, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: "Mozilla/5.0 Chrome", AcceptLanguage: l.language}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "forced-colors", Value: forced},
		}})
		return err
	}))
	if l.phone {
		b.do("look like a phone", chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait))
	}
}

// eval runs a statement in JavaScript.
func (b tab) eval(statement string) {
	b.t.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`(() => { `+statement+`; return true; })()`)); err != nil {
		b.t.Fatalf("%s: %v", statement, err)
	}
}

// click clicks the first element of a selector, as a mouse or a finger does.
func (b tab) click(selector string) {
	b.t.Helper()
	b.do("click "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// paste posts a text of several lines, which typed keys would send line by line.
func (b tab) paste(text string) {
	b.t.Helper()
	b.eval(`const box = document.querySelector("#draft"); box.value = ` + quote(text) + `; box.dispatchEvent(new Event("input"))`)
	b.click("#send")
}

// sayYes answers the question that the page asks.
func (b tab) sayYes() {
	b.t.Helper()
	b.do("say yes", chromedp.WaitVisible(chromedp.CSS("#confirm-yes")), chromedp.Click(chromedp.CSS("#confirm-yes")))
}

// notice sends a notice to the study that is open.
func (b tab) notice(text string) {
	b.t.Helper()
	b.click("#new-notice")
	b.do("write a notice", chromedp.WaitVisible(chromedp.CSS("#notice-text")), chromedp.SendKeys(chromedp.CSS("#notice-text"), text))
	b.click("#notice .primary")
}

// press presses keys, with Ctrl if ctrl is set.
func (b tab) press(keys string, options ...chromedp.KeyOption) {
	b.t.Helper()
	b.do("press "+keys, chromedp.KeyEvent(keys, options...))
}

// onePixel is a picture in PNG.
var onePixel, _ = base64.StdEncoding.DecodeString("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC")

// watchViolations lets window.violations collect what the policy of each page refuses.
func watchViolations(ctx context.Context, t *chromedp.Target) error {
	return onEachPage(ctx, t, `window.violations = []; document.addEventListener("securitypolicyviolation", (e) => window.violations.push(e.violatedDirective + " " + e.blockedURI + " " + e.sample));`)
}

// onEachPage runs a script at the beginning of each page.
func onEachPage(ctx context.Context, t *chromedp.Target, script string) error {
	_, err := cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
	return err
}
