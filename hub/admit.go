package hub

import (
	"net/http"

	"github.com/coupchat/coup/auth"
)

// A place is that of a connection which was admitted.
type place struct {
	hub      *Hub
	who      *auth.Identity // the identity of the handshake, or nil
	stranger bool           // it counts among those that have not authenticated
	taken    bool           // there is a session, or will be at once
}

// admit decides about a handshake. It returns a place for the connection, which the caller gives
// back unless it was taken, or why there is none. valid says that there is nothing else to be said
// against the request. later says that an identity of the handshake does not count yet.
func (h *Hub) admit(r *http.Request, valid, later bool) (_ *place, f *refusal) {
	defer func() {
		if f != nil {
			h.refusedHandshake(f.reason, r, f.err)
		}
	}()
	if h.Draining() {
		return nil, &drains
	}
	if !h.originAllowed(r) {
		return nil, &foreign
	}
	if f := h.reserve(valid); f != nil {
		return nil, f
	}
	p, admitted := &place{hub: h}, false
	defer func() { // also after a panic of Identify
		if !admitted {
			p.giveBack()
		}
	}()
	if valid {
		var err error
		if p.who, err = h.identify(r); err != nil {
			return nil, identityRefused(err)
		}
	}
	if p.who == nil || later {
		if p.stranger = h.admitStranger(); !p.stranger {
			return nil, &strangers
		}
	}
	admitted = true
	return p, nil
}

// reserve reserves the place of one connection, or returns why there is none. Only a valid
// handshake counts against MaxAccepts.
func (h *Hub) reserve(valid bool) *refusal {
	h.mu.Lock()
	defer h.mu.Unlock()
	if limit := h.opts.MaxConnections; limit > 0 && len(h.sessions)+h.entering >= limit {
		return &full
	}
	if limit := h.opts.MaxAccepts; limit >= 0 && valid && !h.accepts.add(h.wheel.now(), limit, 2*limit) {
		return &tooFast
	}
	h.entering++
	return nil
}

// admitStranger reserves a place among the connections that have not authenticated. It reports
// false if there is none.
func (h *Hub) admitStranger() bool {
	limit := int64(h.opts.MaxUnauthenticated)
	if h.strangers.Add(1) > limit && limit >= 0 {
		h.strangers.Add(-1)
		return false
	}
	return true
}

// giveBack gives the place up, unless it was taken.
func (p *place) giveBack() {
	if p.taken {
		return
	}
	if p.stranger {
		p.hub.strangers.Add(-1)
	}
	p.hub.mu.Lock()
	defer p.hub.mu.Unlock()
	p.hub.entering--
}
