package hub

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/internal/ws"
	"github.com/coupchat/coup/store"
)

// identify returns the identity that a request carries, see Options.Identify. It is nil if
// the client has to authenticate by event.
func (h *Hub) identify(r *http.Request) (*auth.Identity, error) {
	if h.opts.Identify == nil || !ws.IsHandshake(r) {
		return nil, nil
	}
	who, err := h.opts.Identify(r)
	switch {
	case err != nil || who == nil:
		return nil, err
	case !store.ValidID(store.UserID(who.UserID)):
		return nil, fmt.Errorf("%w: Identify returned a user id that is not valid", auth.ErrInvalid)
	case !time.Now().Before(who.ExpiresAt):
		return nil, auth.ErrExpired
	case r.Header.Get("Cookie") != "" && !h.originTrusted(r):
		return nil, fmt.Errorf("%w: a cookie counts only for a page of an allowed origin", auth.ErrInvalid)
	}
	return who, nil
}

// refuseIdentity answers a handshake whose identity was refused.
func refuseIdentity(w http.ResponseWriter, err error) {
	if errors.Is(err, auth.ErrInvalid) || errors.Is(err, auth.ErrExpired) {
		http.Error(w, "not authenticated", http.StatusUnauthorized)
		return
	}
	w.Header().Set("Retry-After", "2")
	http.Error(w, "the identity cannot be checked now", http.StatusServiceUnavailable)
}
