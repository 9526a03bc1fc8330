package browser

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestTwoUsersChatThroughARestart(t *testing.T) {
	open := chromium(t)
	database := "sqlite:" + filepath.Join(t.TempDir(), "coup.db")
	program, url := single(t, database)

	ada, ben := open(), open()
	ada.login(url, "Ada")
	ada.do("create a study", chromedp.Click(chromedp.CSS("#new-study")), chromedp.WaitVisible(chromedp.CSS("#create-name")),
		chromedp.SendKeys(chromedp.CSS("#create-name"), "Algebra"), chromedp.Click(chromedp.CSS("#create .primary")), chromedp.WaitVisible(chromedp.CSS("#study")))
	ben.login(url, "Ben")
	ben.do("join it", chromedp.WaitVisible(chromedp.CSS("#others button")), chromedp.Click(chromedp.CSS("#others button")), chromedp.WaitVisible(chromedp.CSS("#study")))
	ada.post("hello Ben")
	ben.expect("hello Ben")
	ben.post("안녕 Ada")
	ada.expect("안녕 Ada")

	program.end(syscall.SIGTERM)
	ada.until(`document.querySelector("#workspace").dataset.connection !== "online"`)
	ben.until(`document.querySelector("#workspace").dataset.connection !== "online"`)
	ada.post("posted while the server is down")
	ben.post("me too")
	ada.until(`document.querySelectorAll(".pending").length === 1`)
	program.start(t)
	for _, b := range []tab{ada, ben} {
		for _, text := range []string{"hello Ben", "안녕 Ada", "posted while the server is down", "me too"} {
			b.expect(text)
		}
		b.until(`document.querySelectorAll(".pending").length === 0 && document.querySelectorAll("[data-seq]").length === 4`)
	}
	ben.do("reload", chromedp.Reload(), chromedp.WaitVisible(chromedp.CSS("#study")))
	ben.expect("posted while the server is down")

	ada.do("remove Ben", chromedp.WaitVisible(chromedp.CSS("[data-kick]")), chromedp.Click(chromedp.CSS("[data-kick]")),
		chromedp.WaitVisible(chromedp.CSS("#confirm-yes")), chromedp.Click(chromedp.CSS("#confirm-yes")))
	ben.until(`document.querySelector("#study").hidden && document.querySelectorAll("#mine li").length === 0`)
	ben.until(`document.querySelector("#toasts").textContent.includes("Algebra")`)
}

func TestTextsOfUsersAreNeverRunAsCode(t *testing.T) {
	open := chromium(t)
	_, url := single(t, "memory:")
	payloads := []string{
		`<img src=x onerror=window.ran=1>`, `<script>window.ran=1</script>`, `"><svg onload=window.ran=1>`,
		`javascript:window.ran=1`, `https://x/"onmouseover="window.ran=1`, `{{constructor.constructor('window.ran=1')()}}`,
	}
	eve := open()
	eve.login(url, payloads[0])
	eve.do("create a study", chromedp.Click(chromedp.CSS("#new-study")), chromedp.WaitVisible(chromedp.CSS("#create-name")),
		chromedp.SendKeys(chromedp.CSS("#create-name"), payloads[2]), chromedp.Click(chromedp.CSS("#create .primary")), chromedp.WaitVisible(chromedp.CSS("#study")))
	for _, p := range payloads {
		eve.post(p)
		eve.expect(p)
	}
	eve.do("send a notice", chromedp.Click(chromedp.CSS("#new-notice")), chromedp.WaitVisible(chromedp.CSS("#notice-text")),
		chromedp.SendKeys(chromedp.CSS("#notice-text"), payloads[1]), chromedp.Click(chromedp.CSS("#notice .primary")))
	eve.until(`document.querySelector("#toasts").textContent.includes("<script>")`)
	eve.until(`window.ran === undefined && !document.querySelector("main img, main script, #toasts script, a[href^='javascript']")`)

	eve.do("log in as Ada", chromedp.Click(chromedp.CSS("#logout")), chromedp.WaitVisible(chromedp.CSS("#name")),
		chromedp.SetValue(chromedp.CSS("#name"), "Ada"), chromedp.Click(chromedp.CSS("#enter")), chromedp.WaitVisible(chromedp.CSS("[data-connection=online]")))
	eve.until(`document.querySelector("#bell-count").hidden && document.querySelector("#toasts").children.length === 0`)
}
