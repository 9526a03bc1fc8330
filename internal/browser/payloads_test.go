package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/coupchat/coup/internal/wstest"
)

// attacks are texts that a page must show as they are, or leave out. Each would set window.ran.
var attacks = []string{
	`<img src=x onerror=window.ran=1>`, `<script>window.ran=1</script>`, `"><svg onload=window.ran=1>`, `<svg><script>window.ran=1</script></svg>`,
	`<iframe srcdoc="<script>parent.ran=1</script>">`, `<a href="javascript:window.ran=1">x</a>`, `javascript:window.ran=1`, `<body onload=window.ran=1>`,
	`<details open ontoggle=window.ran=1>`, `<input autofocus onfocus=window.ran=1>`, `<math><mtext><img src=x onerror=window.ran=1></mtext></math>`,
	`{{constructor.constructor('window.ran=1')()}}`, `${window.ran=1}`, `<!--><img src=x onerror=window.ran=1>-->`, `]]><img src=x onerror=window.ran=1>`,
	`&lt;img src=x onerror=window.ran=1&gt;`, `&#60;script&#62;window.ran=1&#60;/script&#62;`, `\u003cscript\u003ewindow.ran=1\u003c/script\u003e`,
	`<style>@import 'javascript:window.ran=1'</style>`, `<link rel=import href="data:text/html,<script>parent.ran=1</script>">`,
	`<object data="data:text/html,<script>parent.ran=1</script>">`, `<embed src="javascript:window.ran=1">`, `<form action="javascript:window.ran=1"><button>`,
	`<base href="https://evil.example/">`, `<meta http-equiv=refresh content="0;url=javascript:window.ran=1">`,
	// Markdown
	"[x](javascript:window.ran=1)", "![x](javascript:window.ran=1)", "[x]: javascript:window.ran=1", "<javascript:window.ran=1>", "[x](data:text/html,<script>window.ran=1</script>)",
	"**<img src=x onerror=window.ran=1>**", "*`<img src=x onerror=window.ran=1>`*", "> <img src=x onerror=window.ran=1>", "- <img src=x onerror=window.ran=1>", "1. <script>window.ran=1</script>",
	"~~<svg onload=window.ran=1>~~", "```\n<script>window.ran=1</script>\n```", "```html\n<img src=x onerror=window.ran=1>\n```", "```\"onload=window.ran=1\nx\n```", "```go onclick=window.ran=1\nx\n```",
	// links
	`https://example.com/"onmouseover="window.ran=1`, `https://example.com/<script>window.ran=1</script>`, "https://javascript:window.ran=1@example.com/", "http://\u202emoc.elpmaxe", "https://example.com/'onclick='window.ran=1",
	"HTTPS://example.com/javascript:window.ran=1", "https:javascript:window.ran=1", "//evil.example/window.ran=1",
	// formulas
	`$\href{javascript:window.ran=1}{x}$`, `$\url{javascript:window.ran=1}$`, `$\htmlData{x=1}{\htmlId{a}{x}}$`, `$\includegraphics{https://evil.example/x.png}$`, `$\class{x" onload="window.ran=1}{y}$`,
	`$\style{background:url(javascript:window.ran=1)}{y}$`, `$\text{<img src=x onerror=window.ran=1>}$`, "$$\n\\def\\a{\\a\\a}\\a\n$$", `$\rule{999999em}{999999em}$`, `$<script>window.ran=1</script>$`, `$\unicode{x3c}script$`,
	"$" + strings.Repeat("{", 300) + "$",
	// mentions and odd signs
	"@<img src=x onerror=window.ran=1> ", "\u202e<script>window.ran=1</script>", "a\u0000b<img src=x onerror=window.ran=1>", strings.Repeat("<b>", 200),
}

// Whatever users write, in names, messages, notices, names of files, links of notifications and search: no
// script runs, nothing is loaded from elsewhere, and the policy of the page has nothing to report.
func TestNothingThatUsersWriteIsRun(t *testing.T) {
	if len(attacks) < 60 {
		t.Fatalf("%d attacks, want 60", len(attacks))
	}
	open := chromium(t)
	p, url := single(t, "memory:", "-rate", "0")
	mina := open()
	mina.do("watch", chromedp.Func(watchViolations))
	mina.login(url, attacks[0])
	mina.create(attacks[2])
	s := mina.speak(p)
	for i, attack := range attacks {
		id := fmt.Sprint("attack-", i)
		s.Call("send_message", map[string]any{
			"studyId": s.study, "content": attack, "clientId": id,
			"attachments": []map[string]any{{"url": "/api/studies/x/files/" + id, "name": short(attack, 100), "type": "image/svg+xml"}, {"url": "https://example.com/" + id, "name": short(attack, 100), "type": "text/html"}},
		}, func(wstest.Event) {})
	}
	mina.until(fmt.Sprintf(`document.querySelectorAll("[data-seq]").length >= %d`, len(attacks)-1)) // one with a NUL is refused
	for _, attack := range []string{attacks[0], attacks[1], attacks[25], attacks[48]} {
		mina.eval(`document.querySelector("#new-notice").click(); document.querySelector("#notice-text").value = ` + quote(attack) + `; document.querySelector("#notice .primary").click()`)
		mina.until(`!document.querySelector("#notice").open`)
	}
	mina.eval(`document.querySelector("#new-notice").click()`)
	mina.until(`document.querySelectorAll("#notice-list li").length === 4`)
	mina.eval(`document.querySelector("#notice").close(); document.querySelector("#open-search").click(); document.querySelector("#search-text").value = "ran=1"; document.querySelector("#search-text").dispatchEvent(new Event("input"))`)
	mina.until(`document.querySelectorAll("#search-list li").length >= 20`)
	mina.eval(`document.querySelector("#search").close(); document.querySelector("#bell").click(); document.querySelector("#log").scrollTop = 0`)
	mina.eval(`for (const el of document.querySelectorAll("#messages *, #toasts *, #mine *")) for (const event of ["mouseover", "focus", "click"]) if (el.tagName !== "A" && el.tagName !== "BUTTON") el.dispatchEvent(new Event(event, { bubbles: true }))`)
	mina.until(`document.querySelectorAll(".formula").length > 5`)
	mina.until(`window.ran === undefined && window.violations.length === 0`)
	mina.until(`document.querySelector("main script, main iframe, main object, main embed, main svg script, #messages img[src]:not([src^='blob:']), #messages form, #messages input, #messages [onerror], #messages [onload]") === null`)
	mina.until(`[...document.querySelectorAll("main a")].every((a) => ["http:", "https:"].includes(a.protocol) && a.rel.includes("noopener"))`)
}

// short returns at most n bytes of an ASCII text, without line breaks.
func short(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
	return s[:min(n, len(s))]
}
