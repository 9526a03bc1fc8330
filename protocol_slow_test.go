package coup_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/store"
)

// The messages of a gap may be larger than the queue. A client that reads must not be
// closed because of that.
func TestCatchingUpMayTakeMoreThanTheQueue(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		s := store.NewMemory()
		opts := coup.Options{Store: s}
		opts.Hub.MaxQueue = 64 << 10
		opts.Room.CheckHeads = 50 * time.Millisecond
		_, url := k.serve(t, opts)
		c := login(t, url, "u1")
		c.Join("s1")
		batch := make([]store.Message, store.MaxBatch) // 3 MB
		for i := range batch {
			batch[i] = store.Message{StudyID: "s1", UserID: "u9", Content: strings.Repeat("한", 2000), ClientID: store.NewClientID()}
		}
		if _, err := s.Append(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		expectSeqs(t, c, 1, store.MaxBatch)
		c.Join("s2")
	})
}

// A client that does not read is closed. When it joins again it misses nothing.
func TestASlowReaderIsClosedAndRecovers(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		opts := coup.Options{Rate: -1}
		opts.Hub.MaxQueue, opts.Hub.WriteTimeout = 64<<10, -1 // only the queue shows that it is slow
		opts.Hub.CloseTimeout = time.Minute                   // it reads what the system had in its buffers first
		s, url := k.serve(t, opts)
		slow, c := login(t, url, "slow"), login(t, url, "u1")
		slow.Join("s1")
		c.Join("s1")
		last := int64(0)
		content := strings.Repeat("한", 2000)
		for deadline := time.Now().Add(wstest.Timeout); s.Stats().Slow == 0; {
			if time.Now().After(deadline) {
				t.Fatal("the slow reader is never noticed")
			}
			ack := say(c, "s1", content)
			last = ack.Int("seq")
		}
		have := int64(0)
		for {
			e, err := slow.Next(wstest.Timeout)
			if err != nil {
				var closed *wstest.Closed
				if !errors.As(err, &closed) || closed.Code != 1013 {
					t.Errorf("the slow reader ended with %v, want 1013", err)
				}
				break
			}
			if have++; e.Int("seq") != have {
				t.Fatalf("got seq %d, want %d", e.Int("seq"), have)
			}
		}
		if have >= last {
			t.Fatalf("the slow reader has all %d", last)
		}
		for have < last {
			slow = login(t, url, "slow")
			ack := slow.Call("join_room", data{"studyId": "s1", "after": have}, nil)
			if ack.Data["truncated"] == true {
				have = last - 500 // it reads history up to there
				continue
			}
			expectSeqs(t, slow, have+1, ack.Int("seq"))
			have = ack.Int("seq")
		}
		say(c, "s1", "live")
		expectSeqs(t, slow, last+1, last+1)
	})
}
