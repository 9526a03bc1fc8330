package hub

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// minutes is a Verifier whose tokens say how long they are good.
var minutes = auth.VerifierFunc(func(_ context.Context, token string) (auth.Identity, error) {
	d, err := time.ParseDuration(token)
	if err != nil {
		return auth.Identity{}, auth.ErrInvalid
	}
	return auth.Identity{UserID: "u1", ExpiresAt: time.Now().Add(d)}, nil
})

// inBubble runs a hub and one client of it in fake time.
func inBubble(t *testing.T, test func(t *testing.T, c *peer)) {
	synctest.Test(t, func(t *testing.T) {
		news := bus.NewMemory()
		rooms, err := room.New(room.Options{Store: store.NewMemory(), Members: store.MembersFunc(func(context.Context, store.StudyID, store.UserID) (string, error) { return "", nil }), Bus: news, Alone: true})
		if err != nil {
			t.Fatal(err)
		}
		h, err := New(rooms, minutes, Options{Goroutines: true})
		if err != nil {
			t.Fatal(err)
		}
		ours, theirs := net.Pipe()
		c := &peer{t: t, conn: ours, since: time.Now()}
		h.entering++
		h.open(theirs, nil, time.Now())
		test(t, c)
		ours.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := errors.Join(h.Shutdown(ctx), rooms.Close(ctx), news.Close()); err != nil {
			t.Errorf("shutdown: %v", err)
		}
	})
}

// A peer is the client's end of a pipe in fake time.
type peer struct {
	t     *testing.T
	conn  net.Conn
	since time.Time
}

func (c *peer) send(first byte, payload string) {
	c.t.Helper()
	if _, err := c.conn.Write(wstest.Frame(first, []byte(payload))); err != nil {
		c.t.Errorf("write: %v", err)
	}
}

// next returns what comes next and how many seconds after the beginning: "ping",
// "close 1000", the text of an event, or "end".
func (c *peer) next() (what string, at int) {
	var h [2]byte
	_, err := io.ReadFull(c.conn, h[:])
	at = int(time.Since(c.since).Round(time.Second) / time.Second)
	if err != nil {
		return "end", at
	}
	n := int(h[1])
	if n == 126 {
		var l [2]byte
		io.ReadFull(c.conn, l[:])
		n = int(binary.BigEndian.Uint16(l[:]))
	}
	payload := make([]byte, n)
	io.ReadFull(c.conn, payload)
	switch h[0] {
	case 0x89:
		return "ping", at
	case 0x88:
		return fmt.Sprintf("close %d", binary.BigEndian.Uint16(payload)), at
	}
	for _, event := range []string{"auth_success", "token_expired"} {
		if bytes.Contains(payload, []byte(event)) {
			return event, at
		}
	}
	return string(payload), at
}

// expect checks what comes next, and when: at most a second after the given one.
func (c *peer) expect(what string, second int) {
	c.t.Helper()
	if got, at := c.next(); got != what || at < second || at > second+1 {
		c.t.Fatalf("got %s after %d s, want %s after %d", got, at, what, second)
	}
}

func (c *peer) authenticate(token string) {
	c.t.Helper()
	c.send(0x81, `{"event":"authenticate","data":{"token":"`+token+`"}}`)
	if got, at := c.next(); got != "auth_success" {
		c.t.Fatalf("authenticate after %d s: %s", at, got)
	}
}

func TestWhoeverSaysNothingIsClosedAfterTenSeconds(t *testing.T) {
	inBubble(t, func(_ *testing.T, c *peer) {
		c.expect("close 4408", 10)
		c.expect("end", 12) // unanswered
	})
}

