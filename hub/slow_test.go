package hub

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/store"
)

// A client that reads nothing is closed as soon as it has read nothing for WriteTimeout,
// long before its queue is full or its pong is overdue.
func TestAClientThatReadsNothingIsClosedAfterFiveSeconds(t *testing.T) {
	inBubble(t, func(t *testing.T, connect func() *peer) {
		c := connect()
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

// A client that reads with pauses has a backlog again and again. That must not delay
// what is due for another reason.
func TestABacklogDoesNotDelayTheEndOfAToken(t *testing.T) {
	inBubble(t, func(t *testing.T, connect func() *peer) {
		c := connect()
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

// While a client does not read its replay, nothing is read from it: it could ask for one
// replay after the other, and fill the memory.
func TestNothingIsReadFromAClientThatDoesNotReadItsReplay(t *testing.T) {
	inBubble(t, func(t *testing.T, connect func() *peer) {
		c := connect()
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

// The number of messages of a replay is bounded, so its bytes do not count toward
// MaxQueue: a client that has not read its replay yet still gets what comes after it.
func TestAReplayMayBeLargerThanTheQueue(t *testing.T) {
	inBubble(t, func(t *testing.T, connect func() *peer) {
		c, other := connect(), connect()
		c.authenticate("100h")
		other.authenticateAs("u2", "100h")
		text := strings.Repeat("가", store.MaxContent)
		messages := 3 * (1 << 20) / 2 / len(text) // one and a half times the queue
		other.send(0x81, `{"event":"join_room","data":{"studyId":"s1"}}`)
		for range messages {
			other.send(0x81, `{"event":"send_message","data":{"studyId":"s1","content":"`+text+`"}}`)
			other.nextEvent()
			time.Sleep(100 * time.Millisecond)
		}
		c.send(0x81, `{"event":"join_room","id":"1","data":{"studyId":"s1","after":0}}`)
		synctest.Wait() // the ack is under way, and the replay waits behind it
		const live = 3
		for range live {
			other.send(0x81, `{"event":"send_message","data":{"studyId":"s1","content":"live"}}`)
			other.nextEvent()
			time.Sleep(100 * time.Millisecond)
		}
		if got := c.nextEvent(); !strings.Contains(got, `"ack"`) {
			t.Fatalf("%.80s came first, want an ack", got)
		}
		for seq := 1; seq <= messages+live; seq++ {
			if got := c.nextEvent(); !strings.Contains(got, fmt.Sprintf(`"seq":%d,`, seq)) {
				t.Fatalf("%.80s came instead of message %d of %d", got, seq, messages+live)
			}
		}
	})
}
