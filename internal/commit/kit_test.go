package commit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/coupchat/coup/internal/work"
	"github.com/coupchat/coup/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errBroken = errors.New("broken")

// appendFunc makes an Appender of a function.
type appendFunc func(context.Context, []store.Message) ([]store.Message, error)

func (f appendFunc) Append(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
	return f(ctx, msgs)
}

// failing is a memory store that returns errBroken while broken is set.
func failing(broken *atomic.Bool) Appender {
	s := store.NewMemory()
	return appendFunc(func(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
		if broken.Load() {
			return nil, errBroken
		}
		return s.Append(ctx, msgs)
	})
}

// hanging never answers before its deadline.
var hanging = appendFunc(func(ctx context.Context, _ []store.Message) ([]store.Message, error) {
	<-ctx.Done()
	return nil, ctx.Err()
})

// newLanes returns lanes whose work ends with the test. Options that are not set have
// the defaults of room.Options, and one lane.
func newLanes(t *testing.T, opts Options[string]) *Lanes[string] {
	t.Helper()
	opts.Work = work.NewGroup(3 * time.Second)
	t.Cleanup(func() { opts.Work.End(); opts.Work.Wait() })
	opts.Log = slog.New(slog.DiscardHandler)
	if opts.Lanes == 0 {
		opts.Lanes = 1
	}
	if opts.MaxQueue == 0 {
		opts.MaxQueue = 4096
	}
	if opts.Budget == 0 {
		opts.Budget = 4500 * time.Millisecond
	}
	if opts.Stored == nil {
		opts.Stored = func([]Post[string], []store.Message) {}
	}
	return New(opts)
}

var posts atomic.Int64

// text returns a post with a client id of its own.
func text(content string) Post[string] {
	return Post[string]{
		Message: &store.Message{StudyID: "s1", UserID: "mina", Content: content, ClientID: fmt.Sprint("c", posts.Add(1))},
		Done:    func(store.Message, error) {},
	}
}

// add adds a post and waits for the answer.
func add(l *Lanes[string], p Post[string]) (m store.Message, err error) {
	done := make(chan struct{})
	p.Done = func(got store.Message, e error) { m, err = got, e; close(done) }
	if err := l.Add(p); err != nil {
		return store.Message{}, err
	}
	<-done
	return m, err
}

// inBubble runs a test in fake time.
func inBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}