func TestAClientIsPingedAndLivesAsLongAsItAnswers(t *testing.T) {
	inBubble(t, func(_ *testing.T, c *peer) {
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

func TestAClientThatAnswersNothingIsDeadAfterThirtyFiveSeconds(t *testing.T) {
	inBubble(t, func(_ *testing.T, c *peer) {
		c.authenticate("100h")
		c.expect("ping", 25)
		c.expect("end", 35)
	})
}

func TestWhateverAClientSaysKeepsItAlive(t *testing.T) {
	inBubble(t, func(_ *testing.T, c *peer) {
		c.authenticate("100h")
		c.expect("ping", 25)
		c.send(0x81, `{"event":"leave_room","data":{"studyId":"s1"}}`)
		if got, at := c.next(); at > 26 {
			c.t.Errorf("got %s after %d s", got, at)
		}
		c.expect("ping", 50)
		c.expect("end", 60) // 35 s after it was last heard
	})
}

func TestAnExpiringTokenIsRenewedForHours(t *testing.T) {
	inBubble(t, func(_ *testing.T, c *peer) {
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
	inBubble(t, func(_ *testing.T, c *peer) {
		c.authenticate("20s")
		c.expect("token_expired", 20)
		c.expect("close 4401", 20)
		c.expect("end", 22)
	})
}

func TestAnAnsweredCloseEndsAtOnce(t *testing.T) {
	inBubble(t, func(_ *testing.T, c *peer) {
		c.expect("close 4408", 10)
		c.send(0x88, "\x11\x38")
		c.expect("end", 10)
	})
}

// A client that reads nothing is given up as soon as what waits for it has not
// moved for a while, long before its queue is full or its pong is overdue.
func TestAClientThatReadsNothingIsGivenUpAfterFiveSeconds(t *testing.T) {
	inBubble(t, func(t *testing.T, c *peer) {
		c.authenticate("100h")
		c.send(0x81, `{"event":"join_room","data":{"studyId":"s1"}}`)
		for range 3 {
			c.send(0x81, `{"event":"send_message","data":{"studyId":"s1","content":"unread"}}`)
			synctest.Wait() // each is a write of its own; the first is under way for ever
		}
		time.Sleep(8 * time.Second) // five for what waits, two to take the close frame
		synctest.Wait()
		if _, err := io.ReadAll(c.conn); err != nil {
			t.Errorf("reading in the end: %v, want the end", err)
		}
		if at := time.Since(c.since); at > 9*time.Second {
			t.Errorf("the connection ended after %v", at)
		}
	})
}

// A client that reads in fits and starts has a backlog again and again. That must
// not put off what is due for another reason.
func TestABacklogDoesNotPutOffTheEndOfAToken(t *testing.T) {
	inBubble(t, func(t *testing.T, c *peer) {
		c.authenticate("20s")
		c.send(0x81, `{"event":"join_room","data":{"studyId":"s1"}}`)
		time.Sleep(50 * time.Millisecond) // our pauses must not end when the hub writes, on the second
		for time.Since(c.since) < time.Minute {
			for range 3 {
				c.conn.SetWriteDeadline(time.Now().Add(time.Second))
				c.conn.Write(wstest.Frame(0x81, []byte(`{"event":"send_message","data":{"studyId":"s1","content":"read late"}}`)))
				synctest.Wait() // each is answered with a write of its own, which waits for us
			}
			quiet := time.Now().Add(700 * time.Millisecond)
			c.conn.SetReadDeadline(quiet)
			for {
				what, at := c.next()
				if what == "end" && time.Now().Before(quiet) {
					t.Errorf("the connection ended after %d s, without a close frame", at)
					return
				}
				if what == "end" {
					break // of what there was to read
				}
				if !strings.HasPrefix(what, "close") {
					continue
				}
				if what != "close 4401" || at > 22 {
					t.Errorf("%s after %d s, want close 4401 after 20", what, at)
				}
				return
			}
		}
		t.Error("the session outlived its token")
	})
}

// Nothing more is read of a client that does not read what it asked to have again:
// it could have replay upon replay pile up here.
func TestAClientThatDoesNotReadItsReplayIsNotHeard(t *testing.T) {
	inBubble(t, func(t *testing.T, c *peer) {
		c.authenticate("100h")
		c.send(0x81, `{"event":"join_room","data":{"studyId":"s1"}}`)
		for range 3 {
			c.send(0x81, `{"event":"send_message","data":{"studyId":"s1","content":"again"}}`)
			c.next()
		}
		again := wstest.Frame(0x81, []byte(`{"event":"join_room","id":"1","data":{"studyId":"s1","after":0}}`))
		write := func() error {
			c.conn.SetWriteDeadline(time.Now().Add(time.Second))
			_, err := c.conn.Write(again)
			return err
		}
		if err := write(); err != nil { // the ack is under way, the replay waits behind it
			t.Fatal(err)
		}
		if err := write(); err == nil {
			t.Error("a second replay was asked for before the first was read")
		}
		for range 4 {
			c.next()
		}
		synctest.Wait()
		if err := write(); err != nil {
			t.Errorf("after the replay was read: %v", err)
		}
	})
}

// What is replayed has a bound of its own, in messages: it does not count as what a
// slow reader has not taken.
func TestAReplayMayBeLargerThanTheQueue(t *testing.T) {
	inBubble(t, func(t *testing.T, c *peer) {
		c.authenticate("100h")
		c.send(0x81, `{"event":"join_room","data":{"studyId":"s1"}}`)
		text := strings.Repeat("가", store.MaxContent)
		messages := 3 * (1 << 20) / 2 / len(text) // one and a half times the queue
		for range messages {
			c.send(0x81, `{"event":"send_message","data":{"studyId":"s1","content":"`+text+`"}}`)
			for what := "ping"; what == "ping"; {
				what, _ = c.next()
			}
			time.Sleep(100 * time.Millisecond)
		}
		c.send(0x81, `{"event":"join_room","id":"1","data":{"studyId":"s1","after":0}}`)
		synctest.Wait() // the ack is under way, and the replay waits behind it
		for want := 0; want <= messages; {
			what, _ := c.next()
			switch {
			case what == "ping":
				continue
			case want == 0 && strings.Contains(what, `"ack"`), strings.Contains(what, fmt.Sprintf(`"seq":%d,`, want)):
				want++
			default:
				t.Fatalf("%.80s came instead of message %d of %d", what, want, messages)
			}
		}
		c.send(0x81, `{"event":"leave_room","id":"2","data":{"studyId":"s1"}}`)
		if what, _ := c.next(); !strings.Contains(what, `"ack"`) {
			t.Errorf("%s came after the replay, want an ack", what)
		}
	})
}
