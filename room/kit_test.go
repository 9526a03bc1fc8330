package room_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A member writes down what it is told.
type member struct {
	user store.UserID

	mu     sync.Mutex // guards events
	events []*room.Event
}

func (m *member) User() store.UserID { return m.user }

func (m *member) Deliver(b *room.Batch) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events = append(m.events, b.Events...)
}

// told returns what was told since the last call, in short: "1" is the message
// with seq 1, "-kicked" a reason to leave, "!text" a notification.
func (m *member) told() []string {
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
		}
	}
	m.events = nil
	return out
}

func (m *member) expect(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	if got := m.told(); !slices.Equal(got, want) {
		t.Errorf("%s was told %v, want %v", m.user, got, want)
	}
}

var everyone = store.MembersFunc(func(context.Context, store.StudyID, store.UserID) (string, error) { return "", nil })

// hub makes a registry that the test closes.
func hub(t *testing.T, opts room.Options) *room.Registry {
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

// enter connects a user.
func enter(t *testing.T, g *room.Registry, user store.UserID) *member {
	t.Helper()
	m := &member{user: user}
	if err := g.Connect(m); err != nil {
		t.Fatal(err)
	}
	return m
}

// join seats a member, which gets its replay like everything else.
func join(t *testing.T, g *room.Registry, m *member, req room.JoinRequest) room.Joined {
	t.Helper()
	j, err := tryJoin(g, m, req)
	if err != nil {
		t.Fatalf("join: %v", err)
	}
	return j
}

func tryJoin(g *room.Registry, m *member, req room.JoinRequest) (j room.Joined, err error) {
	req.Conn = m
	if req.StudyID == "" {
		req.StudyID = "s1"
	}
	err = g.Join(context.Background(), req, func(got room.Joined) {
		j = got
		m.Deliver(&room.Batch{Events: got.Replay})
	})
	return j, err
}

// post says something and waits for the answer.
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

// A lossy bus drops what drop says.
type lossy struct {
	bus.Bus
	drop func(bus.Message) bool
}

func (l lossy) Publish(ctx context.Context, msgs ...bus.Message) error {
	return l.Bus.Publish(ctx, slices.DeleteFunc(slices.Clone(msgs), l.drop)...)
}

// A faulty store fails or dawdles as told.
type faulty struct {
	store.Store
	before func(method string) error
	after  func(method string) error
}

func (f faulty) Append(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
	if f.before != nil {
		if err := f.before("Append"); err != nil {
			return nil, err
		}
	}
	out, err := f.Store.Append(ctx, msgs)
	if err == nil && f.after != nil {
		err = f.after("Append")
	}
	return out, err
}

func (f faulty) SetStatus(ctx context.Context, reports []store.Status) error {
	if f.before != nil {
		if err := f.before("SetStatus"); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return f.Store.SetStatus(ctx, reports)
}

func (f faulty) RenewNode(ctx context.Context, node store.NodeID, ttl time.Duration) error {
	if f.before != nil {
		if err := f.before("RenewNode"); err != nil {
			return err
		}
	}
	return f.Store.RenewNode(ctx, node, ttl)
}

func (f faulty) Heads(ctx context.Context, studies []store.StudyID) (map[store.StudyID]int64, error) {
	if f.before != nil {
		if err := f.before("Heads"); err != nil {
			return nil, err
		}
	}
	return f.Store.Heads(ctx, studies)
}

// A pinged bus can tell whether it hears itself.
type pinged struct {
	bus.Bus
	away *atomic.Bool
}

func (p pinged) Ping(context.Context) error {
	if p.away.Load() {
		return errBroken
	}
	return nil
}

var errBroken = errors.New("broken")

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
