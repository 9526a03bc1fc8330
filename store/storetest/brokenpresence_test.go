package storetest

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/coupchat/coup/store"
)

// reporting is a store that records other reports.
func reporting(change func(reports []store.Status) []store.Status) *wrong {
	s := store.NewMemory()
	return &wrong{Store: s, status: func(ctx context.Context, reports []store.Status) error {
		return s.SetStatus(ctx, change(slices.Clone(reports)))
	}}
}

// seeing is a store that answers Presence with something else.
func seeing(change func(p *store.Presence)) Backend {
	s := store.NewMemory()
	return one(&wrong{Store: s, seen: func(ctx context.Context, users []store.UserID) (map[store.UserID]store.Presence, error) {
		found, err := s.Presence(ctx, users)
		for user, p := range found {
			change(&p)
			found[user] = p
		}
		return found, err
	}})
}

func each(change func(r *store.Status)) func(reports []store.Status) []store.Status {
	return func(reports []store.Status) []store.Status {
		for i := range reports {
			change(&reports[i])
		}
		return reports
	}
}

func lower[T ~string](id T) T { return T(strings.ToLower(string(id))) }

// lowerUsers is a store that compares users in presence without case. It answers with the
// ids that it was asked for.
func lowerUsers() Backend {
	s := reporting(each(func(r *store.Status) { r.UserID = lower(r.UserID) }))
	s.seen = func(ctx context.Context, users []store.UserID) (map[store.UserID]store.Presence, error) {
		out := make(map[store.UserID]store.Presence)
		for _, user := range users {
			found, err := s.Store.Presence(ctx, []store.UserID{lower(user)})
			if err != nil {
				return nil, err
			}
			p := found[lower(user)]
			p.UserID = user
			out[user] = p
		}
		return out, nil
	}
	return one(s)
}

func lowerNodes(reports, leases bool) Backend {
	s := reporting(each(func(r *store.Status) {
		if reports {
			r.NodeID = lower(r.NodeID)
		}
	}))
	s.renew = func(ctx context.Context, node store.NodeID, ttl time.Duration) error {
		if leases {
			node = lower(node)
		}
		return s.Store.RenewNode(ctx, node, ttl)
	}
	return one(s)
}

// lastOnly keeps the last report of each user and node.
func lastOnly(reports []store.Status) []store.Status {
	var out []store.Status
	for i, r := range reports {
		if !slices.ContainsFunc(reports[i+1:], func(o store.Status) bool { return o.UserID == r.UserID && o.NodeID == r.NodeID }) {
			out = append(out, r)
		}
	}
	return out
}

// leasesFirst is a store that starts the leases of a call before it records the reports.
func leasesFirst() Backend {
	s := store.NewMemory()
	return one(&wrong{Store: s, status: func(ctx context.Context, reports []store.Status) error {
		for _, r := range reports {
			if r.Online && r.NodeID != "" {
				if err := s.SetStatus(ctx, []store.Status{{UserID: "nobody-at-all", Online: true, NodeID: r.NodeID}}); err != nil {
					return err
				}
			}
		}
		return s.SetStatus(ctx, reports)
	}})
}

var brokenPresences = []fault{
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
	{"one offline report counts for all nodes", "Presence(u1) = ", func() Backend {
		nodes := newTable[store.NodeID, bool]()
		return one(reporting(func(reports []store.Status) []store.Status {
			var out []store.Status
			for _, r := range reports {
				nodes.set(r.NodeID, true)
				for _, node := range nodes.keys() {
					if !r.Online {
						out = append(out, store.Status{UserID: r.UserID, NodeID: node})
					}
				}
				out = append(out, r)
			}
			return out
		}))
	}},
	{"users are compared without case in presence", "users Mina and mina count as one in presence", lowerUsers},
	{"SetStatus changes the case of users", "users Mina and mina count as one in presence", func() Backend {
		return one(reporting(each(func(r *store.Status) { r.UserID = lower(r.UserID) })))
	}},
	{"nodes are compared without case", "nodes n1 and N1 count as one", func() Backend { return lowerNodes(true, true) }},
	{"SetStatus compares nodes without case", "nodes n1 and N1 count as one", func() Backend { return lowerNodes(true, false) }},
	{"RenewNode compares nodes without case", "nodes n1 and N1 count as one", func() Backend { return lowerNodes(false, true) }},
	{"LastSeenAt has whole seconds", "LastSeenAt of a user who is online is a whole second", func() Backend {
		return seeing(func(p *store.Presence) { p.LastSeenAt = p.LastSeenAt.Truncate(time.Second) })
	}},
	{"LastSeenAt has whole seconds after a user went offline", "LastSeenAt of a user who was reported offline is a whole second", func() Backend {
		return seeing(func(p *store.Presence) {
			if !p.Online {
				p.LastSeenAt = p.LastSeenAt.Truncate(time.Second)
			}
		})
	}},
	{"LastSeenAt stays when the user goes offline again", "LastSeenAt is ", func() Backend {
		first := newTable[store.UserID, time.Time]()
		return seeing(func(p *store.Presence) {
			if !p.Online && !p.LastSeenAt.IsZero() {
				p.LastSeenAt = first.keep(p.UserID, p.LastSeenAt)
			}
		})
	}},
	{"LastSeenAt of a user who is online is when they came", "LastSeenAt of a user who is online is ", func() Backend {
		came := newTable[store.UserID, time.Time]()
		return seeing(func(p *store.Presence) {
			if p.Online {
				p.LastSeenAt = came.keep(p.UserID, p.LastSeenAt)
			} else {
				came.drop(p.UserID)
			}
		})
	}},
	{"LastSeenAt of a user who is online is zero", "LastSeenAt is 0001", func() Backend {
		return seeing(func(p *store.Presence) {
			if p.Online {
				p.LastSeenAt = time.Time{}
			}
		})
	}},
	{"LastSeenAt of a user who is online is the end of the lease", "LastSeenAt is ", func() Backend {
		return seeing(func(p *store.Presence) {
			if p.Online {
				p.LastSeenAt = p.LastSeenAt.Add(store.LeaseTTL)
			}
		})
	}},
	{"only the last report of a call is recorded", "Presence after [online, offline] in one call is", func() Backend { return one(reporting(lastOnly)) }},
	{"the first report of a call counts", "Presence after [online, offline] in one call is", func() Backend {
		return one(reporting(func(reports []store.Status) []store.Status {
			slices.Reverse(reports)
			return reports
		}))
	}},
	{"the offline reports of a call come last", "Presence after [offline, online] in one call is", func() Backend {
		return one(reporting(func(reports []store.Status) []store.Status {
			slices.SortStableFunc(reports, func(a, b store.Status) int {
				switch {
				case a.Online == b.Online:
					return 0
				case a.Online:
					return -1
				}
				return 1
			})
			return reports
		}))
	}},
	{"the leases of a call start before its reports", "a later report in the same call that another user is online moved LastSeenAt", leasesFirst},
}
