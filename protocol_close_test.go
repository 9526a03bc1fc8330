package coup_test

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/internal/wstest"
)

// The client gets the close code and then the end of the connection. Other connections
// are not affected.
func TestViolationsOfTheProtocolHaveTheirCloseCodes(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		opts := coup.Options{Rate: -1}
		opts.Hub.CloseTimeout = time.Minute // the server does not wait for an answer
		_, url := k.serve(t, opts)
		other := login(t, url, "u2")
		other.Join("s1")
		var ends []func(*testing.T)
		big := []byte(`{"event":"x","data":"` + strings.Repeat("a", 64<<10) + `"}`)
		for _, tt := range []struct {
			name  string
			bytes []byte
			code  int
		}{
			{"a normal close", wstest.Frame(0x88, []byte("\x03\xe8bye")), 1000},
			{"a close without a code", wstest.Frame(0x88, nil), 1005},
			{"a browser that leaves the page", wstest.Frame(0x88, []byte("\x03\xe9")), 1001},
			{"a close code of an application", wstest.Frame(0x88, []byte("\x0f\xa0")), 4000},
			{"a close code that must not be sent", wstest.Frame(0x88, []byte("\x03\xed")), 1002},
			{"a close frame of one byte", wstest.Frame(0x88, []byte("\x03")), 1002},
			{"a reason that is not UTF-8", wstest.Frame(0x88, []byte("\x03\xe8\xff")), 1007},
			{"an unmasked frame", []byte("\x81\x02hi"), 1002},
			{"reserved bits", wstest.Frame(0xc1, []byte("hi")), 1002},
			{"a reserved opcode", wstest.Frame(0x83, []byte("hi")), 1002},
			{"a continuation without a first frame", wstest.Frame(0x80, []byte("hi")), 1002},
			{"plain HTTP", []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), 1002},
			{"a binary frame", wstest.Frame(0x82, []byte("hi")), 1003},
			{"text that is not UTF-8", wstest.Frame(0x81, []byte("a\xff")), 1007},
			{"a first fragment that is not UTF-8", wstest.Frame(0x01, []byte("a\xff")), 1007},
			{"64 KiB and one byte", wstest.Frame(0x81, append(big[:64<<10:64<<10], 'a')), 1009},
			{"the header of a terabyte", []byte{0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4}, 1009},
			{"64 KiB and one byte in fragments", append(wstest.Frame(0x01, big[:40_000]), wstest.Frame(0x80, big[:30_000])...), 1009},
		} {
			for _, joined := range []bool{false, true} {
				c := wstest.Dial(t, url, nil)
				if joined {
					c.Login("u1")
					c.Join("s1")
				}
				c.Write(tt.bytes)
				ends = append(ends, func(t *testing.T) {
					t.Logf("%s, joined %v", tt.name, joined)
					c.ExpectClose(tt.code)
					if _, _, err := c.ReadFrame(wstest.Timeout); !isEnd(err) {
						t.Errorf("%s: after the close frame: %v, want the end", tt.name, err)
					}
				})
			}
		}
		for _, end := range ends {
			end(t)
		}
		if e := say(other, "s1", "still works"); e.Event != "ack" {
			t.Errorf("another connection: %s", e.Raw)
		}
	})
}

// After the answer to a close frame the connection ends at once, not after
// CloseTimeout.
func TestAnAnsweredCloseEndsAtOnce(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		opts := coup.Options{}
		opts.Hub.CloseTimeout = time.Minute
		_, url := k.serve(t, opts)
		for _, tt := range []struct {
			name string
			do   func(*wstest.Client)
			code int
		}{
			{"a refused token", func(c *wstest.Client) { c.Send("authenticate", nil, data{"token": "bad"}) }, 4401},
			{"a close of the client", func(c *wstest.Client) { c.Write(wstest.Frame(0x88, []byte("\x03\xe8"))) }, 1000},
		} {
			t.Run(tt.name, func(t *testing.T) {
				c := wstest.Dial(t, url, nil)
				tt.do(c)
				c.ExpectClose(tt.code)
				if _, _, err := c.ReadFrame(wstest.Timeout); !isEnd(err) {
					t.Errorf("the end: %v", err)
				}
			})
		}
	})
}

// isEnd reports whether err is the end of the connection, and no timeout.
func isEnd(err error) bool {
	var timeout net.Error
	return err != nil && !(errors.As(err, &timeout) && timeout.Timeout())
}

// Before a client has authenticated its messages are shorter than later.
func TestAStrangerSendsNoLongMessages(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		first := func(size int) string {
			const raw = `{"event":"authenticate","data":{"token":"u1","more":"%s"}}`
			return fmt.Sprintf(raw, strings.Repeat("a", size-len(raw)+2))
		}
		_, url := k.serve(t, coup.Options{})
		c := wstest.Dial(t, url, nil)
		c.Text(first(16 << 10))
		c.Expect("auth_success")
		c.Text(first(64 << 10))
		c.Expect("auth_success")
		c = wstest.Dial(t, url, nil)
		c.Text(first(16<<10 + 1))
		c.ExpectClose(1009)
		opts := coup.Options{}
		opts.Hub.MaxFirst = -1
		_, url = k.serve(t, opts)
		c = wstest.Dial(t, url, nil)
		c.Text(first(64 << 10))
		c.Expect("auth_success")
	})
}

func TestTheLargestMessageIsRead(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		_, url := k.serve(t, coup.Options{})
		c := login(t, url, "u1")
		raw := `{"event":"join_room","id":"x","data":{"studyId":"s1","more":"%s"}}`
		raw = fmt.Sprintf(raw, strings.Repeat("a", 64<<10-len(raw)+2))
		if len(raw) != 64<<10 {
			t.Fatalf("%d bytes", len(raw))
		}
		c.Text(raw)
		if e := c.Expect("ack"); *e.ID != "x" {
			t.Errorf("got %s", e.Raw)
		}
		// In single bytes, with a ping in between.
		for i, b := range wstest.Frame(0x81, []byte(`{"event":"leave_room","id":"y","data":{"studyId":"s1"}}`)) {
			if i == 0 {
				c.Write(wstest.Frame(0x89, nil))
			}
			c.Write([]byte{b})
		}
		if e := c.Expect("ack"); *e.ID != "y" {
			t.Errorf("got %s", e.Raw)
		}
	})
}
