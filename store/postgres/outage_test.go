package postgres_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/coupchat/coup/internal/testenv"
	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/postgres"
)

func TestKilledServerKeepsWhatItAcknowledged(t *testing.T) {
	server := testenv.StartPostgres(t)
	s := open(t, server.URL(t))
	const writers = 4
	acked := make([][]store.Message, writers)
	stop := make(chan struct{})
	enough := make(chan struct{}, writers)
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for {
				msgs := []store.Message{message(store.NewClientID()), message(store.NewClientID())}
				// As hubs do: the same messages again until the outcome is known.
				for {
					out, err := s.Append(t.Context(), msgs)
					if err == nil {
						acked[i] = append(acked[i], out...)
						break
					}
					if !errors.Is(err, store.ErrUnavailable) {
						t.Errorf("Append during an outage = %v, want ErrUnavailable", err)
					}
					select {
					case <-stop:
						return
					case <-time.After(5 * time.Millisecond):
					}
				}
				if len(acked[i]) == 100 {
					enough <- struct{}{}
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	<-enough
	server.Kill(t)
	server.Restart(t)
	appendUntilItWorks(t, s)
	close(stop)
	wg.Wait()

	stored, err := s.History(t.Context(), store.Query{StudyID: "a", Limit: 1_000_000})
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range stored {
		if m.Seq != int64(i)+1 {
			t.Fatalf("message %d has seq %d", i+1, m.Seq)
		}
	}
	for _, msgs := range acked {
		for _, m := range msgs {
			if m.Seq > int64(len(stored)) || stored[m.Seq-1].ClientID != m.ClientID {
				t.Fatalf("acknowledged seq %d is lost", m.Seq)
			}
		}
	}
}

func appendUntilItWorks(t *testing.T, s store.Store) {
	t.Helper()
	m := []store.Message{message(store.NewClientID())}
	var err error
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if _, err = s.Append(t.Context(), m); err == nil {
			return
		}
	}
	t.Fatalf("the store does not recover: %v", err)
}

func TestFrozenServerHangsNobody(t *testing.T) {
	server := testenv.StartPostgres(t)
	s, err := postgres.Open(t.Context(), server.URL(t), postgres.Options{Timeout: 500 * time.Millisecond, ConnectTimeout: 500 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	server.Stop(t)
	start := time.Now()
	if _, err := s.Append(context.Background(), []store.Message{message("c1")}); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Append to a frozen server = %v, want ErrUnavailable", err)
	}
	if d := time.Since(start); d > 10*time.Second {
		t.Errorf("Append to a frozen server took %s", d)
	}
	server.Continue(t)
	appendUntilItWorks(t, s)
}
