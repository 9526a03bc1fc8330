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

// durations is a Verifier whose tokens are a user and for how long they are valid, as in
// "u1 15m".
var durations = auth.VerifierFunc(func(_ context.Context, token string) (auth.Identity, error) {
	user, valid, _ := strings.Cut(token, " ")
	d, err := time.ParseDuration(valid)
	if err != nil {
		return auth.Identity{}, auth.ErrInvalid
	}
	return auth.Identity{UserID: user, ExpiresAt: time.Now().Add(d)}, nil
})

// inBubble runs a hub in fake time. connect connects a client to it.
func inBubble(t *testing.T, test func(t *testing.T, connect func() *peer)) {
	synctest.Test(t, func(t *testing.T) {
		b := bus.NewMemory()
		rooms, err := room.New(room.Options{Store: store.NewMemory(), Members: store.MembersFunc(func(context.Context, store.StudyID, store.UserID) (string, error) { return "", nil }), Bus: b, Alone: true})
		if err != nil {
			t.Fatal(err)
		}
		h, err := New(rooms, durations, Options{Goroutines: true})
		if err != nil {
			t.Fatal(err)
		}
		var clients []net.Conn
		test(t, func() *peer {
			ours, theirs := net.Pipe()
			clients = append(clients, ours)
			h.entering++
			h.strangers.Add(1)
			h.open(theirs, nil, time.Now(), nil)
			return &peer{t: t, conn: ours, since: time.Now()}
		})
		for _, c := range clients {
			c.Close()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := errors.Join(h.Shutdown(ctx), rooms.Close(ctx), b.Close()); err != nil {
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

// next returns the next frame and how many seconds after the connection began it came: "ping",
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

// expect checks the next frame and when it comes: at most a second after the given one.
func (c *peer) expect(what string, second int) {
	c.t.Helper()
	if got, at := c.next(); got != what || at < second || at > second+1 {
		c.t.Fatalf("got %s after %d s, want %s after %d", got, at, what, second)
	}
}

// authenticate sends a token of u1 that is valid for a while.
func (c *peer) authenticate(valid string) {
	c.t.Helper()
	c.authenticateAs("u1", valid)
}

func (c *peer) authenticateAs(user, valid string) {
	c.t.Helper()
	c.send(0x81, `{"event":"authenticate","data":{"token":"`+user+" "+valid+`"}}`)
	if got, at := c.next(); got != "auth_success" {
		c.t.Fatalf("authenticate after %d s: %s", at, got)
	}
}

// nextEvent returns the next frame that is no ping.
func (c *peer) nextEvent() string {
	for {
		if what, _ := c.next(); what != "ping" {
			return what
		}
	}
}
