package browser

import (
	"flag"
	"os"
	"path/filepath"

	"github.com/chromedp/chromedp"
)

// shots is a folder for pictures of the pages that the tests see: make screenshots.
var shots = flag.String("browser.shots", "", "folder to which the tests write pictures of the page")

// shot writes a picture of the page, if they are wanted.
func (b tab) shot(name string) {
	b.t.Helper()
	if *shots == "" {
		return
	}
	picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(*shots, name+".png"), picture, 0o600)
	}
	if err != nil {
		b.t.Fatalf("picture %s: %v", name, err)
	}
}
