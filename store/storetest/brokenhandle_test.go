package storetest

import (
	"context"
	"slices"
	"time"

	"github.com/coupchat/coup/store"
)

// caching is a handle that keeps the heads that it has read. With own, it also keeps those
// of its own messages.
func caching(s store.Store, own bool) store.Store {
	known := newTable[store.StudyID, int64]()
	return &wrong{Store: s,
		append: func(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
			out, err := s.Append(ctx, msgs)
			for _, m := range out {
				if own && !m.Repeated {
					known.set(m.StudyID, m.Seq)
				}
			}
			return out, err
		},
		heads: func(ctx context.Context, studies []store.StudyID) (map[store.StudyID]int64, error) {
			heads, err := s.Heads(ctx, studies)
			for study, seq := range heads {
				heads[study] = known.keep(study, seq)
			}
			return heads, err
		},
	}
}

// cachingPresence is a handle that keeps what it has read about a user until it reports
// about that user.
func cachingPresence(s store.Store) store.Store {
	known := newTable[store.UserID, store.Presence]()
	return &wrong{Store: s,
		status: func(ctx context.Context, reports []store.Status) error {
			for _, r := range reports {
				known.drop(r.UserID)
			}
			return s.SetStatus(ctx, reports)
		},
		seen: func(ctx context.Context, users []store.UserID) (map[store.UserID]store.Presence, error) {
			found, err := s.Presence(ctx, users)
			for user, p := range found {
				found[user] = known.keep(user, p)
			}
			return found, err
		},
	}
}

// cachingHistory is a handle that keeps the first answer to each query until it appends.
func cachingHistory(s store.Store) store.Store {
	known := newTable[store.Query, []store.Message]()
	return &wrong{Store: s,
		append: func(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
			for _, q := range known.keys() {
				known.drop(q)
			}
			return s.Append(ctx, msgs)
		},
		history: func(ctx context.Context, q store.Query) ([]store.Message, error) {
			msgs, err := s.History(ctx, q)
			return slices.Clone(known.keep(q, msgs)), err
		},
	}
}

// second is a backend whose second handle is made by open.
func second(open func(s store.Store) store.Store) Backend {
	s := store.NewMemory()
	b := one(s)
	b.Second = func() store.Store { return open(s) }
	return b
}

// reopening is a backend whose leases are others after it was opened again.
func reopening(ttl time.Duration) Backend {
	s := store.NewMemory()
	nodes := newTable[store.NodeID, bool]()
	b := one(&wrong{Store: s,
		status: func(ctx context.Context, reports []store.Status) error {
			for _, r := range reports {
				if r.Online && r.NodeID != "" {
					nodes.set(r.NodeID, true)
				}
			}
			return s.SetStatus(ctx, reports)
		},
		renew: func(ctx context.Context, node store.NodeID, ttl time.Duration) error {
			nodes.set(node, true)
			return s.RenewNode(ctx, node, ttl)
		},
	})
	b.Reopen = func() store.Store {
		for _, node := range nodes.keys() {
			if err := s.RenewNode(context.Background(), node, ttl); err != nil {
				panic(err)
			}
		}
		return s
	}
	return b
}

var brokenHandles = []fault{
	{"a counter in the process", "with two handles in turn, append 2 gets seq 1", func() Backend {
		b := one(store.NewMemory())
		b.Second = func() store.Store { return store.NewMemory() } // it counts for itself
		return b
	}},
	{"nothing is kept", "0 messages, want 3: the first that is missing has seq 1", func() Backend {
		b := one(store.NewMemory())
		b.Reopen = func() store.Store { return store.NewMemory() }
		return b
	}},
	{"a second handle keeps the heads that it has read", "Heads of handle 2 is 0 after the other one was used, want 1: it is stale", func() Backend {
		return second(func(s store.Store) store.Store { return caching(s, false) })
	}},
	{"a second handle keeps the heads that it has read or made", "Heads of handle 2 is 0 after the other one was used, want 1: it is stale", func() Backend {
		return second(func(s store.Store) store.Store { return caching(s, true) })
	}},
	{"the first handle keeps the heads that it has read or made", "Heads(a) = 5, want 6", func() Backend {
		s := store.NewMemory()
		b := one(caching(s, true))
		b.Second = func() store.Store { return s }
		return b
	}},
	{"a second handle keeps what it has read by History", "History of handle 2 has 0 messages after the other one was used, want 1: it is stale", func() Backend { return second(cachingHistory) }},
	{"a second handle keeps the presence that it has read", "Presence of handle 2 is ", func() Backend { return second(cachingPresence) }},
	{"leases are forgotten by a reopen", "the lease of a node is forgotten", func() Backend { return reopening(0) }},
	{"leases start anew by a reopen", "Presence after the reopen is ", func() Backend { return reopening(store.LeaseTTL) }},
}
