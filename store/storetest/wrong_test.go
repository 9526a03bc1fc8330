package storetest

import (
	"context"
	"slices"
	"strings"
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
	return w.Store.Heads(ctx, studies)
}

func (w *wrong) SetStatus(ctx context.Context, reports []store.Status) error {
	if w.status != nil {
		return w.status(ctx, reports)
	}
	return w.Store.SetStatus(ctx, reports)
}

func (w *wrong) Presence(ctx context.Context, users []store.UserID) (map[store.UserID]store.Presence, error) {
	if w.seen != nil {
		return w.seen(ctx, users)
	}
	return w.Store.Presence(ctx, users)
}

func (w *wrong) RenewNode(ctx context.Context, node store.NodeID, ttl time.Duration) error {
	if w.renew != nil {
		return w.renew(ctx, node, ttl)
	}
	return w.Store.RenewNode(ctx, node, ttl)
}

// appending is a store that changes what goes into Append, and what comes out.
func appending(in, out func(m *store.Message)) Backend {
	s := store.NewMemory()
	return one(&wrong{Store: s, append: func(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
		msgs = slices.Clone(msgs)
		sent := slices.Clone(msgs)
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

// before is a store that calls f before each Append, which fails if f does.
func before(f func(context.Context) error) Backend {
	s := store.NewMemory()
	return one(&wrong{Store: s, append: func(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
		if err := f(ctx); err != nil {
			return nil, err
		}
		return s.Append(ctx, msgs)
	}})
}

// seeing is a store that changes the answers of Presence.
func seeing(change func(p *store.Presence)) Backend {
	s := store.NewMemory()
	return one(&wrong{Store: s, seen: func(ctx context.Context, users []store.UserID) (map[store.UserID]store.Presence, error) {
		found, err := s.Presence(ctx, users)
		for id, p := range found {
			change(&p)
			found[id] = p
		}
		return found, err
	}})
}

// withoutNumbers takes what stands behind the last # out of the client ids.
func withoutNumbers(msgs []store.Message, err error) ([]store.Message, error) {
	for i, m := range msgs {
		msgs[i].ClientID = m.ClientID[:strings.LastIndexByte(m.ClientID, '#')]
	}
	return msgs, err
}

func one(s store.Store) Backend {
	return Backend{Store: s, Second: func() store.Store { return s }, Reopen: func() store.Store { return s }}
}
