package storetest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/coupchat/coup/store"
)

var concurrency = []test{
	{"stores one message for a client id sent many times at once", func(t *testing.T, s store.Store) {
		m := said("a", "hello")
		m.ClientID = "c1"
		answers := make([]store.Message, 16)
		together(len(answers), func(i int) {
			out, err := s.Append(t.Context(), []store.Message{m})
			if err != nil {
				t.Errorf("Append: %v", err)
				return
			}
			answers[i] = out[0]
		})
		fresh := 0
		for _, got := range answers {
			checkSame(t, got, answers[0])
			if !got.Repeated {
				fresh++
			}
		}
		if fresh != 1 {
			t.Errorf("%d answers are not Repeated, want 1", fresh)
		}
		checkHead(t, s, "a", 1)
	}},
	{"leaves no gap and no deadlock when batches take studies in clashing order", func(t *testing.T, s store.Store) {
		const callers, rounds, studies = 8, 10, 5
		together(callers, func(caller int) {
			for round := range rounds {
				var msgs []store.Message
				for i := range studies {
					if caller%2 == 1 {
						i = studies - 1 - i
					}
					study := store.StudyID(fmt.Sprintf("s%d", (i+round)%studies))
					msgs = append(msgs, said(study, "first"), said(study, "second"))
				}
				out, err := s.Append(t.Context(), msgs)
				if err != nil {
					t.Errorf("Append: %v", err)
					return
				}
				for i := 0; i < len(out); i += 2 {
					if out[i+1].Seq != out[i].Seq+1 {
						t.Errorf("neighbours in a batch have seqs %d and %d", out[i].Seq, out[i+1].Seq)
					}
				}
			}
		})
		for i := range studies {
			checkHead(t, s, store.StudyID(fmt.Sprintf("s%d", i)), callers*rounds*2)
		}
	}},
	{"shows readers no seq before the ones below it", func(t *testing.T, s store.Store) {
		const writers, each = 4, 25
		done := make(chan struct{})
		var reading sync.WaitGroup
		reading.Go(func() {
			for {
				msgs, err := s.History(t.Context(), store.Query{StudyID: "a", Limit: 10_000})
				if err != nil {
					t.Errorf("History: %v", err)
				}
				for i, m := range msgs {
					if m.Seq != int64(i)+1 {
						t.Errorf("History shows seq %d after %d", m.Seq, i)
						return
					}
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
		together(writers, func(int) {
			for range each {
				if _, err := s.Append(t.Context(), saidMany("a", 2)); err != nil {
					t.Errorf("Append: %v", err)
				}
			}
		})
		close(done)
		reading.Wait()
		checkHead(t, s, "a", writers*each*2)
	}},
	{"takes presence reports in clashing order", func(t *testing.T, s store.Store) {
		together(8, func(caller int) {
			for range 5 {
				var reports []store.Status
				for i := range 20 {
					if caller%2 == 1 {
						i = 19 - i
					}
					reports = append(reports, store.Status{UserID: store.UserID(fmt.Sprintf("u%d", i)), Online: true})
				}
				if err := s.SetStatus(t.Context(), reports); err != nil {
					t.Errorf("SetStatus: %v", err)
				}
				if err := s.RenewNode(t.Context(), "n1", store.LeaseTTL); err != nil {
					t.Errorf("RenewNode: %v", err)
				}
			}
		})
		if p := presence(t, s, "u7"); !p.Online {
			t.Errorf("Presence(u7) = %+v, want online", p)
		}
	}},
}

// together calls f(0) to f(n-1) at the same time and waits for all.
func together(n int, f func(i int)) {
	var ready, running sync.WaitGroup
	ready.Add(n)
	for i := range n {
		running.Go(func() {
			ready.Done()
			ready.Wait()
			f(i)
		})
	}
	running.Wait()
}
