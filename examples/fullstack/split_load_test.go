package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coupchat/coup/internal/wstest"
)

// A ledger has the acks and messages that the clients of one study received. Each client
// must receive all messages.
type ledger struct {
	study string

	mu   sync.Mutex // guards acks
	acks map[string]string
	seen map[string][]string // by client, the ids in the order of arrival
}

func newLedger(study string) *ledger {
	return &ledger{study: study, acks: map[string]string{}, seen: map[string][]string{}}
}

// place is what an ack and a row have in common.
func place(id string, seq int64) string { return fmt.Sprintf("%d %s", seq, id) }

// acked adds an ack. A second ack for the same clientId must be equal.
func (l *ledger) acked(user, clientID string, e wstest.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	key, got := user+" "+clientID, place(e.String("id"), e.Int("seq"))
	if before, again := l.acks[key]; again && before != got || e.String("clientId") != clientID {
		return fmt.Errorf("ack of %s is %s, before it was %q", key, e.Raw, before)
	}
	l.acks[key] = got
	return nil
}

// audit compares the ledger with the rows in Postgres.
func (l *ledger) audit(t *testing.T, s *split) {
	t.Helper()
	var rows []struct {
		ID       string
		Seq      int64
		UserID   string `db:"user_id"`
		ClientID string `db:"client_id"`
	}
	if err := s.db.Select(&rows, `SELECT id, seq, user_id, client_id FROM coup_messages WHERE study_id = $1 ORDER BY seq`, l.study); err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(l.acks) {
		t.Errorf("%d messages in the table, %d acknowledged", len(rows), len(l.acks))
	}
	for i, r := range rows {
		if r.Seq != int64(i+1) {
			t.Fatalf("the seq of row %d is %d", i+1, r.Seq)
		}
		key := r.UserID + " " + r.ClientID
		if got, want := l.acks[key], place(r.ID, r.Seq); got != want {
			t.Fatalf("ack of %s was %q, the table has %s", key, got, want)
		}
		for member, ids := range l.seen {
			if i >= len(ids) || ids[i] != r.ID {
				t.Fatalf("%s saw %d messages, not %s in its place", member, len(ids), r.ID)
			}
		}
	}
	for member, ids := range l.seen {
		if len(ids) != len(rows) {
			t.Errorf("%s saw %d messages, %d were stored", member, len(ids), len(rows))
		}
	}
}

const (
	loadStudies = 5
	loadMembers = 10 // of each study, half on each hub
	loadSends   = 400
	resendEvery = 20 // 5 %
	window      = 16 // sends of a client that may wait for their acks
	resends     = loadSends / resendEvery
)

func (s *split) load(t *testing.T) {
	var wg sync.WaitGroup
	var ledgers []*ledger
	var clients []func()
	for n := range loadStudies {
		var people []person
		for i := range loadMembers {
			people = append(people, s.login(t, fmt.Sprintf("load %d %d", n, i)))
		}
		l := newLedger(s.study(t, people...))
		ledgers = append(ledgers, l)
		for i, p := range people {
			c := connect(t, []*process{s.a, s.b}[i%2], p)
			c.Join(l.study)
			clients = append(clients, func() {
				seen, err := chat(c, l, string(p.UserID))
				if err != nil {
					t.Errorf("member %d of study %d: %v", i, n, err)
				}
				l.mu.Lock()
				defer l.mu.Unlock()
				l.seen[string(p.UserID)] = seen
			})
		}
	}
	begin := time.Now()
	for _, c := range clients {
		wg.Go(c)
	}
	wg.Wait()
	took := time.Since(begin).Seconds()
	const sends = loadStudies * loadMembers * loadSends
	t.Logf("%d sends by %d members: %.0f sends/s, %.0f deliveries/s", sends, len(clients), sends/took, sends*loadMembers/took)
	for _, l := range ledgers {
		l.audit(t, s)
	}
}

// chat posts the messages of one client, some of them twice, and reads until all posts are
// acknowledged and all messages have arrived.
func chat(c *wstest.Client, l *ledger, user string) (seen []string, err error) {
	var wg sync.WaitGroup
	defer wg.Wait()
	free, stop := make(chan struct{}, window), make(chan struct{})
	defer close(stop)
	wg.Go(func() {
		for n := range loadSends {
			say := []int{n}
			switch n % resendEvery {
			case 5:
				say = []int{n, n} // while it is under way
			case 15:
				say = []int{n, n - 14} // after it was stored
			}
			if n%(2*resendEvery) >= resendEvery {
				say = say[:1]
			}
			for again, n := range say {
				select {
				case free <- struct{}{}:
				case <-stop:
					return
				}
				id := fmt.Sprintf("c%d", n)
				c.Send("send_message", &id, map[string]any{"studyId": l.study, "content": fmt.Sprintf("%d, %d", n, again), "clientId": id})
			}
		}
	})
	const messages = loadMembers * loadSends
	for acks := 0; acks < loadSends+resends || len(seen) < messages; {
		e, err := c.Next(wstest.Timeout)
		switch {
		case err != nil:
			return seen, fmt.Errorf("after %d acks and %d messages: %w", acks, len(seen), err)
		case e.Event == "ack":
			<-free
			acks++
			if err := l.acked(user, *e.ID, e); err != nil {
				return seen, err
			}
		case e.Event == "new_message":
			if e.Int("seq") != int64(len(seen)+1) {
				return seen, fmt.Errorf("message %d is %s", len(seen)+1, e.Raw)
			}
			seen = append(seen, e.String("id"))
		case e.Event != "notification":
			return seen, fmt.Errorf("got %s", e.Raw)
		}
	}
	return seen, nil
}

// progress counts, and signals when a count is reached.
type progress struct{ n atomic.Int64 }

func (p *progress) reaches(t *testing.T, more int64) {
	t.Helper()
	goal := p.n.Load() + more
	eventually(t, fmt.Sprintf("%d more", more), patience, func() error {
		if n := p.n.Load(); n < goal {
			return fmt.Errorf("%d of %d", n, goal)
		}
		return nil
	})
}
