package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// seqOf returns the selector of the message with a seq.
func seqOf(seq int) string { return fmt.Sprintf(`[data-seq="%d"]`, seq) }

// create makes a study and shows it.
func (b tab) create(name string) {
	b.t.Helper()
	b.click("#new-study")
	b.do("name the study", chromedp.WaitVisible(chromedp.CSS("#create-name")), chromedp.SendKeys(chromedp.CSS("#create-name"), name))
	b.click("#create .primary")
	b.until(`!document.querySelector("#create").open && document.querySelector("#study-name").textContent === ` + quote(name))
}

// enterStudy joins the only study of others.
func (b tab) enterStudy() {
	b.t.Helper()
	b.do("join", chromedp.WaitVisible(chromedp.CSS("#others button")), chromedp.Click(chromedp.CSS("#others button")), chromedp.WaitVisible(chromedp.CSS("#study")))
}

// menu opens the menu of a message and chooses an entry by its number: 0 to 7 are emojis.
func (b tab) menu(seq, entry int) {
	b.t.Helper()
	b.until(fmt.Sprintf(`document.querySelector('%s .tools-button') !== null`, seqOf(seq)))
	b.eval(fmt.Sprintf(`document.querySelector('%s .tools-button').click()`, seqOf(seq)))
	b.until(fmt.Sprintf(`document.querySelectorAll("#tools button").length > %d`, entry))
	b.eval(fmt.Sprintf(`document.querySelectorAll("#tools button")[%d].click()`, entry))
}

// meet lets Mina, who looks at the page so, enter the study of Sora Kim.
func meet(t *testing.T, open func() tab, url string, l look) (mina, sora tab) {
	t.Helper()
	mina, sora = open(), open()
	mina.t, sora.t = t, t
	mina.as(l)
	sora.login(url, "Sora Kim")
	sora.create("Algebra")
	mina.login(url, "Mina")
	mina.enterStudy()
	return mina, sora
}

// What people expect of a chat, by two users of whom one has another device each time.
func TestTheFeaturesOfAChat(t *testing.T) {
	open := chromium(t)
	for _, l := range looks {
		t.Run(l.name, func(t *testing.T) {
			_, url := single(t, "memory:")
			mina, sora := meet(t, open, url, l)
			shot := func(name string) { mina.shot(map[bool]string{false: "desktop-", true: "phone-"}[l.phone] + name) }

			t.Log("Markdown, code and formulas")
			sora.post("**Hello** `x` and $a^2$ [no link](https://example.com/a_(b))")
			mina.until(`document.querySelector('[data-seq="1"] .said strong')?.textContent === "Hello" && document.querySelector('[data-seq="1"] .katex') !== null
				&& document.querySelector('[data-seq="1"] .said a').href === "https://example.com/a_(b)"`)

			t.Log("typing is shown")
			mina.do("write", chromedp.SendKeys(chromedp.CSS("#draft"), "hello "))
			sora.until(`document.querySelector("#typing").textContent.includes("Mina")`)

			t.Log("a mention is completed, and notifies")
			mina.do("begin a name", chromedp.SendKeys(chromedp.CSS("#draft"), "@Sor"))
			mina.until(`!document.querySelector("#completion").hidden`)
			mina.press(kb.Enter)
			mina.until(`document.querySelector("#draft").value === "hello @Sora Kim "`)
			mina.click("#send")
			sora.until(`document.querySelector('[data-seq="2"] .mention.me')?.textContent === "@Sora Kim"`)
			sora.until(`document.querySelector("#bell-count").textContent === "1" || !document.querySelector("#bell-count").hidden`)

			t.Log("a reply with a quote, which leads to the message")
			mina.menu(1, 8)
			mina.post("yes")
			sora.until(`document.querySelector('[data-seq="3"] .quoted')?.textContent.includes("Sora Kim")`)

			t.Log("reactions")
			sora.menu(3, 0)
			mina.until(`document.querySelector('[data-seq="3"] .reaction')?.textContent === "👍 1"`)
			mina.eval(`document.querySelector('[data-seq="3"] .reaction').click()`)
			sora.until(`document.querySelector('[data-seq="3"] .reaction')?.textContent === "👍 2"`)
			sora.eval(`document.querySelector('[data-seq="3"] .reaction').click()`)
			mina.until(`document.querySelector('[data-seq="3"] .reaction')?.textContent === "👍 1"`)

			t.Log("the last message is edited with the arrow up")
			mina.do("arrow up", chromedp.Focus(chromedp.CSS("#draft")), chromedp.KeyEvent(kb.ArrowUp))
			mina.until(`document.querySelector("#draft").value === "yes" && !document.querySelector("#about").hidden`)
			mina.do("edit", chromedp.SendKeys(chromedp.CSS("#draft"), " indeed"))
			mina.click("#send")
			sora.until(`document.querySelector('[data-seq="3"] .said').textContent === "yes indeed" && document.querySelector('[data-seq="3"] .edited') !== null`)
			mina.until(`document.querySelector("#draft").value === "" && document.querySelector("#about").hidden`)

			t.Log("a picture is sent, and shown to members")
			picture := filepath.Join(t.TempDir(), "a picture.png")
			if err := os.WriteFile(picture, onePixel, 0o600); err != nil {
				t.Fatal(err)
			}
			mina.do("choose a file", chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{picture}))
			mina.until(`document.querySelector("#chips li")?.className === "" && !document.querySelector("#send").disabled`)
			mina.click("#send")
			sora.until(`document.querySelector(".picture")?.complete && document.querySelector(".picture").naturalWidth === 1`)
			sora.until(`document.querySelector(".file-name").textContent === "a picture.png"`)
			shot("chat")

			t.Log("the user has a picture")
			mina.do("choose a picture", chromedp.SetUploadFiles(chromedp.CSS("#picture-file"), []string{picture}))
			mina.until(`document.querySelector("#picture img")?.naturalWidth === 256 && document.querySelector(".member img")?.naturalWidth === 256`)

			t.Log("a message is deleted for everybody")
			mina.menu(2, 11)
			mina.sayYes()
			sora.until(`document.querySelector('[data-seq="2"] .said.gone') !== null && !document.querySelector('[data-seq="2"] .mention')`)

			t.Log("search jumps to what was found")
			mina.click("#open-search")
			mina.do("search", chromedp.WaitVisible(chromedp.CSS("#search-text")), chromedp.SendKeys(chromedp.CSS("#search-text"), "indeed"))
			mina.until(`document.querySelector("#search-list mark")?.textContent === "indeed"`)
			shot("search")
			mina.click("#search-list button")
			mina.until(`document.querySelector('[data-seq="3"].found') !== null`)

			t.Log("a notice is pinned, with its author")
			sora.notice("at eight")
			mina.until(`document.querySelector("#toasts").textContent.includes("Sora Kim: at eight")`)
			sora.click("#new-notice")
			sora.do("pin it", chromedp.WaitVisible(chromedp.CSS("#notice-list button")), chromedp.Click(chromedp.CSS("#notice-list button")))
			mina.until(`!document.querySelector("#pinned").hidden && document.querySelector("#pinned").textContent.includes("at eight")`)
			shot("notice")

			t.Log("who is there is shown at once")
			mina.do("leave the page", chromedp.Navigate("about:blank"))
			sora.until(`[...document.querySelectorAll(".member")].some((m) => m.textContent.includes("Mina") && !m.classList.contains("online"))`)
		})
	}
}
