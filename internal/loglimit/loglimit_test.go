package loglimit_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/internal/loglimit"
)

func TestALineOfAKindIsWrittenOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := loglimit.New(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
		lines := func() string {
			defer out.Reset()
			var kept []string
			for line := range strings.Lines(out.String()) {
				_, rest, _ := strings.Cut(line, "msg=")
				kept = append(kept, strings.TrimSpace(rest))
			}
			return strings.Join(kept, "; ")
		}
		for i := range 100 {
			log.Warn("down", "err", errors.New(fmt.Sprint("try ", i)))
			log.With("node", "a").Warn("down")
			log.Info("fine")
			time.Sleep(100 * time.Millisecond)
		}
		if got := lines(); strings.Count(got, "down") != 1 || strings.Count(got, "fine") != 100 {
			t.Errorf("the log has %s", got)
		}
		log.Warn("refused", "reason", "expired")
		log.Warn("refused", "reason", "expired")
		log.Warn("refused", "reason", "signature")
		log.Error("other")
		if got, want := lines(), "refused reason=expired; refused reason=signature; other"; got != want {
			t.Errorf("the log has %s, want %s", got, want)
		}
		time.Sleep(time.Minute)
		log.Warn("down")
		log.WithGroup("g").Warn("refused", "reason", "expired")
		if got, want := lines(), "down suppressed=199; refused g.reason=expired g.suppressed=1"; got != want {
			t.Errorf("the log has %s, want %s", got, want)
		}
	})
}

// Reasons may come from outside.
func TestKindsAreBounded(t *testing.T) {
	var out bytes.Buffer
	log := loglimit.New(slog.New(slog.NewTextHandler(&out, nil)))
	for i := range 5000 {
		log.Warn("refused", "reason", fmt.Sprint(i))
	}
	if n := strings.Count(out.String(), "\n"); n != 5000 {
		t.Errorf("%d lines, want 5000", n)
	}
}
