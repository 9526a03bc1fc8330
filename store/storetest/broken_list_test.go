package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/coupchat/coup/store"
)

// broken are backends with the faults of real ones, and the beginning of the message that
// each gets.
var broken = []struct {
	name, message string
	open          func() Backend
}{
	{"a counter in the process", "with two handles in turn, append 2 gets seq 1", func() Backend {
		b := one(store.NewMemory())
		b.Second = func() store.Store { return store.NewMemory() } // it counts for itself
		return b
	}},
	{"the user name is dropped", "Append: UserName of answer 0 is", func() Backend {
		return appending(func(m *store.Message) { m.UserName = "" }, nil)
	}},
	{"times are whole seconds", "SentAt of each message is a whole second", func() Backend {
		return appending(nil, func(m *store.Message) { m.SentAt = m.SentAt.Truncate(time.Second) })
	}},
	{"nothing is kept", "0 messages, want 3: the first that is missing has seq 1", func() Backend {
		b := one(store.NewMemory())
		b.Reopen = func() store.Store { return store.NewMemory() }
		return b
	}},
	{"ids of users lose their case", "users Mina and mina count as one", func() Backend {
		return appending(func(m *store.Message) { m.UserID = store.UserID(strings.ToLower(string(m.UserID))) }, nil)
	}},
	{"trailing spaces of client ids are ignored", `client id "a " came back as "a ", repeated true`, func() Backend {
		return appending(func(m *store.Message) { m.ClientID = strings.TrimRight(m.ClientID, " ") }, nil)
	}},
	{"client ids are forgotten after 300 messages", "after 1,200 other messages the client id is forgotten", func() Backend {
		first := map[string]int{}
		s := store.NewMemory()
		n := 0
		return one(&wrong{Store: s, append: func(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
			msgs = slices.Clone(msgs)
			for i := range msgs {
				n++
				at, known := first[msgs[i].ClientID]
				if !known || n-at > 300 {
					at = n
					first[msgs[i].ClientID] = at
				}
				msgs[i].ClientID = fmt.Sprint(msgs[i].ClientID, "#", at)
			}
			return withoutNumbers(s.Append(ctx, msgs))
		}, history: func(ctx context.Context, q store.Query) ([]store.Message, error) {
			return withoutNumbers(s.History(ctx, q))
		}})
	}},
	{"every error is ErrInvalid", "Append with a cancelled context returns ErrInvalid", func() Backend {
		return one(&wrong{Store: store.NewMemory(), failure: func(err error) error { return errors.Join(store.ErrInvalid, err) }})
	}},
	{"Append ignores its context", "Append goes on for 3s although its context is done", func() Backend {
		return before(func(ctx context.Context) error {
			if _, ok := ctx.Deadline(); ok {
				<-time.After(5 * time.Second) // a driver that does not know contexts
			}
			return nil
		})
	}},
	{"Append stalls when its context is done already", "Append goes on for 3s although its context is done", func() Backend {
		return before(func(ctx context.Context) error {
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				<-time.After(5 * time.Second)
			}
			return ctx.Err()
		})
	}},
	{"Append goes on trying after its context is done", "Append goes on for 3s although its context is done", func() Backend {
		return before(func(ctx context.Context) error {
			if _, ok := ctx.Deadline(); ok { // a server that is away
				<-ctx.Done()
				<-time.After(5 * time.Second)
			}
			return ctx.Err()
		})
	}},
	{"a passed deadline is ErrInvalid", "Append with a deadline that has passed returns ErrInvalid", func() Backend {
		return before(func(ctx context.Context) error {
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return store.ErrInvalid
			}
			return nil
		})
	}},
	{"half a batch is stored when the context ends", "not within 10s: both studies have whole batches", func() Backend {
		s := store.NewMemory()
		return one(&wrong{Store: s, append: func(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			whole := context.WithoutCancel(ctx)
			half, err := s.Append(whole, msgs[:len(msgs)/2])
			if err == nil && len(msgs) > 1 {
				err = ctx.Err()
			}
			if err != nil {
				return nil, err
			}
			rest, err := s.Append(whole, msgs[len(msgs)/2:])
			return append(half, rest...), err
		}})
	}},
	{"user names are trimmed", `Append: UserName of answer 0 is "Mina", want " Mina"`, func() Backend {
		return appending(nil, func(m *store.Message) { m.UserName = strings.TrimSpace(m.UserName) })
	}},
	{"white space in user names is changed", "Append: UserName of answer 0 is", func() Backend {
		return appending(nil, func(m *store.Message) {
			if inner := strings.Fields(m.UserName); len(inner) > 1 {
				m.UserName = strings.Join(inner, " ")
			}
		})
	}},
	{"an empty user name is filled in", `Append: UserName of answer 0 is "u1", want ""`, func() Backend {
		return appending(nil, func(m *store.Message) {
			if m.UserName == "" {
				m.UserName = string(m.UserID)
			}
		})
	}},
	{"user names are cut after 255 bytes", "Append: UserName of answer 0 is", func() Backend {
		return appending(nil, func(m *store.Message) { m.UserName = m.UserName[:min(len(m.UserName), 255)] })
	}},
	{"History gives the newest name of a user", "UserName of a message is", func() Backend {
		return reading(func(_ store.Query, msgs []store.Message) []store.Message {
			for i := range msgs {
				msgs[i].UserName = msgs[len(msgs)-1].UserName
			}
			return msgs
		}, nil)
	}},
	{"client ids are compared by their first 64 bytes", "client id", func() Backend {
		return appending(func(m *store.Message) { m.ClientID = m.ClientID[:min(len(m.ClientID), 64)] }, nil)
	}},
	{"users lose their case in presence", "users Mina and mina count as one", func() Backend {
		s := store.NewMemory()
		lower := func(id store.UserID) store.UserID { return store.UserID(strings.ToLower(string(id))) }
		return one(&wrong{Store: s, status: func(ctx context.Context, reports []store.Status) error {
			reports = slices.Clone(reports)
			for i := range reports {
				reports[i].UserID = lower(reports[i].UserID)
			}
			return s.SetStatus(ctx, reports)
		}, seen: func(ctx context.Context, users []store.UserID) (map[store.UserID]store.Presence, error) {
			out := map[store.UserID]store.Presence{}
			for _, user := range users {
				found, err := s.Presence(ctx, []store.UserID{lower(user)})
				if err != nil {
					return nil, err
				}
				p := found[lower(user)]
				p.UserID = user
				out[user] = p
			}
			return out, nil
		}})
	}},
	{"nodes lose their case", "nodes n1 and N1 count as one", func() Backend {
		s := store.NewMemory()
		lower := func(id store.NodeID) store.NodeID { return store.NodeID(strings.ToLower(string(id))) }
		return one(&wrong{Store: s, status: func(ctx context.Context, reports []store.Status) error {
			reports = slices.Clone(reports)
			for i := range reports {
				reports[i].NodeID = lower(reports[i].NodeID)
			}
			return s.SetStatus(ctx, reports)
		}, renew: func(ctx context.Context, node store.NodeID, ttl time.Duration) error {
			return s.RenewNode(ctx, lower(node), ttl)
		}})
	}},
	{"LastSeenAt is whole seconds", "LastSeenAt is always a whole second", func() Backend {
		return seeing(func(p *store.Presence) { p.LastSeenAt = p.LastSeenAt.Truncate(time.Second) })
	}},
	{"LastSeenAt stays while a user is online", "LastSeenAt stays at", func() Backend {
		since := map[store.UserID]time.Time{}
		return seeing(func(p *store.Presence) {
			switch first, online := since[p.UserID]; {
			case !p.Online:
				delete(since, p.UserID)
			case online:
				p.LastSeenAt = first
			default:
				since[p.UserID] = p.LastSeenAt
			}
		})
	}},
	{"LastSeenAt keeps the first end", "LastSeenAt went back", func() Backend {
		first := map[store.UserID]time.Time{}
		return seeing(func(p *store.Presence) {
			if p.Online || p.LastSeenAt.IsZero() {
				return
			}
			if _, known := first[p.UserID]; !known {
				first[p.UserID] = p.LastSeenAt
			}
			p.LastSeenAt = first[p.UserID]
		})
	}},
	{"only the last report of a call is looked at", "Presence after online and offline in one call", func() Backend {
		s := store.NewMemory()
		return one(&wrong{Store: s, status: func(ctx context.Context, reports []store.Status) error {
			last := map[store.Status]int{}
			key := func(r store.Status) store.Status { r.Online = false; return r }
			for i, r := range reports {
				last[key(r)] = i
			}
			var kept []store.Status
			for i, r := range reports {
				if last[key(r)] == i {
					kept = append(kept, r)
				}
			}
			return s.SetStatus(ctx, kept)
		}})
	}},
	{"a handle keeps the heads that it has seen", "Heads(a) = 0, want 1", func() Backend {
		s := store.NewMemory()
		known := map[store.StudyID]int64{}
		b := one(s)
		b.Second = func() store.Store {
			return &wrong{Store: s, heads: func(ctx context.Context, studies []store.StudyID) (map[store.StudyID]int64, error) {
				heads, err := s.Heads(ctx, studies)
				for id, seq := range heads {
					if first, ok := known[id]; ok {
						heads[id] = first
					} else {
						known[id] = seq
					}
				}
				return heads, err
			}}
		}
		return b
	}},
	{"leases are forgotten on reopen", "the lease of a node is forgotten", func() Backend {
		s, withoutNodes := store.NewMemory(), store.NewMemory()
		b := one(&wrong{Store: s, status: func(ctx context.Context, reports []store.Status) error {
			_ = withoutNodes.SetStatus(ctx, slices.DeleteFunc(slices.Clone(reports), func(r store.Status) bool { return r.NodeID != "" }))
			return s.SetStatus(ctx, reports)
		}})
		b.Reopen = func() store.Store { return &wrong{Store: s, seen: withoutNodes.Presence} }
		return b
	}},
	{"an online report prolongs the lease", "not within 5s: u1 is offline after the lease of its node has ended", func() Backend {
		s := store.NewMemory()
		return one(&wrong{Store: s, status: func(ctx context.Context, reports []store.Status) error {
			for _, r := range reports {
				if r.Online && r.NodeID != "" {
					_ = s.RenewNode(ctx, r.NodeID, store.LeaseTTL)
				}
			}
			return s.SetStatus(ctx, reports)
		}})
	}},
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
	{"a repeat is not marked", "client id \"1\" is forgotten", func() Backend {
		return appending(nil, func(m *store.Message) { m.Repeated = false })
	}},
	{"texts are trimmed", "Append: Content of answer 0 is", func() Backend {
		return appending(func(m *store.Message) { m.Content = strings.ReplaceAll(m.Content, "\u2028", "\n") }, nil)
	}},
	{"the messages of the caller are changed", "Append changed its input", func() Backend {
		s := store.NewMemory()
		return one(&wrong{Store: s, append: func(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
			out, err := s.Append(ctx, msgs)
			copy(msgs, out)
			return out, err
		}})
	}},
	{"one offline report counts for all nodes", "Presence(u1) = ", func() Backend {
		s := store.NewMemory()
		return one(&wrong{Store: s, status: func(ctx context.Context, reports []store.Status) error {
			for _, r := range reports {
				if !r.Online {
					for _, node := range []store.NodeID{"n1", "n2", ""} {
						_ = s.SetStatus(ctx, []store.Status{{UserID: r.UserID, NodeID: node}})
					}
				}
			}
			return s.SetStatus(ctx, reports)
		}})
	}},
}
