package hub

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/internal/native"
	"github.com/coupchat/coup/internal/ws"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// An echo is a dialect that sends every message back, text as text and binary as binary. With
// it a hub is the server that conformance suites of WebSocket want.
type echo struct{ native.Dialect }

const (
	echoText   = "echo text"
	echoBinary = "echo binary"
)

func (echo) Decode(message []byte, binary bool) (native.Request, error) {
	r := native.Request{Event: echoText, Data: native.Data{Content: string(message)}}
	if binary {
		r.Event = echoBinary
	}
	return r, nil
}

func (echo) Binary() bool { return true }

func (echo) AuthSuccess(native.RequestID, store.UserID, string, time.Time) []byte { return nil }

func sendBack(first byte) func(*request) {
	return func(r *request) {
		frame := ws.Seal(append(make([]byte, ws.HeaderSpace), r.Data.Content...))
		frame[0] = first
		r.s.send(frame)
	}
}

func init() {
	handlers[echoText], handlers[echoBinary] = sendBack(0x81), sendBack(0x82)
}

// serveEcho starts a hub that echoes, and returns its URL.
func serveEcho(t *testing.T, opts Options) string {
	t.Helper()
	b := bus.NewMemory()
	rooms, err := room.New(room.Options{
		Store: store.NewMemory(), Bus: b, Alone: true, MaxPerUser: -1,
		Members: store.MembersFunc(func(context.Context, store.StudyID, store.UserID) (string, error) { return "", nil }),
	})
	if err != nil {
		t.Fatal(err)
	}
	opts.Identify = func(*http.Request) (*auth.Identity, error) {
		return &auth.Identity{UserID: "u1", ExpiresAt: time.Now().Add(time.Hour)}, nil
	}
	opts.MaxAccepts, opts.MaxRefused, opts.MaxQueue = -1, -1, -1
	// Clients with 16 MiB are slow where everything is, as under the race detector.
	opts.WriteTimeout, opts.PingEvery, opts.CloseTimeout = -1, -1, time.Minute
	h, err := New(rooms, durations, opts)
	if err != nil {
		t.Fatal(err)
	}
	h.native = endpoint{hub: h, dialect: echo{}}
	web := httptest.NewServer(h)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := errors.Join(h.Shutdown(ctx), rooms.Close(ctx), b.Close()); err != nil {
			t.Error(err)
		}
		web.Close()
	})
	return web.URL
}

// A conformance is what a client sends, and what it must get.
type conformance struct {
	name string
	send [][]byte // frames
	// chop is in pieces of how many bytes the frames are sent: 0 is each frame by itself, whole
	// is all at once.
	chop int
	// want is what the server sends: see told. If the last word is no close, the client closes
	// in the end with 1000, and the server must answer that.
	want []string
	// open says that the client does not close, and shuts its side down instead.
	open bool
}

const whole = 1 << 30

// told returns a frame of the server in a word, with a checksum in place of a long payload.
func told(first byte, payload []byte) string {
	text := string(payload)
	if len(payload) > 64 {
		text = fmt.Sprintf("%d bytes, %08x", len(payload), crc32.ChecksumIEEE(payload))
	}
	switch first {
	case 0x81:
		return "text:" + text
	case 0x82:
		return "binary:" + text
	case 0x8a:
		return "pong:" + text
	case 0x88:
		if len(payload) < 2 {
			return "close"
		}
		return fmt.Sprintf("close %d", binary.BigEndian.Uint16(payload))
	}
	return fmt.Sprintf("%#x:%s", first, text)
}

// run runs a case against the server at url, and returns what was wrong.
func (c *conformance) run(t *testing.T, url string) string {
	client := wstest.Dial(t, url, nil)
	defer client.Close()
	want := c.want
	frames := c.send
	if n := len(want); !c.open && (n == 0 || !strings.HasPrefix(want[n-1], "close")) {
		want = append(want[:n:n], "close 1000")
		frames = append(frames[:len(frames):len(frames)], closeWith(1000, ""))
	}
	var sending sync.WaitGroup
	sending.Go(func() {
		for _, part := range c.parts(frames) {
			if client.Write(part) != nil {
				return // the server has closed
			}
		}
		if half, ok := client.Conn.(interface{ CloseWrite() error }); ok && c.open {
			half.CloseWrite()
		}
	})
	defer sending.Wait()
	for i := 0; ; i++ {
		first, payload, err := client.ReadFrame(time.Minute)
		switch {
		case err != nil && i == len(want) && isClosed(err):
			return ""
		case err != nil:
			return fmt.Sprintf("after %d frames of %q: %v", i, want, err)
		case i == len(want):
			return fmt.Sprintf("after %q came %s", want, told(first, payload))
		case told(first, payload) != want[i]:
			return fmt.Sprintf("frame %d is %s, want %s", i, told(first, payload), want[i])
		}
	}
}

func isClosed(err error) bool {
	return errors.Is(err, io.EOF) || strings.Contains(err.Error(), "reset")
}

// parts returns what is written at once.
func (c *conformance) parts(frames [][]byte) [][]byte {
	if c.chop == 0 {
		return frames
	}
	all := bytes.Join(frames, nil)
	var parts [][]byte
	for len(all) > c.chop {
		parts = append(parts, all[:c.chop])
		all = all[c.chop:]
	}
	return append(parts, all)
}

// runAll runs cases with both kinds of sessions, many at once.
func runAll(t *testing.T, opts Options, cases []conformance) {
	for _, kind := range []struct {
		name       string
		goroutines bool
	}{{"in epoll sets", false}, {"on goroutines", true}} {
		t.Run(kind.name, func(t *testing.T) {
			opts.Goroutines = kind.goroutines
			url := serveEcho(t, opts)
			next := make(chan *conformance)
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					for c := range next {
						if wrong := c.run(t, url); wrong != "" {
							t.Errorf("%s: %s", c.name, wrong)
						}
					}
				})
			}
			for i := range cases {
				next <- &cases[i]
			}
			close(next)
			wg.Wait()
		})
	}
}

// The frames of a client, with the first byte of RFC 6455 section 5.2.

func frame(first byte, payload string) []byte { return wstest.Frame(first, []byte(payload)) }
func textFrame(s string) []byte               { return frame(0x81, s) }
func binaryFrame(s string) []byte             { return frame(0x82, s) }
func start(s string) []byte                   { return frame(0x01, s) }
func more(s string) []byte                    { return frame(0x00, s) }
func last(s string) []byte                    { return frame(0x80, s) }
func pingFrame(s string) []byte               { return frame(0x89, s) }
func pongFrame(s string) []byte               { return frame(0x8a, s) }
func closeWith(code uint16, reason string) []byte {
	return frame(0x88, string(binary.BigEndian.AppendUint16(nil, code))+reason)
}

func gotText(s string) string   { return told(0x81, []byte(s)) }
func gotBinary(s string) string { return told(0x82, []byte(s)) }
