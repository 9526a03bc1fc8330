package browser

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/coupchat/coup/internal/stockclient"
)

// axe checks what the page shows against the rules of axe-core.
type axe struct{ source string }

func installAxe(t *testing.T) axe {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(stockclient.Install(t, filepath.Join("testdata", "axe")), "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	return axe{string(source)}
}

// check checks one view.
func (a axe) check(b tab, view string) {
	b.t.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`window.axe !== undefined || (() => { `+a.source+`; return true; })()`)); err != nil {
		b.t.Fatal(err)
	}
	b.until(`document.getAnimations().every((a) => a.playState !== "running")`)
	got := b.run(`const { violations } = await axe.run(document, { resultTypes: ["violations"] });
		return JSON.stringify(violations.map((v) => ({ id: v.id, help: v.help, nodes: v.nodes.slice(0, 5).map((n) => n.html.slice(0, 200) + " " + n.failureSummary.slice(0, 300)) })));`)
	var violations []struct {
		ID, Help string
		Nodes    []string
	}
	if err := json.Unmarshal([]byte(got), &violations); err != nil {
		b.t.Fatalf("%s: %s", view, got)
	}
	for _, v := range violations {
		b.t.Errorf("%s: %s (%s)", view, v.Help, v.ID)
		for _, node := range v.Nodes {
			b.t.Logf("    %s", node)
		}
	}
}

func TestEveryViewIsAccessible(t *testing.T) {
	open, rules := chromium(t), installAxe(t)
	for _, l := range looks {
		t.Run(l.name, func(t *testing.T) {
			p, url := single(t, "memory:", "-rate", "0", "-receipts")
			mina, sora := open(), open()
			mina.t, sora.t = t, t
			mina.as(l)
			check := func(view string) {
				t.Helper()
				rules.check(mina, view)
				mina.shot(fmt.Sprintf("axe-%s-%s", l.language, view))
			}
			closed := func() { t.Helper(); mina.eval(`document.querySelector("dialog[open]").close()`) }
			dialog := func(view, button string) {
				t.Helper()
				mina.eval(`document.querySelector(` + quote(button) + `).click()`)
				mina.until(`document.querySelector("dialog[open]") !== null`)
				check(view)
				closed()
			}
			mina.do("open the page", chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS("#name")))
			check("login")
			mina.login(url, "Mina")
			check("nothing")
			dialog("create", "#new-study")
			mina.create("Algebra and much more of mathematics that has a name which is as long as it may")
			sora.login(url, "Sora whose name has forty characters, ok")
			sora.enterStudy()
			s := sora.speak(p)
			s.say(3)
			sora.paste("**bold** `code` $x^2$ @Mina\n> quoted\n- one\n- two\n```go\nfunc main() { return 1 } // a comment\n```")
			mina.until(`document.querySelector(".katex") !== null && document.querySelector(".hljs-keyword") !== null`)
			mina.menu(4, 0)
			mina.menu(4, 8)
			mina.post("an answer")
			mina.until(`document.querySelector(".reaction") !== null && document.querySelector(".quoted") !== null`)
			sora.menu(6, 1)
			mina.until(`document.querySelectorAll(".reaction").length === 2`)
			check("study")
			mina.eval(`document.querySelector('[data-seq="4"] .tools-button').click()`)
			check("menu")
			mina.eval(`document.querySelector("#tools").remove()`)
			mina.do("begin a name", chromedp.SendKeys(chromedp.CSS("#draft"), "@Sor"))
			mina.until(`!document.querySelector("#completion").hidden`)
			check("completion")
			mina.eval(`const box = document.querySelector("#draft"); box.value = ""; box.dispatchEvent(new Event("input"))`)
			sora.notice("at eight")
			mina.until(`document.querySelector("#toasts .toast") !== null`)
			check("toast")
			mina.eval(`document.querySelector("#new-notice").click()`)
			mina.until(`document.querySelector("#notice-list button") !== null`)
			mina.eval(`document.querySelector("#notice-list button").click()`)
			mina.until(`!document.querySelector("#pinned").hidden`)
			check("notices")
			closed()
			dialog("notifications", "#bell")
			mina.eval(`document.querySelector("#open-search").click()`)
			mina.do("search", chromedp.WaitVisible(chromedp.CSS("#search-text")), chromedp.SendKeys(chromedp.CSS("#search-text"), "message"))
			mina.until(`document.querySelectorAll("#search-list li").length === 3`)
			check("search")
			closed()
			mina.press("k", chromedp.KeyModifiers(chromedp.ModifierCtrl))
			mina.until(`document.querySelector("#switcher").open`)
			check("switcher")
			closed()
			if l.phone {
				mina.click("#show-members")
				mina.until(`document.querySelector("#workspace").classList.contains("with-members")`)
			}
			sora.eval(`document.querySelector("#leave").click()`)
			sora.sayYes()
			mina.until(`document.querySelectorAll(".member").length === 1`)
			check("members")
			dialog("invitation", "#invite")
			dialog("confirm", "#delete")
			if l.phone {
				t.Log("a tap beside the drawer closes it, and so does Back")
				mina.eval(`document.querySelector("#log").click()`)
				mina.until(`!document.querySelector("#workspace").classList.contains("with-members") && !document.querySelector("#study").hidden`)
				mina.click("#show-members")
				mina.until(`document.querySelector("#workspace").classList.contains("with-members")`)
				mina.eval(`history.back()`)
				mina.until(`!document.querySelector("#workspace").classList.contains("with-members") && !document.querySelector("#study").hidden`)
				t.Log("names of 80 characters fit")
				mina.until(`document.documentElement.scrollWidth <= innerWidth && document.querySelector("#study > header").getBoundingClientRect().right <= innerWidth`)
			}
			sora.do("see the offer", chromedp.Navigate(url[:len(url)-1]+mina.path()), chromedp.WaitVisible(chromedp.CSS("#offer-join")))
			rules.check(sora, "offer")
		})
	}
}
