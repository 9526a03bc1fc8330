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
	if h.opts.Identify == nil {
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
	case r.Header.Get("Cookie") != "" && !h.originTrusted(r) && !sameSite(r):
		return nil, fmt.Errorf("%w: a cookie counts only for a page of an allowed origin", auth.ErrInvalid)
	}
	return who, nil
}

// sameSite reports whether a request that is no WebSocket handshake comes from no page of another
// site that could read the answer. A browser sends no Origin with a GET of the page's own host.
func sameSite(r *http.Request) bool {
	from := r.Header.Get("Sec-Fetch-Site")
	return !ws.IsHandshake(r) && r.Header.Get("Origin") == "" && (from == "" || from == "same-origin" || from == "none")
}

// identityRefused returns why a handshake with a refused identity is refused.
func identityRefused(err error) *refusal {
	if errors.Is(err, auth.ErrInvalid) || errors.Is(err, auth.ErrExpired) {
		return &refusal{"identity", http.StatusUnauthorized, "not authenticated", "", err}
	}
	return &refusal{"identity", http.StatusServiceUnavailable, "the identity cannot be checked now", "2", err}
}
