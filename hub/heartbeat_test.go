package hub

import (
	"testing"
)

func TestAClientThatDoesNotAuthenticateIsClosedAfterTenSeconds(t *testing.T) {
	inBubble(t, func(_ *testing.T, connect func() *peer) {
		c := connect()
		c.expect("close 4408", 10)
		c.expect("end", 12) // unanswered
	})
}

func TestAClientThatAnswersPingsStaysConnected(t *testing.T) {
	inBubble(t, func(_ *testing.T, connect func() *peer) {
		c := connect()
		c.authenticate("100h")
		for i := 1; i <= 2000; i++ {
			what, at := c.next()
			if what != "ping" || at < 25*i || at > 25*i+1 {
				c.t.Fatalf("got %s after %d s, want ping %d after %d", what, at, i, 25*i)
			}
			c.send(0x8a, "")
		}
	})
}

func TestAClientThatAnswersNoPingIsCutAfterThirtyFiveSeconds(t *testing.T) {
	inBubble(t, func(_ *testing.T, connect func() *peer) {
		c := connect()
		c.authenticate("100h")
		c.expect("ping", 25)
		c.expect("end", 35)
	})
}

func TestEveryFrameOfAClientCountsAsASignOfLife(t *testing.T) {
	inBubble(t, func(_ *testing.T, connect func() *peer) {
		c := connect()
		c.authenticate("100h")
		c.expect("ping", 25)
		c.send(0x81, `{"event":"leave_room","data":{"studyId":"s1"}}`)
		if got, at := c.next(); at > 26 {
			c.t.Errorf("got %s after %d s", got, at)
		}
		c.expect("ping", 50)
		c.expect("end", 60) // 35 s after its last frame
	})
}
