package room_test

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/coupchat/coup/store"
)

// rows is a store of study s1 whose rows can be taken away under a hub, as somebody with
// access to the database does. It numbers messages like a real store.
type rows struct {
	store.Store // presence

	mu       sync.Mutex // guards what follows
	messages []store.Message
	head     int64
	reads    int // calls of History
	asked    int // calls of Heads
}

func newRows() *rows { return &rows{Store: store.NewMemory()} }

func (s *rows) Append(_ context.Context, msgs []store.Message) ([]store.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stored := slices.Clone(msgs)
	for i := range stored {
		s.head++
		stored[i].Seq, stored[i].ID, stored[i].SentAt = s.head, "s1:"+strconv.FormatInt(s.head, 10), time.Now()
	}
	s.messages = append(s.messages, stored...)
	return stored, nil
}

func (s *rows) History(_ context.Context, q store.Query) ([]store.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	var found []store.Message
	for _, m := range s.messages {
		if m.Seq > q.After && (q.Before == 0 || m.Seq < q.Before) {
			found = append(found, m)
		}
	}
	if n := len(found); n > q.Limit && q.Newest {
		found = found[n-q.Limit:]
	} else if n > q.Limit {
		found = found[:q.Limit]
	}
	return found, nil
}

func (s *rows) Heads(_ context.Context, studies []store.StudyID) (map[store.StudyID]int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	heads := map[store.StudyID]int64{}
	for _, study := range studies {
		heads[study] = s.head
	}
	return heads, nil
}

// add stores n messages without a hub.
func (s *rows) add(n int) {
	for range n {
		_, _ = s.Append(context.Background(), []store.Message{{StudyID: "s1", UserID: "mina", Content: "text", ClientID: store.NewClientID()}})
	}
}

// restore puts the store back to an older dump, which ends with seq head.
func (s *rows) restore(head int64) {
	s.erase(head+1, s.head)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.head = head
}

// erase deletes the rows of seqs by hand. The head stays.
func (s *rows) erase(first, last int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = slices.DeleteFunc(s.messages, func(m store.Message) bool { return m.Seq >= first && m.Seq <= last })
}

// sentAt returns when the message with seq was stored.
func (s *rows) sentAt(seq int64) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.messages {
		if m.Seq == seq {
			return m.SentAt
		}
	}
	return time.Time{}
}
