package hub

import (
	"testing"
)

func TestATokenCanBeRenewedForHours(t *testing.T) {
	inBubble(t, func(_ *testing.T, connect func() *peer) {
		c := connect()
		c.authenticate("15m")
		renewed := 0
		for at := 0; at < 24*3600; {
			var what string
			if what, at = c.next(); what != "ping" {
				c.t.Fatalf("got %s after %d s", what, at)
			}
			c.send(0x8a, "")
			if at-renewed >= 14*60 {
				c.authenticate("15m")
				renewed = at
			}
		}
		for {
			what, at := c.next()
			if what == "ping" {
				c.send(0x8a, "")
				continue
			}
			if what != "token_expired" || at < renewed+900 || at > renewed+902 {
				c.t.Errorf("got %s after %d s, want token_expired after %d", what, at, renewed+900)
			}
			c.expect("close 4401", at)
			break
		}
	})
}

func TestAnExpiredTokenEndsTheSession(t *testing.T) {
	inBubble(t, func(_ *testing.T, connect func() *peer) {
		c := connect()
		c.authenticate("20s")
		c.expect("token_expired", 20)
		c.expect("close 4401", 20)
		c.expect("end", 22)
	})
}

func TestAnAnsweredCloseEndsAtOnce(t *testing.T) {
	inBubble(t, func(_ *testing.T, connect func() *peer) {
		c := connect()
		c.expect("close 4408", 10)
		c.send(0x88, "\x11\x38")
		c.expect("end", 10)
	})
}
