package store_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/storetest"
)

// notebook is a backend to start from. It stores messages itself and presence in a Memory,
// which is enough for one hub. A backend for several hubs must store presence where all of
// them read it. Do not embed a Store then: the compiler will say which methods are
// missing.
type notebook struct {
	store.Store // not *store.Memory, which would make the notebook a store.Log too

	mu    sync.Mutex // guards pages; in a database, the lock on the study's row
	pages map[store.StudyID][]store.Message
}

var _ store.Store = (*notebook)(nil)

func newNotebook() *notebook {
	return &notebook{Store: store.NewMemory(), pages: map[store.StudyID][]store.Message{}}
}

// Append holds the lock from reading the newest seq to the end of the transaction. A
// sequence or a timestamp in its place would leave gaps, or put a message that commits late
// before others that were read already.
func (n *notebook) Append(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	now := time.Now().UTC().Truncate(time.Millisecond) // the database's clock, if it has one
	out := slices.Clone(msgs)
	for i, m := range out {
		page := n.pages[m.StudyID]
		// In a database, a unique key on study, user and client id.
		same := func(o store.Message) bool { return o.UserID == m.UserID && o.ClientID == m.ClientID }
		if at := slices.IndexFunc(page, same); at >= 0 {
			out[i], out[i].Repeated = page[at], true
			continue
		}
		m.Seq = int64(len(page)) + 1
		m.ID = fmt.Sprintf("%s:%d", m.StudyID, m.Seq)
		m.SentAt, m.Repeated = now, false
		out[i], n.pages[m.StudyID] = m, append(page, m)
	}
	return out, nil
}

func (n *notebook) History(ctx context.Context, q store.Query) ([]store.Message, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	var found []store.Message
	for _, m := range n.pages[q.StudyID] {
		if m.Seq > q.After && (q.Before == 0 || m.Seq < q.Before) {
			found = append(found, m)
		}
	}
	if extra := len(found) - q.Limit; extra > 0 && q.Newest {
		found = found[extra:]
	} else if extra > 0 {
		found = found[:q.Limit]
	}
	return found, nil
}

func (n *notebook) Heads(ctx context.Context, studies []store.StudyID) (map[store.StudyID]int64, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	heads := make(map[store.StudyID]int64, len(studies))
	for _, id := range studies {
		heads[id] = int64(len(n.pages[id]))
	}
	return heads, nil
}

// TestNotebook is the only test that a backend needs.
func TestNotebook(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Backend {
		return storetest.Backend{Store: newNotebook()}
	})
}

// A custom backend, which TestNotebook tests.
func ExampleStore() {
	var s store.Store = newNotebook()
	ctx := context.Background()
	hello := store.Message{StudyID: "go-101", UserID: "u1", UserName: "Mina", Content: "hello", ClientID: "c1"}
	for range 2 { // the second is a retry
		said, err := s.Append(ctx, []store.Message{hello})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(said[0].Seq, said[0].Content, said[0].Repeated)
	}
	// Output:
	// 1 hello false
	// 1 hello true
}

// The application knows who is in which study, and as what.
func ExampleMembersFunc() {
	roles := map[store.Membership]string{ // in practice a table
		{StudyID: "go-101", UserID: "mina"}: "moderator",
		{StudyID: "go-101", UserID: "sora"}: "member",
	}
	members := store.MembersFunc(func(_ context.Context, study store.StudyID, user store.UserID) (string, error) {
		role, ok := roles[store.Membership{StudyID: study, UserID: user}]
		if !ok {
			return "", store.ErrNotFound // also for a study that does not exist
		}
		return role, nil
	})
	fmt.Println(members.Member(context.Background(), "go-101", "mina"))
	fmt.Println(members.Member(context.Background(), "go-101", "jun"))
	// Output:
	// moderator <nil>
	//  not found
}
