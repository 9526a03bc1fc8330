package browser

import (
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// give lets the page have files as a drop or a paste brings them: onto is where, event is a name and a
// class with the member that holds them, files are names and types.
func (b tab) give(onto, event, class, member string, files ...[2]string) {
	b.t.Helper()
	script := `const data = new DataTransfer();
		const bytes = Uint8Array.from(atob(` + quote(base64.StdEncoding.EncodeToString(onePixel)) + `), (c) => c.charCodeAt(0));`
	for _, f := range files {
		script += fmt.Sprintf(`data.items.add(new File([bytes], %s, {type: %s}));`, quote(f[0]), quote(f[1]))
	}
	b.eval(script + fmt.Sprintf(`
		const e = new %s(%s, {bubbles: true, cancelable: true, %s: data});
		document.querySelector(%s).dispatchEvent(e);
		if (!e.defaultPrevented) throw new Error("the browser would open the file itself");`, class, quote(event), member, quote(onto)))
}

func (b tab) drop(files ...[2]string) {
	b.t.Helper()
	b.give("#log", "dragover", "DragEvent", "dataTransfer", files...)
	b.give("#log", "drop", "DragEvent", "dataTransfer", files...)
}

func (b tab) pasteFiles(files ...[2]string) {
	b.t.Helper()
	b.give("#draft", "paste", "ClipboardEvent", "clipboardData", files...)
}

// uploaded waits until n files wait to be sent.
func (b tab) uploaded(n int) {
	b.t.Helper()
	b.until(fmt.Sprintf(`document.querySelectorAll("#chips li:not(.busy)").length === %d && document.querySelectorAll("#chips li").length === %[1]d`, n))
}

// shown waits until n pictures of a message are drawn.
func (b tab) shown(seq, n int) {
	b.t.Helper()
	b.until(fmt.Sprintf(`(() => { const all = [...document.querySelectorAll('%s .picture')]; return all.length === %d && all.every((p) => p.naturalWidth === 1); })()`, seqOf(seq), n))
}

func TestFilesAreDroppedAndPasted(t *testing.T) {
	open, rules := chromium(t), installAxe(t)
	for _, l := range looks {
		t.Run(l.name, func(t *testing.T) {
			_, url := single(t, "memory:", "-rate", "0")
			mina, sora := meet(t, open, url, l)
			study := mina.path()

			t.Log("two files are dropped, one is pasted, and one message has them all")
			mina.drop([2]string{"one.png", "image/png"}, [2]string{"two.png", "image/png"})
			mina.uploaded(2)
			mina.pasteFiles([2]string{"three.png", "image/png"})
			mina.uploaded(3)
			mina.click("#send")
			sora.shown(1, 3)
			mina.uploaded(0)

			t.Log("a file of a type that is not allowed is refused, and the others stay")
			mina.drop([2]string{"a.exe", "application/x-msdownload"}, [2]string{"four.png", "image/png"})
			mina.until(`document.querySelector("#toasts").textContent.includes("a.exe")`)
			mina.uploaded(1)

			t.Log("of too many the first ten are taken")
			many := make([][2]string, 12)
			for i := range many {
				many[i] = [2]string{fmt.Sprintf("many-%d.png", i), "image/png"}
			}
			mina.drop(many...)
			mina.uploaded(10)
			mina.until(`document.querySelector("#toasts").textContent.includes("10")`)
			mina.click("#send")
			sora.shown(2, 10)

			t.Log("who goes elsewhere while a file is uploaded finds it in the draft")
			mina.eval(`const real = window.real = fetch; window.held = [];
				window.fetch = async (...a) => { if (a[1]?.method === "POST") await new Promise((go) => window.held.push(go)); return real(...a); };`)
			mina.drop([2]string{"slow.png", "image/png"})
			mina.until(`window.held.length === 1`)
			mina.eval(`document.querySelector("#home").click()`)
			mina.until(`document.querySelector("#study").hidden`)
			mina.eval(`window.fetch = window.real; window.held[0]()`)
			mina.until(`document.querySelector("#mine .begun") !== null`)
			mina.eval(`document.querySelector("#mine a").click()`)
			mina.until(`location.pathname === ` + quote(study))
			mina.uploaded(1)
			mina.click("#send")
			sora.shown(3, 1)

			t.Log("a picture is shown large, and Escape closes it")
			mina.until(`document.querySelector('[data-seq="3"] .picture')?.naturalWidth === 1`)
			mina.click(`[data-seq="3"] .picture-button`)
			mina.until(`document.querySelector("dialog.large[open] img")?.naturalWidth === 1`)
			rules.check(mina, "a large picture")
			mina.press(kb.Escape)
			mina.until(`document.querySelector("dialog.large") === null`)

			t.Log("all times can be read without a mouse: beside each message, and in full in its menu")
			if l.phone {
				mina.until(`document.querySelectorAll(".message.follows .margin-time").length > 0
					&& [...document.querySelectorAll(".message.follows .margin-time")].every((e) => getComputedStyle(e).opacity === "1" && e.textContent !== "")`)
			}
			mina.eval(`document.querySelector('[data-seq="3"] .tools-button').click()`)
			mina.until(`document.querySelector("#tools-times").textContent.includes(String(new Date().getFullYear()))`)
			rules.check(mina, "times")
		})
	}
}

// What colours tell must be told otherwise where the system forces its own.
func TestForcedColours(t *testing.T) {
	open, rules := chromium(t), installAxe(t)
	p, url := single(t, "memory:", "-rate", "0")
	mina, sora := meet(t, open, url, look{name: "forced colours", language: "en", forced: true})
	mina.until(`matchMedia("(forced-colors: active)").matches`)
	sora.until(`document.querySelectorAll(".member").length === 2`) // whom she can mention
	sora.post("hello @Mina")
	s := mina.speak(p)
	s.say(1)
	sora.menu(1, 0)
	mina.menu(2, 0)
	mina.until(`document.querySelector('.reaction[aria-pressed="true"]') !== null && document.querySelector(".message.named") !== null`)
	for _, selector := range []string{".mine .said", ".message.named", `.reaction[aria-pressed="true"]`, "a.study[aria-current]"} {
		mina.until(fmt.Sprintf(`getComputedStyle(document.querySelector(%s)).borderTopWidth === "1px"`, quote(selector)))
	}
	mina.shot("forced")
	rules.check(mina, "forced colours")
}
