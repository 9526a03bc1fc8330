package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coupchat/coup/store"
)

// A wrong store is a memory store with a method that is wrong.
type wrong struct {
	store.Store
	append  func(ctx context.Context, msgs []store.Message) ([]store.Message, error)
	history func(ctx context.Context, q store.Query) ([]store.Message, error)
	heads   func(ctx context.Context, studies []store.StudyID) (map[store.StudyID]int64, error)
	status  func(ctx context.Context, reports []store.Status) error
	seen    func(ctx context.Context, users []store.UserID) (map[store.UserID]store.Presence, error)
	renew   func(ctx context.Context, node store.NodeID, ttl time.Duration) error
	failure func(error) error
}

func (w *wrong) fail(err error) error {
	if w.failure != nil && err != nil {
		return w.failure(err)
	}
	return err
}

func (w *wrong) Append(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
	if w.append != nil {
		return w.append(ctx, msgs)
	}
	out, err := w.Store.Append(ctx, msgs)
	return out, w.fail(err)
}

func (w *wrong) History(ctx context.Context, q store.Query) ([]store.Message, error) {
	if w.history != nil {
		return w.history(ctx, q)
	}
	out, err := w.Store.History(ctx, q)
	return out, w.fail(err)
}

func (w *wrong) Heads(ctx context.Context, studies []store.StudyID) (map[store.StudyID]int64, error) {
	if w.heads != nil {
		return w.heads(ctx, studies)
	}
	heads, err := w.Store.Heads(ctx, studies)
	return heads, w.fail(err)
}

func (w *wrong) SetStatus(ctx context.Context, reports []store.Status) error {
	if w.status != nil {
		return w.status(ctx, reports)
	}
	return w.fail(w.Store.SetStatus(ctx, reports))
}

func (w *wrong) Presence(ctx context.Context, users []store.UserID) (map[store.UserID]store.Presence, error) {
	if w.seen != nil {
		return w.seen(ctx, users)
	}
	found, err := w.Store.Presence(ctx, users)
	return found, w.fail(err)
}

func (w *wrong) RenewNode(ctx context.Context, node store.NodeID, ttl time.Duration) error {
	if w.renew != nil {
		return w.renew(ctx, node, ttl)
	}
	return w.fail(w.Store.RenewNode(ctx, node, ttl))
}

// appending is a store that changes what goes into Append, and what comes out.
func appending(in, out func(m *store.Message)) Backend {
	s := store.NewMemory()
	var mu sync.Mutex // in and out may keep something
	return one(&wrong{Store: s, append: func(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
		msgs = slices.Clone(msgs)
		sent := slices.Clone(msgs)
		mu.Lock()
		defer mu.Unlock()
		for i := range msgs {
			if in != nil {
				in(&msgs[i])
			}
		}
		stored, err := s.Append(ctx, msgs)
		for i := range stored {
			stored[i].StudyID, stored[i].UserID, stored[i].ClientID = sent[i].StudyID, sent[i].UserID, sent[i].ClientID
			if out != nil {
				out(&stored[i])
			}
		}
		return stored, err
	}})
}

// reading is a store that changes the answers of History.
func reading(change func(q store.Query, msgs []store.Message) []store.Message, ask func(q *store.Query)) Backend {
	s := store.NewMemory()
	return one(&wrong{Store: s, history: func(ctx context.Context, q store.Query) ([]store.Message, error) {
		asked := q
		if ask != nil {
			ask(&asked)
		}
		msgs, err := s.History(ctx, asked)
		if change != nil {
			msgs = change(q, msgs)
		}
		return msgs, err
	}})
}

func one(s store.Store) Backend {
	return Backend{Store: s, Second: func() store.Store { return s }, Reopen: func() store.Store { return s }}
}

// A table is a map for several goroutines.
type table[K comparable, V any] struct {
	mu   sync.Mutex // guards rows
	rows map[K]V
}

func newTable[K comparable, V any]() *table[K, V] { return &table[K, V]{rows: make(map[K]V)} }

func (t *table[K, V]) get(k K) V {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.rows[k]
}

func (t *table[K, V]) set(k K, v V) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows[k] = v
}

// keep sets a row that is missing, and returns the row.
func (t *table[K, V]) keep(k K, v V) V {
	t.mu.Lock()
	defer t.mu.Unlock()
	if old, known := t.rows[k]; known {
		return old
	}
	t.rows[k] = v
	return v
}

func (t *table[K, V]) drop(k K) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.rows, k)
}

func (t *table[K, V]) keys() []K {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Collect(maps.Keys(t.rows))
}

// A fault is a broken backend, as there are real ones.
type fault struct {
	name string
	// message is the beginning of the first message that the kit prints.
	message string
	open    func() Backend
}

var broken = slices.Concat(brokenAppends, brokenTexts, brokenContexts, brokenReads, brokenPresences, brokenHandles)

// brokenName names the broken backend that a child process tests.
const brokenName = "STORETEST_BROKEN"

// said1 finds the first message of a failed test.
var said1 = regexp.MustCompile(`\n\s+[a-z]+\.go:\d+: (.*)`)

type childResult struct {
	out string
	err error
}

// runChild tests the broken backend with that name in another process.
func runChild(ctx context.Context, name string) childResult {
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestBrokenBackendsAreCaught$", "-test.count=1", "-test.failfast")
	cmd.Env = append(os.Environ(), brokenName+"="+name)
	out, err := cmd.CombinedOutput()
	return childResult{string(out), err}
}

func TestBrokenBackendsAreCaught(t *testing.T) {
	if name := os.Getenv(brokenName); name != "" { // the child process
		for _, b := range broken {
			if b.name == name {
				Run(t, func(*testing.T) Backend { return b.open() })
			}
		}
		return
	}
	// Most children wait for something, so there are more of them than processors.
	slots := make(chan struct{}, 6)
	results := make([]childResult, len(broken))
	var running sync.WaitGroup
	for i, b := range broken {
		running.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			results[i] = runChild(t.Context(), b.name)
		})
	}
	running.Wait()
	for i, b := range broken {
		t.Run(b.name, func(t *testing.T) {
			out, err := results[i].out, results[i].err
			var failed *exec.ExitError
			if !errors.As(err, &failed) {
				t.Fatalf("the kit passes it: %v", err)
			}
			first := said1.FindStringSubmatch(out)
			if first == nil {
				t.Fatalf("the kit fails and says nothing: %s", out)
			}
			if !strings.HasPrefix(first[1], b.message) || len(first[1]) > 700 {
				t.Fatalf("the kit first says %q (%d bytes), want %q and at most 700 bytes", first[1], len(first[1]), b.message)
			}
			t.Logf("%s: %s", b.name, first[1])
		})
	}
}

// Ids of a backend that takes only UUIDs.
func TestABackendMayHaveItsOwnIDs(t *testing.T) {
	Run(t, func(t *testing.T) Backend {
		s := store.NewMemory()
		uuid := regexp.MustCompile(`^00000000-0000-0000-0000-[0-9]{12}$`)
		n := 0
		strict := &wrong{Store: s, append: func(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
			for _, m := range msgs {
				if !uuid.MatchString(string(m.StudyID)) || !uuid.MatchString(string(m.UserID)) {
					return nil, fmt.Errorf("%w: %s and %s are no UUIDs", store.ErrInvalid, m.StudyID, m.UserID)
				}
			}
			return s.Append(ctx, msgs)
		}}
		b := one(strict)
		b.NewID = func() string { n++; return fmt.Sprintf("00000000-0000-0000-0000-%012d", n) }
		return b
	})
}
