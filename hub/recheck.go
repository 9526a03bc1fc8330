package hub

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/coupchat/coup/auth"
)

// maxRecheck is how many sessions one call of Recheck gets.
const maxRecheck = 500

// recheck asks an auth.Rechecker about all sessions, again and again until the hub ends.
func (h *Hub) recheck(r auth.Rechecker) {
	for h.work.Sleep(h.opts.RecheckEvery) {
		h.mu.Lock()
		all := slices.Clone(h.sessions)
		h.mu.Unlock()
		for part := range slices.Chunk(all, maxRecheck) {
			if err := h.recheckSome(r, part); err != nil && !h.work.Ended() {
				h.opts.Log.Warn("sessions not checked for revocations; trying again", "err", err)
				break
			}
		}
	}
}

// recheckSome ends those of the sessions that are revoked.
func (h *Hub) recheckSome(r auth.Rechecker, sessions []*session) (err error) {
	var asked []*session
	var identities []auth.Identity
	for _, s := range sessions {
		if who := s.who(); who != nil && who.given != nil {
			asked, identities = append(asked, s), append(identities, *who.given)
		}
	}
	if len(asked) == 0 {
		return nil
	}
	ctx, cancel := h.work.Deadline(h.work.Context())
	defer cancel()
	revoked, err := recheck(ctx, r, identities)
	for i, is := range revoked[:min(len(revoked), len(asked))] {
		// A session that has a new token since is asked about next time.
		if who := asked[i].who(); is && who != nil && who.given != nil && *who.given == identities[i] {
			revoke(asked[i], "the session was revoked")
		}
	}
	return err
}

// recheck is one call of Recheck, whose panics are recovered.
func recheck(ctx context.Context, r auth.Rechecker, of []auth.Identity) (revoked []bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the Rechecker panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return r.Recheck(ctx, of)
}
