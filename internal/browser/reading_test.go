package browser

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/coupchat/coup/internal/wstest"
)

// A speaker posts messages without a page.
type speaker struct {
	*wstest.Client
	study string
}

// speak logs a user of a page in again, on a connection of its own, and joins the study that is open
// there.
func (b tab) speak(p *program) speaker {
	b.t.Helper()
	token, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`JSON.parse(localStorage.getItem("coup.session")).token`))
	if err != nil {
		b.t.Fatal(err)
	}
	study, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`decodeURIComponent(location.pathname.split("/")[2])`))
	if err != nil {
		b.t.Fatal(err)
	}
	c := wstest.Dial(b.t, "ws://"+p.hub+"/ws", nil)
	c.Login(token)
	c.Join(study)
	return speaker{c, study}
}

// say posts n messages.
func (s speaker) say(n int) {
	for i := range n {
		s.Call("send_message", map[string]any{"studyId": s.study, "content": fmt.Sprint("message ", i+1)}, func(wstest.Event) {})
	}
}

// onScreen is a condition: the first element of a selector is inside the list of messages.
func onScreen(selector string) string {
	return fmt.Sprintf(`(() => {
		const box = document.querySelector(%s)?.getBoundingClientRect(), log = document.querySelector("#log").getBoundingClientRect();
		return Boolean(box) && box.bottom > log.top && box.top < log.bottom;
	})()`, quote(selector))
}

func TestAStudyOpensAtTheFirstUnreadMessage(t *testing.T) {
	open := chromium(t)
	for _, l := range looks {
		t.Run(l.name, func(t *testing.T) {
			p, url := single(t, "memory:", "-rate", "0")
			mina, sora, again := open(), open(), open()
			mina.t, sora.t, again.t = t, t, t
			mina.as(l)
			sora.login(url, "Sora")
			sora.create("Algebra")
			mina.login(url, "Mina")
			mina.enterStudy()
			mina.until(`document.querySelector("#older").dataset.key === "emptyChat"`)
			s := sora.speak(p)
			s.say(10)
			mina.until(`document.querySelectorAll("[data-seq]").length === 10`)
			mina.eval(`history.pushState(null, "", "/"); dispatchEvent(new PopStateEvent("popstate"))`)
			mina.until(`document.querySelector("#study").hidden`)
			s.say(120)
			mina.until(`document.querySelector("#mine .badge")?.textContent === "99" && document.title.startsWith("(99)")`)

			again.login(url, "Mina") // another device
			again.until(`document.querySelector("#mine .badge")?.textContent === "99"`)
			mina.eval(`document.querySelector("#mine a").click()`)
			mina.until(onScreen(".rule.unread"))
			mina.until(onScreen(`[data-seq="11"]`) + ` && !document.querySelector("#pill").hidden`)
			mina.shot("unread" + l.language)
			mina.do("reload", chromedp.Reload(), chromedp.WaitVisible(chromedp.CSS("#study")))
			mina.until(onScreen(`.rule.unread`))

			t.Log("what is scrolled past is read, on every device")
			mina.eval(`document.querySelector("#pill").click()`)
			mina.until(onScreen(`[data-seq="130"]`) + ` && document.querySelector("#pill").hidden`)
			again.until(`document.querySelector("#mine .badge") === null && !document.title.startsWith("(")`)
			again.do("reload", chromedp.Reload(), chromedp.WaitVisible(chromedp.CSS("#mine a")))
			again.until(`document.querySelector("#workspace").dataset.connection === "online" && document.querySelector("#mine .badge") === null`)

			t.Log("a link leads to a message, and back")
			mina.do("open a link", chromedp.Navigate(url+"studies/"+s.study+"?seq=5"), chromedp.WaitVisible(chromedp.CSS("#study")))
			mina.until(`document.querySelector('[data-seq="5"].found') !== null && location.search === "" && document.querySelector('[data-seq="130"]') === null`)
			s.say(1)
			mina.until(`document.querySelector("#pill").classList.contains("fresh")`)
			for range 4 { // the pages between the part and the newest messages follow
				mina.eval(`document.querySelector("#log").scrollTop = 1e9`)
			}
			mina.until(`(document.querySelector("#log").scrollTop = 1e9, document.querySelector('[data-seq="131"]') !== null)`)
			mina.until(`[...document.querySelectorAll("[data-seq]")].every((el, i, all) => i === 0 || Number(el.dataset.seq) === Number(all[i - 1].dataset.seq) + 1)`)
		})
	}
}

// Long conversations are read without keeping all of them in the document.
func TestWhatIsFarAwayIsLetGo(t *testing.T) {
	open := chromium(t)
	p, url := single(t, "memory:", "-rate", "0")
	sora := open()
	sora.login(url, "Sora")
	sora.create("Algebra")
	s := sora.speak(p)
	s.say(1500)
	sora.until(`document.querySelector('[data-seq="1500"]') !== null && document.querySelectorAll("[data-seq]").length <= 350`)
	sora.until(`(document.querySelector("#log").scrollTop = 0, document.querySelector('[data-seq="1"]') !== null)`)
	sora.until(`document.querySelectorAll("[data-seq]").length <= 350 && document.querySelector('[data-seq="1500"]') === null`)
	sora.until(`(document.querySelector("#log").scrollTop = 1e9, document.querySelector('[data-seq="1500"]') !== null)`)
	sora.until(`document.querySelectorAll("[data-seq]").length <= 350
		&& [...document.querySelectorAll("[data-seq]")].every((el, i, all) => i === 0 || Number(el.dataset.seq) === Number(all[i - 1].dataset.seq) + 1)`)
}

func TestDraftsSurviveAReload(t *testing.T) {
	open := chromium(t)
	_, url := single(t, "memory:")
	mina := open()
	mina.login(url, "Mina")
	mina.create("Algebra")
	mina.do("write", chromedp.SendKeys(chromedp.CSS("#draft"), "half a thought"))
	mina.create("Geometry")
	mina.until(`document.querySelector("#draft").value === "" && document.querySelector("#mine .begun")?.parentElement.textContent === "Draft: half a thought"`)
	mina.press("k", chromedp.KeyModifiers(chromedp.ModifierCtrl))
	mina.do("choose", chromedp.WaitVisible(chromedp.CSS("#switcher-text")), chromedp.SendKeys(chromedp.CSS("#switcher-text"), "alg"))
	mina.eval(`document.querySelector("#switcher-text").dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", cancelable: true }))`)
	mina.until(`document.querySelector("#study-name").textContent === "Algebra" && document.querySelector("#draft").value === "half a thought"`)
	mina.do("reload", chromedp.Reload(), chromedp.WaitVisible(chromedp.CSS("#study")))
	mina.until(`document.querySelector("#draft").value === "half a thought"`)
	mina.click("#send")
	mina.expect("half a thought")
	mina.until(`document.querySelector("#mine .begun") === null`)
}
