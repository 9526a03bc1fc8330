package browser

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// TestPicturesForTheDocuments draws the pictures in docs: make screenshots. Without its flag it does
// nothing.
func TestPicturesForTheDocuments(t *testing.T) {
	if *shots == "" {
		return
	}
	open := chromium(t)
	_, url := single(t, "memory:", "-rate", "0", "-receipts")
	mina, sora, jun := open(), open(), open()
	for _, b := range []tab{mina, sora} {
		b.do("size the window", chromedp.EmulateViewport(1240, 800))
	}
	sora.login(url, "Sora")
	for _, name := range []string{"Reading: Sipser", "Rust on Sundays", "Thursday algorithms"} {
		sora.create(name)
	}
	join := func(b tab) {
		for range 3 {
			b.until(`document.querySelectorAll("#others button").length > 0`)
			n := b.count("#mine li")
			b.eval(`document.querySelector("#others button").click()`)
			b.until(`document.querySelectorAll("#mine li").length > ` + string(rune('0'+n)))
			b.until(`!document.querySelector("#study").hidden`)
			b.eval(`document.querySelector("#home").click()`)
			b.until(`document.querySelector("#study").hidden`)
		}
	}
	mina.login(url, "김민지")
	join(mina)
	jun.as(look{name: "a phone", language: "ko", phone: true, dark: true})
	jun.login(url, "Jun")
	join(jun)
	show := func(b tab, name string) {
		b.until(`[...document.querySelectorAll("#mine a")].some((a) => a.textContent.includes(` + quote(name) + `))`)
		b.eval(`[...document.querySelectorAll("#mine a")].find((a) => a.textContent.includes(` + quote(name) + `)).click()`)
		b.until(`document.querySelector("#study-name").textContent === ` + quote(name))
	}
	show(sora, "Thursday algorithms")
	show(mina, "Thursday algorithms")
	sora.paste("Today: **greatest common divisors**. Euclid's step is $\\gcd(a, b) = \\gcd(b, a \\bmod b)$, and it ends after at most\n$$\\left\\lfloor \\log_\\varphi(\\sqrt{5}\\, b) \\right\\rfloor \\text{ steps.}$$")
	mina.paste("이렇게 짜면 될까요?\n```python\ndef gcd(a, b):\n    while b:\n        a, b = b, a % b\n    return a\n```")
	sora.menu(2, 3)
	sora.menu(2, 8)
	sora.paste("Yes! @김민지 can you show it on Thursday? Room B, *eight o'clock*.")
	mina.until(`document.querySelector('[data-seq="4"]') !== null`)
	mina.menu(4, 0)
	mina.paste("좋아요, 준비해 올게요.")
	sora.eval(`document.querySelector("#new-notice").click(); document.querySelector("#notice-text").value = "We meet in room B from now on."; document.querySelector("#notice .primary").click()`)
	sora.until(`!document.querySelector("#notice").open`)
	sora.eval(`document.querySelector("#new-notice").click()`)
	sora.until(`document.querySelector("#notice-list button") !== null`)
	sora.eval(`document.querySelector("#notice-list button").click(); document.querySelector("#notice").close()`)
	for _, b := range []tab{sora, mina} {
		b.until(`!document.querySelector("#pinned").hidden && document.querySelectorAll(".katex").length > 1`)
		b.eval(`for (const x of document.querySelectorAll(".toast button")) x.click()`)
	}
	show(jun, "Rust on Sundays")
	jun.paste("Who read chapter four? I have *questions* about lifetimes.")
	jun.do("write", chromedp.SendKeys(chromedp.CSS("#draft"), "And"))
	mina.do("write", chromedp.SendKeys(chromedp.CSS("#draft"), "그런데"))
	mina.eval(`setInterval(() => document.querySelector("#draft").dispatchEvent(new Event("input")), 300)`) // goes on
	sora.until(`document.querySelector("#typing").textContent !== "" && document.querySelector("#mine .badge") !== null`)
	sora.shot("page")
	sora.as(look{name: "dark", language: "en", dark: true})
	sora.eval(`document.querySelector("#open-search").click(); document.querySelector("#search-text").value = "gcd"; document.querySelector("#search-text").dispatchEvent(new Event("input"))`)
	sora.until(`document.querySelectorAll("#search-list li").length > 0`)
	sora.shot("search")
	jun.eval(`document.querySelector("#back").click()`)
	jun.until(`document.querySelectorAll("#mine .badge").length > 0`)
	jun.eval(`for (const x of document.querySelectorAll(".toast button")) x.click()`)
	jun.shot("phone-list")
	show(jun, "Thursday algorithms")
	jun.until(`document.querySelectorAll(".katex").length > 1 && document.querySelector(".hljs-keyword") !== null`)
	jun.shot("phone")
	jun.until(`document.querySelector('[data-seq="4"] .tools-button') !== null`)
	jun.eval(`document.querySelector('[data-seq="4"] .tools-button').click()`)
	jun.shot("phone-menu")
	jun.eval(`document.querySelector("#tools").remove(); document.querySelector("#show-members").click()`)
	jun.until(`document.getAnimations().every((a) => a.playState !== "running")`)
	jun.shot("phone-people")
}
