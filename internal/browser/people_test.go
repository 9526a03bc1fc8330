package browser

import (
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"
)

// path returns the path and query of the page.
func (b tab) path() string {
	b.t.Helper()
	path, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.pathname`))
	if err != nil {
		b.t.Fatal(err)
	}
	return path
}

// offline takes the network away from the page, or gives it back. The emulation of the browser leaves
// connections that are up alone.
func (b tab) offline(off bool) {
	b.t.Helper()
	if off {
		b.eval(`window.real = [WebSocket.prototype.send, fetch]; WebSocket.prototype.send = () => {}; window.fetch = async () => { throw new TypeError("offline"); };
			dispatchEvent(new Event("offline"))`)
		return
	}
	b.eval(`[WebSocket.prototype.send, window.fetch] = window.real; dispatchEvent(new Event("online"))`)
}

func TestTheURLOfAStudyOffersToJoinIt(t *testing.T) {
	open := chromium(t)
	_, url := single(t, "memory:")
	sora, mina := open(), open()
	sora.login(url, "Sora")
	sora.create("Algebra")
	path := sora.path()
	mina.do("open the link", chromedp.Navigate(url[:len(url)-1]+path), chromedp.WaitVisible(chromedp.CSS("#name")))
	mina.do("log in", chromedp.SendKeys(chromedp.CSS("#name"), "Mina"), chromedp.Click(chromedp.CSS("#enter")), chromedp.WaitVisible(chromedp.CSS("#offer-join")))
	mina.until(`document.querySelector("#offer-name").textContent === "Algebra" && document.querySelector("#offer-about").textContent.includes("Sora")`)
	mina.shot("offer")
	mina.click("#offer-join")
	mina.do("be in", chromedp.WaitVisible(chromedp.CSS("#study")))
	mina.post("hello")
	sora.expect("hello")
	mina.do("open one that is not there", chromedp.Navigate(url+"studies/absent"))
	mina.until(`location.pathname === "/" && document.querySelector("#toasts").textContent.includes("There is no such study")`)

	t.Log("leave by the button")
	mina.eval(`document.querySelector("#mine a").click()`)
	mina.click("#leave")
	mina.sayYes()
	mina.until(`document.querySelector("#study").hidden && document.querySelectorAll("#mine li").length === 0`)
	mina.until(`document.querySelector("#others button") !== null`)
	mina.enterStudy() // who left comes back by one click
}

func TestWhoMayComeIn(t *testing.T) {
	open := chromium(t)
	_, url := single(t, "memory:", "-rate", "0")
	sora, mina, jun := open(), open(), open()
	sora.login(url, "Sora")
	sora.do("create a study with approval", chromedp.Click(chromedp.CSS("#new-study")), chromedp.WaitVisible(chromedp.CSS("#create-name")),
		chromedp.SendKeys(chromedp.CSS("#create-name"), "Closed"), chromedp.Click(chromedp.CSS("#create-approval")), chromedp.Click(chromedp.CSS("#create .primary")), chromedp.WaitVisible(chromedp.CSS("#study")))

	t.Log("a request is let in")
	mina.login(url, "Mina")
	mina.until(`document.querySelector("#others button")?.textContent === "Ask to join"`)
	mina.click("#others button")
	mina.until(`document.querySelector("#others button")?.textContent === "Asked" && document.querySelector("#others button").disabled`)
	sora.until(`document.querySelector("#requests [data-let-in]") !== null`)
	sora.shot("requests")
	sora.click("#requests [data-let-in]")
	mina.until(`document.querySelectorAll("#mine li").length === 1 && document.querySelector("#toasts").textContent.includes("Welcome to Closed")`)
	mina.eval(`document.querySelector("#mine a").click()`)
	mina.do("be in", chromedp.WaitVisible(chromedp.CSS("#study")))

	t.Log("a moderator deletes messages of others")
	jun.login(url, "Jun")
	sora.click("#invite")
	sora.do("see the invitation", chromedp.WaitVisible(chromedp.CSS("#invite-link")))
	link, err := chromedp.Run(sora.ctx, chromedp.Evaluate[string](`document.querySelector("#invite-link").value`))
	if err != nil {
		t.Fatal(err)
	}
	sora.click("#invitation button")
	jun.do("open the invitation", chromedp.Navigate(link), chromedp.WaitVisible(chromedp.CSS("#study")))
	jun.post("spam")
	mina.expect("spam")
	sora.until(`document.querySelectorAll("[data-role]").length === 2`)
	sora.eval(`[...document.querySelectorAll(".member")].find((m) => m.textContent.includes("Mina")).querySelector("[data-role]").click()`)
	mina.until(`[...document.querySelectorAll(".member")].some((m) => m.textContent.includes("Mina") && m.textContent.includes("Moderator"))`)
	mina.until(`[...document.querySelectorAll(".member")].some((m) => m.textContent.includes("Jun") && m.querySelector("[data-kick]"))`)

	t.Log("what was written offline and can never be sent is said")
	jun.offline(true)
	jun.until(`document.querySelector("#workspace").dataset.connection !== "online"`)
	jun.post("written offline")
	mina.eval(`[...document.querySelectorAll(".member")].find((m) => m.textContent.includes("Jun")).querySelector("[data-kick]").click()`)
	mina.sayYes()
	mina.until(`![...document.querySelectorAll(".member")].some((m) => m.textContent.includes("Jun"))`)
	jun.offline(false)
	jun.until(`document.querySelector("#toasts").textContent.includes("Never sent: written offline") && document.querySelector("#study").hidden`)

	t.Log("a removed member does not come back by one click, nor by an invitation")
	jun.do("open the invitation again", chromedp.Navigate(link), chromedp.WaitVisible(chromedp.CSS("#toasts .toast")))
	jun.until(`document.querySelector("#toasts").textContent.includes("You asked to join Closed") && document.querySelectorAll("#mine li").length === 0`)
	mina.until(`document.querySelector("#requests")?.textContent.includes("Was removed, asks to come back")`)
	mina.click("#requests [data-refuse]")
	mina.until(`document.querySelector("#requests li") === null`)
}

func TestMutedStudiesAreQuiet(t *testing.T) {
	open := chromium(t)
	p, url := single(t, "memory:", "-rate", "0")
	sora, mina := open(), open()
	sora.login(url, "Sora")
	sora.create("Algebra")
	mina.login(url, "Mina")
	mina.enterStudy()
	mina.click("#mute")
	mina.until(`document.querySelector("#mute").textContent === "Unmute" && document.querySelector("#mine .muted") !== null`)
	mina.create("Geometry")
	s := sora.speak(p)
	s.say(3)
	mina.until(`document.querySelector("#mine .badge")?.textContent === "3" && !document.title.startsWith("(")`)
	sora.notice("at eight")
	mina.until(`!document.querySelector("#bell-count").hidden && !document.querySelector("#toasts").textContent.includes("at eight")`)
	mina.until(`document.querySelector("link[rel=icon]").href.endsWith("/assets/icon-unread.svg")`)
	mina.do("reload", chromedp.Reload(), chromedp.WaitVisible(chromedp.CSS("#study")))
	mina.until(`document.querySelector("#mine .muted") !== null && !document.querySelector("#bell-count").hidden`)
	mina.click("#bell")
	mina.until(`document.querySelector("#notification-list").textContent.includes("Sora: at eight") && document.querySelector("#bell-count").hidden`)
	mina.do("reload", chromedp.Reload(), chromedp.WaitVisible(chromedp.CSS("#study")))
	mina.until(`document.querySelector("#workspace").dataset.connection === "online" && document.querySelector("#bell-count").hidden`)
}

// The outage of before, with what is new in it: edits and reactions while the server is away fail with a
// sentence, and messages with answers and mentions are sent when it is back.
func TestAnOutageWithTheFeatures(t *testing.T) {
	open := chromium(t)
	p, url := single(t, "sqlite:"+t.TempDir()+"/chat.db")
	sora, mina := open(), open()
	sora.login(url, "Sora")
	sora.create("Algebra")
	mina.login(url, "Mina")
	mina.enterStudy()
	sora.post("a question")
	mina.expect("a question")
	p.end(syscall.SIGKILL)
	mina.until(`document.querySelector("#workspace").dataset.connection !== "online"`)
	mina.menu(1, 0)
	mina.until(`document.querySelector("#toasts").textContent.includes("This does not work right now")`)
	mina.menu(1, 8)
	mina.post("an answer to @Sora")
	mina.until(`document.querySelectorAll(".pending").length === 1`)
	p.start(t)
	sora.until(`document.querySelector('[data-seq="2"] .quoted')?.textContent.includes("a question") && document.querySelector('[data-seq="2"] .mention') !== null`)
	mina.until(`document.querySelectorAll(".pending").length === 0 && document.querySelectorAll("[data-seq]").length === 2`)
	mina.menu(1, 0)
	sora.until(`document.querySelector('[data-seq="1"] .reaction')?.textContent === "👍 1"`)
}
