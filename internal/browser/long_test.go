package browser

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/chromedp"

	"github.com/coupchat/coup/internal/wstest"
)

// long is set by make page-long.
var long = flag.Float64("browser.long", 0, "for how many minutes the page shows a lively study, with tasks and memory measured")

const (
	longStudies  = 100
	longMembers  = 500
	longMessages = 10_000
	longRate     = 40 // messages a second
	longTask     = 200 * time.Millisecond
	longGrowth   = 5 << 20 // bytes of the page's heap from minute 1 on
)

// api makes a request of the sample API that must succeed.
func api(t *testing.T, method, url, token, body string, out any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 300 {
		t.Fatalf("%s %s: %s", method, url, answer.Status)
	}
	if out != nil {
		if err := json.NewDecoder(answer.Body).Decode(out); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAPageThatIsOpenForLong opens a study with many members and messages on a slow machine, scrolls
// through all of it, and lets many messages arrive. Without its flag it does nothing.
func TestAPageThatIsOpenForLong(t *testing.T) {
	if *long == 0 {
		return
	}
	open := chromium(t)
	p, url := single(t, "memory:", "-rate", "0")
	type person struct{ Token, UserID string }
	login := func(name string) (who person) {
		api(t, "POST", url+"api/login", "", fmt.Sprintf(`{"name":%q}`, name), &who)
		return who
	}
	mina := login("Mina")
	var studies []string
	for i := range longStudies {
		var made struct{ ID string }
		api(t, "POST", url+"api/studies", mina.Token, fmt.Sprintf(`{"name":"Study %d"}`, i), &made)
		studies = append(studies, made.ID)
	}
	var talker person
	for i := range longMembers - 1 {
		talker = login(fmt.Sprint("Member ", i))
		api(t, "POST", url+"api/studies/"+studies[0]+"/join", talker.Token, "", nil)
	}
	api(t, "POST", url+"api/studies/"+studies[1]+"/join", talker.Token, "", nil)
	connect := func() (speakers []speaker) {
		c := wstest.Dial(t, "ws://"+p.hub+"/ws", nil)
		c.Login(talker.Token)
		for _, id := range studies[:2] {
			c.Join(id)
			speakers = append(speakers, speaker{c, id})
		}
		return speakers
	}
	connect()[0].say(longMessages)

	b := open()
	b.do("slow the processor down, and watch its tasks", chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		if err := watchTasks(ctx, target); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, target, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: 4})
		return err
	}))
	b.login(url, "Mina")
	b.do("open the study", chromedp.Navigate(url+"studies/"+studies[0]), chromedp.WaitVisible(chromedp.CSS("#study")))
	b.until(fmt.Sprintf(`document.querySelector('%s') !== null && document.querySelectorAll(".member").length === %d`, seqOf(longMessages), longMembers))
	t.Logf("opened; longest task %v", b.longest())
	begin := time.Now()
	for deadline := begin.Add(10 * time.Minute); ; {
		at, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](`(document.querySelector("#log").scrollTop = 0, Number(document.querySelector("[data-seq]").dataset.seq))`))
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("scrolled up to %d: %v", at, err)
		}
		if at == 1 {
			break
		}
		b.do("wait for a page", chromedp.Sleep(50*time.Millisecond))
	}
	t.Logf("scrolled through %d messages in %v; longest task %v", longMessages, time.Since(begin).Round(time.Second), b.longest())
	b.eval(`document.querySelector("#pill").click()`)
	b.until(fmt.Sprintf(`document.querySelector('%s') !== null`, seqOf(longMessages)))

	speakers := connect()
	tick := time.NewTicker(time.Second / longRate)
	defer tick.Stop()
	var heaps []float64
	longest := b.longest()
	b.eval(`window.longest = 0`)
	end := time.Now().Add(time.Duration(*long * float64(time.Minute)))
	for n := 0; time.Now().Before(end); n++ {
		<-tick.C
		speakers[n%2].say(1)
		if n%(longRate*60) == longRate*60-1 {
			now := b.longest()
			longest = max(longest, now)
			heaps = append(heaps, b.heap())
			b.eval(`window.longest = 0`) // the collection that heap asks for is no task of the page
			t.Logf("minute %d: heap %.1f MiB, %d messages in the document, longest task %v", len(heaps), heaps[len(heaps)-1]/(1<<20), b.count("[data-seq]"), now)
		}
	}
	b.until(`document.querySelector("#workspace").dataset.connection === "online"`)
	if longest > longTask {
		t.Errorf("a task took %v, want at most %v", longest, longTask)
	}
	if n := len(heaps); n > 2 && heaps[n-1]-heaps[0] > longGrowth {
		t.Errorf("the heap grew from %.1f to %.1f MiB", heaps[0]/(1<<20), heaps[n-1]/(1<<20))
	}
}

// watchTasks lets window.longest be the longest task of each page, in ms.
func watchTasks(ctx context.Context, t *chromedp.Target) error {
	return onEachPage(ctx, t, `window.longest = 0; new PerformanceObserver((list) => { for (const e of list.getEntries()) window.longest = Math.max(window.longest, e.duration); }).observe({ entryTypes: ["longtask"] });`)
}

// longest returns the longest task of the page.
func (b tab) longest() time.Duration {
	b.t.Helper()
	ms, err := chromedp.Run(b.ctx, chromedp.Evaluate[float64](`window.longest`))
	if err != nil {
		b.t.Fatal(err)
	}
	return time.Duration(ms * float64(time.Millisecond)).Round(time.Millisecond)
}

func (b tab) count(selector string) int {
	b.t.Helper()
	n, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](`document.querySelectorAll(`+quote(selector)+`).length`))
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

// heap returns the bytes of the page's heap that are in use after a collection.
func (b tab) heap() float64 {
	b.t.Helper()
	b.do("collect garbage", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, heapprofiler.CollectGarbage, cdp.Empty{})
		return err
	}))
	bytes, err := chromedp.Run(b.ctx, chromedp.Evaluate[float64](`performance.memory.usedJSHeapSize`))
	if err != nil {
		b.t.Fatal(err)
	}
	return bytes
}
