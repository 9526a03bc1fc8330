package room_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// changesPerSeed is how many entries each seed of TestEveryViewIsWhatAReaderSees writes.
var changesPerSeed = flag.Int("changes", 3000, "entries for each seed of TestEveryViewIsWhatAReaderSees")

// A shown is a message as a client shows it.
type shown struct {
	content   string
	edited    bool
	deleted   bool
	reactions map[string]int
}

func showMessage(m *store.Message) shown {
	s := shown{m.Content, !m.EditedAt.IsZero(), !m.DeletedAt.IsZero(), map[string]int{}}
	for _, r := range m.Reactions {
		s.reactions[r.Emoji] = r.Count
	}
	return s
}

// A viewer is a client that keeps what it shows of the study s1.
type viewer struct {
	user store.UserID
	hub  *room.Registry
	seat *room.Seat

	mu     sync.Mutex // guards what follows
	shows  map[int64]shown
	last   int64
	sentAt time.Time
	faults []string
}

func (v *viewer) User() store.UserID { return v.user }

func (v *viewer) Deliver(b *room.Batch) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, ev := range b.Events {
		if ev.Kind == room.NewMessage {
			v.apply(&ev.Message)
		}
	}
}

// apply shows an entry. The caller holds mu.
func (v *viewer) apply(e *store.Entry) {
	if e.Seq != v.last+1 {
		v.faults = append(v.faults, fmt.Sprintf("seq %d after %d", e.Seq, v.last))
	}
	v.last, v.sentAt = e.Seq, e.SentAt
	m, known := v.shows[e.MessageSeq]
	switch e.Kind {
	case store.KindMessage:
		v.shows[e.Seq] = showMessage(e)
	case store.KindEdit:
		m.content, m.edited, m.deleted = e.Content, e.DeletedAt.IsZero(), !e.DeletedAt.IsZero()
	case store.KindDelete:
		m = shown{deleted: true}
	case store.KindReaction:
		if m.deleted {
			return // it came before the deletion, which the message shows already
		}
		m.reactions = maps.Clone(m.reactions)
		if m.reactions[e.Emoji] = e.Count; e.Count == 0 {
			delete(m.reactions, e.Emoji)
		}
	case store.KindErase:
		for seq := e.From; seq <= e.To; seq++ {
			if _, is := v.shows[seq]; is {
				v.shows[seq] = shown{deleted: true}
			}
		}
	}
	if e.Kind != store.KindMessage && known {
		v.shows[e.MessageSeq] = m
	}
}

// enter connects to a hub and joins. What was missed is replayed, or read from the history.
func (v *viewer) enter(t *testing.T, hub *room.Registry, s store.Store) {
	v.hub = hub
	if err := hub.Connect(v); err != nil {
		t.Fatal(err)
	}
	for {
		v.mu.Lock()
		last, sentAt := v.last, v.sentAt
		v.mu.Unlock()
		err := hub.Join(context.Background(), room.JoinRequest{Conn: v, StudyID: "s1", After: last, HasAfter: true, AfterSentAt: sentAt}, func(j room.Joined) {
			v.seat = j.Seat
			v.mu.Lock()
			defer v.mu.Unlock()
			if j.Reset {
				v.faults = append(v.faults, "reset")
			}
			if j.Truncated {
				v.shows, v.last, v.sentAt = history(t, s, j.Seq), j.Seq, j.SentAt
			}
			for _, ev := range j.Replay {
				v.apply(&ev.Message)
			}
		})
		if err == nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (v *viewer) exit() {
	left := make(chan struct{})
	v.seat.Leave(func() { close(left) })
	<-left
	v.hub.Disconnect(v)
}

// history returns what a fresh reader shows, who reads up to seq.
func history(t *testing.T, s store.Store, seq int64) map[int64]shown {
	shows := map[int64]shown{}
	for after := int64(0); ; {
		page, err := s.History(context.Background(), store.Query{StudyID: "s1", After: after, Before: seq + 1, Limit: 500})
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			return shows
		}
		for i := range page {
			shows[page[i].Seq] = showMessage(&page[i])
			after = page[i].Seq
		}
	}
}

// Clients edit, delete and react on three hubs, while the bus loses and repeats, the store fails
// before and after commits, clients come and go, and hubs restart. At the end each client shows what a
// fresh reader shows.
func TestEveryViewIsWhatAReaderSees(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			inBubble(t, func(t *testing.T) { views(t, rand.New(rand.NewPCG(seed, 1))) })
		})
	}
}

