package hub

import (
	"errors"
	"time"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/internal/native"
	"github.com/coupchat/coup/internal/ws"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// authenticate gives the session a user, or renews its token.
func (r *request) authenticate() {
	if !r.Data.HasToken() {
		r.refuse(badRequest, "token is missing")
		return
	}
	r.verify(r.answerToken)
}

// verify asks the Verifier about the token, and calls answer with what it says: at once if the session has no
// user yet and the Verifier accepts the token without waiting. Otherwise the session waits: a Verifier may take
// its time, and a refusal is logged, which may block.
func (r *request) verify(answer func(auth.Identity, error)) {
	s := r.s
	if v := s.hub.local; v != nil && s.who() == nil {
		who, err := v.VerifyLocal(r.Data.Token)
		if err == nil {
			answer(who, nil)
			return
		}
		r.await(func() { answer(who, err) })
		return
	}
	r.await(func() {
		ctx, cancel := s.hub.work.Deadline(s.hub.work.Context())
		defer cancel()
		answer(s.hub.verify.Verify(ctx, r.Data.Token))
	})
}

// answerToken answers with what the Verifier says about the token.
func (r *request) answerToken(who auth.Identity, err error) {
	renews := r.s.who() != nil
	if !r.admit(who, err) {
		return
	}
	r.sendUser(r.ID)
	r.s.hub.wheel.put(r.s, 1)
	if renews {
		r.s.tolerate()
	}
}

// sendUser sends auth_success, as the answer to the request with id.
func (r *request) sendUser(id native.RequestID) {
	who := r.s.who()
	r.s.send(r.s.dialect.AuthSuccess(id, who.user, who.name, time.UnixMilli(who.expires)))
}

// admit handles what the Verifier says about a token. It reports whether the session has the user
// now.
func (r *request) admit(who auth.Identity, err error) bool {
	known := r.s.who()
	if r.Kind == native.Connect {
		known = r.s.given()
	}
	next := r.s.hub.identityOf(&who)
	switch {
	// A Verifier may accept a token for a while after it has expired. The session would
	// end at once, so it is refused here.
	case errors.Is(err, auth.ErrExpired), err == nil && !time.Now().Before(who.ExpiresAt):
		r.s.hub.refusedToken("expired", err)
		return r.reject(known, tokenExpired, "the token has expired")
	case errors.Is(err, auth.ErrInvalid), err == nil && !store.ValidID(who.UserID):
		r.s.hub.refusedToken("invalid", err)
		return r.reject(known, tokenInvalid, "the token is not valid")
	case err != nil:
		r.s.hub.refusedToken("unavailable", err)
		return r.postpone("the token cannot be checked now")
	case known != nil && known.user != next.user:
		r.s.hub.refusedToken(userMismatch, nil)
		return r.reject(known, userMismatch, "the token is somebody else's")
	}
	return r.become(next)
}

// become gives the session its user, or renews the identity. It reports false if the session is
// closed instead.
func (r *request) become(next *identity) bool {
	r.s.mu.Lock()
	first := r.s.identity == nil
	if first && !r.s.left {
		r.s.hub.strangers.Add(-1)
	}
	r.s.identity = next
	r.s.mu.Unlock()
	return !first || r.connect()
}

// refusedToken counts and logs why a token was not accepted. reason stands for an error that
// is no auth.Refusal.
func (h *Hub) refusedToken(reason string, err error) {
	var why *auth.Refusal
	if errors.As(err, &why) && why.Reason != "" {
		reason = why.Reason
	}
	h.counts.tokens.add(reason)
	h.opts.Log.Warn("token refused", "reason", reason, "err", err)
}

// connect tells the rooms of a session that has a user now. It reports false if the
// session is closed.
func (r *request) connect() bool {
	err := r.s.hub.rooms.Connect(r.s)
	switch {
	case err != nil:
		r.s.mu.Lock()
		defer r.s.mu.Unlock()
		closeUnconnected(r.s, err)
		return false
	case over(r.s): // it ended meanwhile, and Gone may have come before Connect
		r.s.hub.rooms.Disconnect(r.s)
		return false
	}
	return true
}

// closeUnconnected closes a session that the rooms did not take. The caller holds its mu.
func closeUnconnected(s *session, err error) {
	if errors.Is(err, room.ErrTooMany) {
		s.closeLocked(ws.TooMany, "too many connections of one user")
		return
	}
	s.closeLocked(ws.GoingAway, "the server is about to stop")
}
