package coup_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/store"
)

// A cluster is two hubs that share a store, a bus and the memberships.
type cluster struct {
	t     *testing.T
	bus   *bus.Memory
	store *store.Memory
	urls  [2]string

	mu       sync.Mutex // guards excluded
	excluded map[store.UserID]bool
}

func newCluster(t *testing.T, k kind, change func(*coup.Options)) *cluster {
	w := &cluster{t: t, bus: bus.NewMemory(), store: store.NewMemory(), excluded: map[store.UserID]bool{}}
	t.Cleanup(func() { w.bus.Close() })
	for i := range w.urls {
		opts := coup.Options{Store: w.store, Bus: w.bus, Members: w, Rate: -1}
		opts.Room.CheckHeads = 50 * time.Millisecond
		if change != nil {
			change(&opts)
		}
		_, w.urls[i] = k.serve(t, opts)
	}
	return w
}

// Member says that everybody is a member who was not excluded.
func (w *cluster) Member(_ context.Context, _ store.StudyID, user store.UserID) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.excluded[user] {
		return "", store.ErrNotFound
	}
	return "member", nil
}

func (w *cluster) exclude(user store.UserID, out bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.excluded[user] = out
}

// publish publishes a payload as an application in any language does.
func (w *cluster) publish(channel, payload string) {
	w.t.Helper()
	if err := w.bus.Publish(w.t.Context(), bus.Message{Channel: channel, Payload: []byte(payload)}); err != nil {
		w.t.Errorf("publish: %v", err)
	}
}

// eventually waits until ok returns true.
func (w *cluster) eventually(what string, ok func() bool) {
	w.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(wstest.Timeout); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			w.t.Fatalf("not within the deadline: %s", what)
		}
	}
}

func TestMessagesOfTwoHubsHaveOneOrder(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		w := newCluster(t, k, func(opts *coup.Options) { opts.Room.CheckHeads = -1 })
		const each = 50
		var senders, readers []*wstest.Client
		for i, url := range w.urls {
			s, r := login(t, url, fmt.Sprintf("sender%d", i)), login(t, url, fmt.Sprintf("reader%d", i))
			s.Join("s1")
			r.Join("s1")
			senders, readers = append(senders, s), append(readers, r)
		}
		var wg sync.WaitGroup
		for _, s := range senders {
			wg.Go(func() {
				for i := range each {
					if e := say(s, "s1", fmt.Sprint(i)); e.Event != "ack" {
						t.Errorf("ack = %s", e.Raw)
						return
					}
				}
			})
		}
		wg.Wait()
		for _, r := range readers {
			expectSeqs(t, r, 1, 2*each)
			r.ExpectNothing()
		}
	})
}

// Messages that were stored and never published are found in the store.
func TestMessagesThatTheBusDidNotBringAreReadFromTheStore(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		w := newCluster(t, k, nil)
		a, b := login(t, w.urls[0], "u1"), login(t, w.urls[1], "u2")
		a.Join("s1")
		b.Join("s1")
		fill(t, w.store, "s1", 600)
		expectSeqs(t, a, 1, 600)
		expectSeqs(t, b, 1, 600)
		say(a, "s1", "live")
		expectSeqs(t, b, 601, 601)
	})
}

func TestMalformedPayloadsOnTheBusAreIgnored(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		w := newCluster(t, k, nil)
		c := login(t, w.urls[0], "u1")
		c.Join("s1")
		malformed := []string{
			``, ` `, `hello`, `{`, `[]`, `null`, `42`, `"x"`, `{}`, "\xff\xfe", "\x00", `{"type":1}`, `{"type":"t"}`, `{"userId":"u1"}`, `{"userId":"u1","type":""}`,
			`{"userId":1,"type":"t"}`, `{"userIds":"u1","type":"t"}`, `{"userIds":[],"type":"t"}`, `{"userIds":[null],"type":"t"}`, `{"userId":"a b","type":"t"}`, `{"userIds":["u1",""],"type":"t"}`,
			`{"userId":"u1","type":"t","message":{}}`, `{"userId":"u1","type":"t","id":7}`,
			`{"type":"notice","studyId":""}`, `{"type":"notice","studyId":"a b"}`, `{"type":"notice","studyId":7}`, `{"type":"member_kicked","studyId":"s1"}`, `{"type":"member_kicked","studyId":"s1","userId":"a b"}`,
			`{"type":"","studyId":"s1"}`, `{"type":"` + strings.Repeat("t", 200) + `","studyId":"s1","userId":"u1"}`, strings.Repeat("[", 100_000),
			`{"userId":"u1","studyId":"s1","type":"t","message":"` + strings.Repeat("m", 2<<20) + `"}`,
		}
		for _, payload := range malformed {
			for _, channel := range []string{"notifications", "study-events", "coup:room:s1"} {
				w.publish(channel, payload)
			}
			w.publish("notifications", `{"userId":"u1","type":"good","message":"m"}`)
			if e := c.Expect("notification"); e.String("type") != "good" {
				t.Errorf("after %.60q: %.200s", payload, e.Raw)
			}
			w.publish("study-events", `{"type":"notice","studyId":"s1","message":"m"}`)
			if e := c.Expect("notification"); e.String("type") != "notice" {
				t.Errorf("after %.60q: %.200s", payload, e.Raw)
			}
		}
		say(c, "s1", "still works")
		c.Expect("new_message")
		c.ExpectNothing()
	})
}