func views(t *testing.T, rng *rand.Rand) {
	var mu sync.Mutex
	chance := func(of float64) bool {
		mu.Lock()
		defer mu.Unlock()
		return rng.Float64() < of
	}
	n := func(below int) int {
		mu.Lock()
		defer mu.Unlock()
		return rng.IntN(below)
	}
	var healed atomic.Bool
	memory, shared := store.NewMemory(), bus.NewMemory()
	defer shared.Close()
	fails := func(string) error {
		if !healed.Load() && chance(0.02) {
			return store.ErrUnavailable
		}
		return nil
	}
	s := logOf{faulty{Store: memory, before: fails, after: fails}, memory, fails}
	open := func() *room.Registry {
		return newRegistry(t, room.Options{Store: s, Rate: -1, MaxPerUser: -1, MaxReplay: 200, Bus: lossy{shared, func(bus.Message) bool { return !healed.Load() && chance(0.05) }}})
	}
	hubs := []*room.Registry{open(), open(), open()}
	viewers := make([]*viewer, 8)
	for i := range viewers {
		viewers[i] = &viewer{user: store.UserID(fmt.Sprint("u", i%5)), shows: map[int64]shown{}}
		viewers[i].enter(t, hubs[i%3], memory)
	}
	own := map[store.UserID][]int64{} // the messages of each user
	for done := 0; done < *changesPerSeed; {
		v := viewers[n(len(viewers))]
		switch {
		case chance(0.01):
			v.exit()
			time.Sleep(time.Duration(n(3000)) * time.Millisecond)
			v.enter(t, hubs[n(3)], memory)
			continue
		case chance(0.0005):
			restart(t, hubs, n(3), viewers, open, memory)
			continue
		case chance(0.0005):
			if _, err := memory.Erase(context.Background(), store.Erasure{StudyID: "s1", From: int64(n(done + 1)), To: int64(done)}); err != nil {
				t.Fatal(err)
			}
			continue
		}
		p := room.Post{Content: fmt.Sprint("text ", done), ClientID: fmt.Sprint("c", done)}
		mu.Lock()
		mine := own[v.user]
		mu.Unlock()
		if len(mine) > 0 && chance(0.6) {
			p.MessageSeq = mine[max(0, len(mine)-1-n(50))]
			p.Kind = []store.Kind{store.KindEdit, store.KindReaction, store.KindReaction, store.KindDelete}[n(4)]
			if p.Kind == store.KindReaction {
				p.Content, p.Emoji, p.On = "", []string{"👍", "👎", "🎉"}[n(3)], chance(0.7)
			}
		}
		done++
		user := v.user
		err := v.seat.Post(p, func(e store.Entry, err error) {
			if err == nil && e.Kind == store.KindMessage {
				mu.Lock()
				own[user] = append(own[user], e.Seq)
				mu.Unlock()
			}
		})
		if err != nil && !errors.Is(err, store.ErrUnavailable) {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(n(4)) * time.Millisecond)
	}
	healed.Store(true)
	after(20 * time.Second)
	heads, err := memory.Heads(context.Background(), []store.StudyID{"s1"})
	if err != nil {
		t.Fatal(err)
	}
	want := history(t, memory, heads["s1"])
	for i, v := range viewers {
		v.mu.Lock()
		if v.last != heads["s1"] || len(v.faults) > 0 {
			t.Errorf("viewer %d has come to %d of %d; %d faults: %v", i, v.last, heads["s1"], len(v.faults), v.faults[:min(len(v.faults), 5)])
		}
		different := 0
		for seq, is := range want {
			if got := v.shows[seq]; got.content != is.content || got.deleted != is.deleted || !maps.Equal(got.reactions, is.reactions) {
				if different++; different < 4 {
					t.Errorf("viewer %d shows %+v at %d, a reader %+v", i, got, seq, is)
				}
			}
		}
		if different > 0 || len(v.shows) != len(want) {
			t.Errorf("viewer %d: %d of %d messages differ", i, different, len(want))
		}
		v.mu.Unlock()
	}
}

// restart ends a hub and opens another one in its place.
func restart(t *testing.T, hubs []*room.Registry, at int, viewers []*viewer, open func() *room.Registry, s store.Store) {
	t.Helper()
	var there []*viewer
	for _, v := range viewers {
		if v.hub == hubs[at] {
			v.exit()
			there = append(there, v)
		}
	}
	if err := hubs[at].Close(context.Background()); err != nil {
		t.Log(err) // the store may fail
	}
	hubs[at] = open()
	for _, v := range there {
		v.enter(t, hubs[(at+1)%3], s)
	}
}

// logOf is a faulty store that is a log too.
type logOf struct {
	faulty
	log   store.Log
	fails func(string) error
}

func (l logOf) Entries(ctx context.Context, q store.Query) ([]store.Entry, error) {
	if err := l.fails("Entries"); err != nil {
		return nil, err
	}
	found, err := l.log.Entries(ctx, q)
	return slices.Clip(found), err
}
