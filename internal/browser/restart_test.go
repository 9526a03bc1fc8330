package browser

import (
	"crypto/rand"
	"fmt"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/coupchat/coup/internal/testenv"
)

// Two users chat while each part of the deployment is killed and started again, one after
// the other.
func TestThePageSurvivesARestartOfEveryPart(t *testing.T) {
	open := chromium(t)
	postgres, redis := testenv.StartPostgres(t), testenv.Redis(t)
	page, internal, line := testenv.FreeAddr(t), testenv.FreeAddr(t), testenv.FreeAddr(t)
	common := []string{"-redis", redis.URL(), "-jwt-secret", rand.Text() + rand.Text(), "-service-token", rand.Text() + rand.Text()}
	api := launch(t, page, append([]string{"-role", "api", "-api-addr", page, "-internal-addr", internal,
		"-database", postgres.URL(t), "-signaling-url", "ws://" + line + "/ws", "-demo-login"}, common...)...)
	hub := launch(t, line, append([]string{"-role", "signaling", "-signaling-addr", line,
		"-api-url", "http://" + internal, "-origins", "http://" + page}, common...)...)
	api.wait(t)
	hub.wait(t)

	ada, ben := open(), open()
	ada.login("http://"+page+"/", "Ada")
	ada.do("create a study", chromedp.Click(chromedp.CSS("#new-study")), chromedp.WaitVisible(chromedp.CSS("#create-name")),
		chromedp.SendKeys(chromedp.CSS("#create-name"), "Algebra"), chromedp.Click(chromedp.CSS("#create .primary")), chromedp.WaitVisible(chromedp.CSS("#study")))
	ben.login("http://"+page+"/", "Ben")
	ben.do("join it", chromedp.WaitVisible(chromedp.CSS("#others button")), chromedp.Click(chromedp.CSS("#others button")), chromedp.WaitVisible(chromedp.CSS("#study")))

	const (
		lost    = `document.querySelector("#strip").innerText.includes("Connection lost")`
		delayed = `document.querySelector(".pending .fate")?.innerText.includes("Cannot be stored right now")`
		heard   = `[...document.querySelectorAll("[data-seq] .said")].some((p) => p.textContent === "while this is down: Redis")`
	)
	parts := []struct {
		name        string
		kill, start func()
		shows       string // what the page shows meanwhile
	}{
		{"hub", func() { hub.end(syscall.SIGKILL) }, func() { hub.start(t) }, lost},
		{"api", func() { api.end(syscall.SIGKILL) }, func() { api.start(t) }, delayed},
		{"Postgres", func() { postgres.Kill(t) }, func() { postgres.Restart(t) }, delayed},
		{"Redis", func() { redis.Kill(t) }, func() { redis.Restart(t) }, heard},
	}
	var said []string
	for _, p := range parts {
		before, during, reply := "before this is down: "+p.name, "while this is down: "+p.name, "an answer without "+p.name
		said = append(said, before, during, reply)
		ada.post(before)
		ben.expect(before)
		p.kill()
		ada.post(during)
		ben.post(reply)
		ada.until(p.shows)
		ben.until(p.shows)
		p.start()
		for _, b := range []tab{ada, ben} {
			for _, text := range said {
				b.expect(text)
			}
			b.until(fmt.Sprintf(`document.querySelectorAll(".pending").length === 0 && document.querySelectorAll("[data-seq]").length === %d`, len(said)))
			b.until(`document.querySelector("#workspace").dataset.connection === "online" && document.querySelector("#strip").hidden`)
		}
	}
	ben.do("reload", chromedp.Reload(), chromedp.WaitVisible(chromedp.CSS("#study")))
	for _, text := range said {
		ben.expect(text)
	}
}
