package store

import (
	"context"
	"time"

	"github.com/coupchat/coup/internal/index"
)

// reportsAPage is how many reports are allocated at once.
const reportsAPage = 512

// memoryPresence has the last report of each node about each user. A user who was reported once stays, so
// it is flat.
type memoryPresence struct {
	pages   [][]memoryReport
	reports int32
	last    index.Index[int32] // the number of the newest report about each user; the others follow by next
	nodes   map[NodeID]int32   // the index in ends
	ends    []time.Time        // when the leases of the nodes end
}

// memoryReport is the last report of one node about one user. Reports are numbered from 1.
type memoryReport struct {
	user UserID
	// offlineAt is when an earlier online report ended, in Unix milliseconds, or 0.
	offlineAt int64
	node      int32 // the index in ends, or -1
	next      int32 // the number of the report of another node about the user, or 0
	online    bool
}

func newMemoryPresence() *memoryPresence {
	p := &memoryPresence{nodes: make(map[NodeID]int32)}
	p.last = index.New(func(n int32) string { return string(p.numbered(n).user) })
	return p
}

// numbered returns a report by its number.
func (p *memoryPresence) numbered(n int32) *memoryReport {
	return &p.pages[(n-1)/reportsAPage][(n-1)%reportsAPage]
}

// node returns the index of a node in ends, or -1 for "", which has no lease.
func (p *memoryPresence) node(id NodeID) int32 {
	if id == "" {
		return -1
	}
	i, ok := p.nodes[id]
	if !ok {
		i = int32(len(p.ends))
		p.nodes[id] = i
		p.ends = append(p.ends, time.Time{})
	}
	return i
}

// of calls do with each report about a user.
func (p *memoryPresence) of(user UserID, do func(*memoryReport)) {
	for n := p.last.Get(string(user)); n > 0; {
		r := p.numbered(n)
		do(r)
		n = r.next
	}
}

// report returns the last report of a node about a user, to be changed.
func (p *memoryPresence) report(user UserID, node int32) (found *memoryReport) {
	p.of(user, func(r *memoryReport) {
		if r.node == node {
			found = r
		}
	})
	if found != nil {
		return found
	}
	if p.reports%reportsAPage == 0 {
		p.pages = append(p.pages, make([]memoryReport, reportsAPage))
	}
	p.reports++
	found = p.numbered(p.reports)
	*found = memoryReport{user: user, node: node, next: p.last.Get(string(user))}
	p.last.Put(p.reports)
	return found
}

// judge returns whether a report makes its user online now, and when it last did.
func (p *memoryPresence) judge(r *memoryReport, now time.Time) (online bool, lastSeen time.Time) {
	if !r.online {
		if r.offlineAt == 0 {
			return false, time.Time{}
		}
		return false, time.UnixMilli(r.offlineAt).UTC()
	}
	if r.node < 0 || p.ends[r.node].After(now) {
		return true, now
	}
	return false, p.ends[r.node]
}

// SetStatus implements Store.
func (s *Memory) SetStatus(ctx context.Context, reports []Status) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p, now := s.presence, now()
	for _, r := range reports {
		node := p.node(r.NodeID)
		last := p.report(r.UserID, node)
		if _, seen := p.judge(last, now); !seen.IsZero() {
			last.offlineAt = seen.UnixMilli()
		}
		last.online = r.Online
		if r.Online && node >= 0 && !now.Before(p.ends[node]) {
			p.ends[node] = now.Add(LeaseTTL)
		}
	}
	return nil
}

// Presence implements Store.
func (s *Memory) Presence(ctx context.Context, users []UserID) (map[UserID]Presence, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	presences := make(map[UserID]Presence, len(users))
	s.mu.RLock()
	defer s.mu.RUnlock()
	now := now()
	for _, user := range users {
		is := Presence{UserID: user}
		s.presence.of(user, func(r *memoryReport) {
			online, lastSeen := s.presence.judge(r, now)
			is.Online = is.Online || online
			if lastSeen.After(is.LastSeenAt) {
				is.LastSeenAt = lastSeen
			}
		})
		presences[user] = is
	}
	return presences, nil
}

// RenewNode implements Store.
func (s *Memory) RenewNode(ctx context.Context, node NodeID, ttl time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.presence.ends[s.presence.node(node)] = now().Add(ttl)
	return nil
}
