package storetest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/coupchat/coup/store"
)

// ids translates the ids of the tests into those of a backend.
type ids struct {
	next func() string

	mu      sync.Mutex // guards what follows
	outside map[string]string
	inside  map[string]string
}

// newIDs returns nil if the ids of the tests can be used as they are.
func newIDs(next func() string) *ids {
	if next == nil {
		return nil
	}
	return &ids{next: next, outside: map[string]string{}, inside: map[string]string{}}
}

// out returns the id of the backend for one of the tests, always the same.
func (d *ids) out(id string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.outside[id] == "" {
		theirs := d.next()
		d.outside[id], d.inside[theirs] = theirs, id
	}
	return d.outside[id]
}

// in returns the id of the tests for one of the backend.
func (d *ids) in(id string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if ours, known := d.inside[id]; known {
		return ours
	}
	return id
}

// withIDs returns s with translated ids.
func withIDs(s store.Store, d *ids) store.Store {
	if d == nil {
		return s
	}
	if l, ok := s.(store.Log); ok {
		return &translatedLog{translated{s, d}, l}
	}
	return &translated{s, d}
}

// translatedLog is a log whose ids are translated.
type translatedLog struct {
	translated
	log store.Log
}

func (t *translatedLog) Entries(ctx context.Context, q store.Query) ([]store.Entry, error) {
	q.StudyID = t.study(q.StudyID)
	out, err := t.log.Entries(ctx, q)
	return t.back(out), err
}

// translated is a store whose ids are translated.
type translated struct {
	store store.Store
	ids   *ids
}

func (t *translated) study(id store.StudyID) store.StudyID {
	return store.StudyID(t.ids.out(string(id)))
}
func (t *translated) user(id store.UserID) store.UserID { return store.UserID(t.ids.out(string(id))) }

func translate(users []store.UserID, id func(string) string) (out []store.UserID) {
	for _, u := range users {
		out = append(out, store.UserID(id(string(u))))
	}
	return out
}

// back translates messages of the backend.
func (t *translated) back(msgs []store.Message) []store.Message {
	out := make([]store.Message, len(msgs))
	for i, m := range msgs {
		m.StudyID, m.UserID = store.StudyID(t.ids.in(string(m.StudyID))), store.UserID(t.ids.in(string(m.UserID)))
		m.Mentions = translate(m.Mentions, t.ids.in)
		m.Reactions = slices.Clone(m.Reactions)
		for j := range m.Reactions {
			m.Reactions[j].UserIDs = translate(m.Reactions[j].UserIDs, t.ids.in)
		}
		out[i] = m
	}
	return out
}

func (t *translated) Append(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
	in := make([]store.Message, len(msgs))
	for i, m := range msgs {
		m.StudyID, m.UserID, m.Mentions = t.study(m.StudyID), t.user(m.UserID), translate(m.Mentions, t.ids.out)
		in[i] = m
	}
	out, err := t.store.Append(ctx, in)
	return t.back(out), err
}

func (t *translated) History(ctx context.Context, q store.Query) ([]store.Message, error) {
	q.StudyID = t.study(q.StudyID)
	out, err := t.store.History(ctx, q)
	return t.back(out), err
}

func (t *translated) Heads(ctx context.Context, studies []store.StudyID) (map[store.StudyID]int64, error) {
	in := make([]store.StudyID, len(studies))
	for i, id := range studies {
		in[i] = t.study(id)
	}
	heads, err := t.store.Heads(ctx, in)
	out := make(map[store.StudyID]int64, len(heads))
	for id, seq := range heads {
		out[store.StudyID(t.ids.in(string(id)))] = seq
	}
	return out, err
}

func (t *translated) SetStatus(ctx context.Context, reports []store.Status) error {
	in := make([]store.Status, len(reports))
	for i, r := range reports {
		r.UserID = t.user(r.UserID)
		in[i] = r
	}
	return t.store.SetStatus(ctx, in)
}

func (t *translated) Presence(ctx context.Context, users []store.UserID) (map[store.UserID]store.Presence, error) {
	in := make([]store.UserID, len(users))
	for i, id := range users {
		in[i] = t.user(id)
	}
	found, err := t.store.Presence(ctx, in)
	out := make(map[store.UserID]store.Presence, len(found))
	for id, p := range found {
		ours := store.UserID(t.ids.in(string(id)))
		p.UserID = store.UserID(t.ids.in(string(p.UserID)))
		out[ours] = p
	}
	return out, err
}

func (t *translated) RenewNode(ctx context.Context, node store.NodeID, ttl time.Duration) error {
	return t.store.RenewNode(ctx, node, ttl)
}
