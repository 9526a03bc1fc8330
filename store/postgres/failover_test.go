package postgres_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coupchat/coup/internal/testenv"
	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/postgres"
)

// recovery is how soon after a promotion a message must be stored.
const recovery = 5 * time.Second

// at returns rawURL with other hosts.
func at(t *testing.T, rawURL, hosts string) string {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = hosts
	return u.String()
}

// Writers post as hubs do: the same messages again until the outcome is known.
type writers struct {
	wg   sync.WaitGroup
	stop chan struct{}

	mu    sync.Mutex // guards acked and fresh
	acked []store.Message
	fresh chan time.Time
}

func write(t *testing.T, s store.Store, n int) *writers {
	w := &writers{stop: make(chan struct{}), fresh: make(chan time.Time, 1)}
	for range n {
		w.wg.Go(func() {
			for {
				msgs := []store.Message{message(store.NewClientID()), message(store.NewClientID())}
				for {
					ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second) // room.Options.StoreTimeout
					out, err := s.Append(ctx, msgs)
					cancel()
					if err == nil {
						w.note(out)
						break
					}
					if !errors.Is(err, store.ErrUnavailable) {
						t.Errorf("Append = %v, want ErrUnavailable", err)
					}
					select {
					case <-w.stop:
						return
					case <-time.After(20 * time.Millisecond):
					}
				}
				select {
				case <-w.stop:
					return
				default:
				}
			}
		})
	}
	w.next(t)
	return w
}

func (w *writers) note(msgs []store.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.acked = append(w.acked, msgs...)
	select {
	case w.fresh <- time.Now():
	default:
	}
}

// next waits for twenty good appends that begin from now on.
func (w *writers) next(t *testing.T) time.Duration {
	t.Helper()
	start := time.Now()
	select {
	case <-w.fresh: // it may be an old one
	default:
	}
	var first time.Time
	for range 20 {
		select {
		case at := <-w.fresh:
			if first.IsZero() {
				first = at
			}
		case <-time.After(20 * time.Second):
			t.Fatal("no message is stored within 20 s")
		}
	}
	t.Logf("the first message was stored after %s", first.Sub(start))
	return first.Sub(start)
}

// end stops the writers and checks that everything acknowledged is stored in s.
func (w *writers) end(t *testing.T, s store.Store) {
	t.Helper()
	close(w.stop)
	w.wg.Wait()
	stored, err := s.History(t.Context(), store.Query{StudyID: "a", Limit: 1_000_000})
	if err != nil {
		t.Fatal(err)
	}
	lost := 0
	for _, m := range w.acked {
		if m.Seq > int64(len(stored)) || stored[m.Seq-1].ClientID != m.ClientID {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d acknowledged messages are lost", lost, len(w.acked))
	}
	t.Logf("%d acknowledged, %d stored", len(w.acked), len(stored))
}

func TestPromotedStandbyHasEverythingThatWasAcknowledged(t *testing.T) {
	primary := testenv.StartPostgres(t)
	rawURL := primary.URL(t)
	standby := primary.Standby(t)
	address := testenv.NewForward(t, primary.Addr())
	s := open(t, at(t, rawURL, address.Addr()))
	w := write(t, s, 4)
	primary.Kill(t)
	standby.Promote(t)
	address.To(standby.Addr())
	if took := w.next(t); took > recovery {
		t.Errorf("the first message is stored %s after the promotion, want %s at most", took, recovery)
	}
	w.end(t, open(t, at(t, rawURL, standby.Addr())))
}

// The former primary lives on and answers on connections that are open.
func TestConnectionsToAFormerPrimaryAreDropped(t *testing.T) {
	for _, c := range []struct {
		name string
		open func(t *testing.T, url string) store.Store
	}{
		{"of the Store", func(t *testing.T, url string) store.Store { return open(t, url) }},
		{"of the application", func(t *testing.T, url string) store.Store {
			s, _ := handle(t, url+"&target_session_attrs=read-write")
			return s
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			primary := testenv.StartPostgres(t)
			rawURL := primary.URL(t)
			standby := primary.Standby(t)
			address := testenv.NewForward(t, primary.Addr())
			s := c.open(t, at(t, rawURL, address.Addr()))
			w := write(t, s, 4)
			if err := s.(store.Checker).Check(t.Context()); err != nil {
				t.Errorf("Check of a primary = %v", err)
			}
			primary.ReadOnly(t)
			awaitErr(t, func() error {
				if err := s.(store.Checker).Check(t.Context()); !errors.Is(err, store.ErrUnavailable) {
					return errors.Join(errors.New("Check of a former primary succeeds"), err)
				}
				return nil
			})
			standby.Promote(t)
			address.To(standby.Addr())
			if took := w.next(t); took > recovery {
				t.Errorf("the first message is stored %s after the promotion, want %s at most", took, recovery)
			}
			awaitErr(t, func() error { return s.(store.Checker).Check(t.Context()) })
			w.end(t, open(t, at(t, rawURL, standby.Addr())))
		})
	}
}

// awaitErr waits until f returns nil.
func awaitErr(t *testing.T, f func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if err = f(); err == nil {
			return
		}
	}
	t.Fatal(err)
}

func TestStandbyIsRefusedUntilItIsPromoted(t *testing.T) {
	primary := testenv.StartPostgres(t)
	rawURL := primary.URL(t)
	open(t, rawURL) // makes the tables
	standby := primary.Standby(t)
	direct := at(t, rawURL, standby.Addr())
	for name, settings := range map[string]string{"by default": "", "if any server will do": "&target_session_attrs=any"} {
		_, err := postgres.Open(t.Context(), direct+settings, postgres.Options{})
		if err == nil || !strings.Contains(err.Error(), "takes no writes, a primary is needed") {
			t.Errorf("Open of a standby %s = %v, want an error that says so", name, err)
		}
	}
	// Of several hosts the primary is taken.
	u := at(t, rawURL, "127.0.0.1") + "&port=" + port(standby.Addr()) + "," + port(primary.Addr())
	s := open(t, strings.Replace(u, "127.0.0.1", "127.0.0.1,127.0.0.1", 1))
	appendUntilItWorks(t, s)
	primary.Kill(t)
	standby.Promote(t)
	appendUntilItWorks(t, s)
	appendUntilItWorks(t, open(t, direct))
}

func port(addr string) string { return addr[strings.LastIndex(addr, ":")+1:] }

// A commit that waits for its standby succeeds at once when it is cancelled, although it is
// on one server only.
func TestCancelledCommitIsNotAcknowledged(t *testing.T) {
	primary := testenv.StartPostgres(t)
	rawURL := primary.URL(t)
	owned, _ := handle(t, rawURL)
	stores := map[string]store.Store{"Open": open(t, rawURL), "New": owned}
	standby := primary.Standby(t)
	standby.Stop(t)
	for name, s := range stores {
		// Each connection of the pool learns a moment later that there is a standby to wait for.
		tick := time.NewTicker(10 * time.Millisecond)
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); <-tick.C {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			_, err := s.Append(ctx, []store.Message{message(store.NewClientID())})
			cancel()
			if err != nil {
				break
			}
		}
		tick.Stop()
		m := []store.Message{message(store.NewClientID())}
		for range 5 { // the later ones repeat a message that is there, on one server
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			out, err := s.Append(ctx, m)
			cancel()
			if !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("%s: Append without the standby = %+v, %v, want ErrUnavailable", name, out, err)
			}
		}
	}
	standby.Continue(t)
	for _, s := range stores {
		appendUntilItWorks(t, s)
	}
}
