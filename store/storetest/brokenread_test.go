package storetest

import (
	"context"
	"slices"

	"github.com/coupchat/coup/store"
)

var brokenReads = []fault{
	{"History begins with the newest", "message 1 of", func() Backend {
		return reading(func(_ store.Query, msgs []store.Message) []store.Message { slices.Reverse(msgs); return msgs }, nil)
	}},
	{"History returns one too many", "4 messages, want 3", func() Backend {
		return reading(nil, func(q *store.Query) { q.Limit++ })
	}},
	{"History ignores Newest", "message 1 of 3 has seq 1, want 8", func() Backend {
		return reading(nil, func(q *store.Query) { q.Newest = false })
	}},
	{"Before is inclusive", "4 messages, want 3", func() Backend {
		return reading(nil, func(q *store.Query) {
			if q.Before > 0 {
				q.Before++
			}
		})
	}},
	{"After is inclusive", "message 1 of", func() Backend {
		return reading(nil, func(q *store.Query) { q.After = max(0, q.After-1) })
	}},
	{"Heads leaves out studies without messages", "Heads = map", func() Backend {
		s := store.NewMemory()
		return one(&wrong{Store: s, heads: func(ctx context.Context, studies []store.StudyID) (map[store.StudyID]int64, error) {
			heads, err := s.Heads(ctx, studies)
			for id, seq := range heads {
				if seq == 0 {
					delete(heads, id)
				}
			}
			return heads, err
		}})
	}},
}
