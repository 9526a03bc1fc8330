package room_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A testConn keeps what is delivered to it.
type testConn struct {
	user store.UserID

	mu     sync.Mutex // guards what follows
	events []*room.Event
	pages  []*room.Event // of the replay, but the first
}

func (m *testConn) User() store.UserID { return m.user }

func (m *testConn) Deliver(b *room.Batch) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events = append(m.events, b.Events...)
	if b.Replay {
		m.pages = append(m.pages, b.Events...)
	}
}

// received returns what was delivered since the last call, in short: "1" is the message
// with seq 1, "-kicked" a reason to leave, "!text" a notification, "<5" a
// reset to 5, "x2-3" that 2 to 3 are gone, "jun types", "jun in", "jun out", "201 in", "jun offers {}"
// a signal of the kind offers.
func (m *testConn) received() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, ev := range m.events {
		switch ev.Kind {
		case room.NewMessage:
			out = append(out, fmt.Sprint(ev.Message.Seq))
		case room.Left:
			out = append(out, "-"+ev.Reason)
		case room.Notified:
			out = append(out, "!"+ev.Notice.Message)
		case room.Reset:
			out = append(out, fmt.Sprint("<", ev.Seq))
		case room.Erased:
			out = append(out, fmt.Sprint("x", ev.First, "-", ev.Last))
		case room.Typing:
			out = append(out, string(ev.Live.UserID)+" types")
		case room.Signal:
			out = append(out, fmt.Sprintf("%s %s %s", ev.Live.UserID, ev.Live.Kind, ev.Live.Data))
		case room.Present:
			where := "out"
			if ev.Live.Online {
				where = "in"
			}
			if ev.Live.Count > 0 {
				out = append(out, fmt.Sprint(ev.Live.Count, " in"))
			} else {
				out = append(out, string(ev.Live.UserID)+" "+where)
			}
		}
	}
	m.events = nil
	return out
}

func (m *testConn) expect(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	if got := m.received(); !slices.Equal(got, want) {
		t.Errorf("%s received %v, want %v", m.user, got, want)
	}
}

var everyone = store.MembersFunc(func(context.Context, store.StudyID, store.UserID) (string, error) { return "", nil })

// newRegistry returns a registry, which is closed after the test.
func newRegistry(t *testing.T, opts room.Options) *room.Registry {
	t.Helper()
	if opts.Store == nil {
		opts.Store = store.NewMemory()
	}
	if opts.Members == nil {
		opts.Members = everyone
	}
	if opts.Bus == nil {
		b := bus.NewMemory()
		t.Cleanup(func() { b.Close() })
		opts.Bus = b
	}
	opts.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	g, err := room.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close(context.Background()) })
	return g
}

// connect connects a user.
func connect(t *testing.T, g *room.Registry, user store.UserID) *testConn {
	t.Helper()
	m := &testConn{user: user}
	if err := g.Connect(m); err != nil {
		t.Fatal(err)
	}
	return m
}

// join joins a room. The connection gets its replay like every other message, and the result
// has all pages of it.
func join(t *testing.T, g *room.Registry, m *testConn, req room.JoinRequest) room.Joined {
	t.Helper()
	j, err := tryJoin(g, m, req)
	if err != nil {
		t.Fatalf("join: %v", err)
	}
	return j
}

func tryJoin(g *room.Registry, m *testConn, req room.JoinRequest) (j room.Joined, err error) {
	req.Conn = m
	if req.StudyID == "" {
		req.StudyID = "s1"
	}
	err = g.Join(context.Background(), req, func(got room.Joined) {
		j = got
		m.Deliver(&room.Batch{Events: got.Replay})
	})
	m.mu.Lock()
	defer m.mu.Unlock()
	j.Replay = append(j.Replay, m.pages...)
	m.pages = nil
	return j, err
}

// post posts a message and waits for the answer.
func post(seat *room.Seat, content string) (store.Message, error) {
	type answer struct {
		m   store.Message
		err error
	}
	done := make(chan answer, 1)
	if err := seat.Post(room.Post{Content: content}, func(m store.Message, err error) { done <- answer{m, err} }); err != nil {
		return store.Message{}, err
	}
	a := <-done
	return a.m, a.err
}

func mustPost(t *testing.T, seat *room.Seat, content string) store.Message {
	t.Helper()
	m, err := post(seat, content)
	if err != nil {
		t.Fatalf("post: %v", err)
	}
	return m
}

// inBubble runs a test in fake time.
func inBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

// after lets time pass.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
