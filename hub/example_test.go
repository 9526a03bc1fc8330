package hub_test

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/hub"
)

// Users who have logged in on the site have a session cookie. The hub takes it at the
// handshake, so the page needs no token.
func ExampleOptions_cookie() {
	type session struct {
		user, name string
		ends       time.Time
	}
	sessions := map[string]session{"k3v9": {"u1", "Mina", time.Now().Add(time.Hour)}} // of the site
	options := hub.Options{
		Identify: func(r *http.Request) (*auth.Identity, error) {
			cookie, err := r.Cookie("session")
			if errors.Is(err, http.ErrNoCookie) {
				return nil, nil // no browser: the client will authenticate by event
			}
			s, known := sessions[cookie.Value]
			if !known {
				return nil, auth.ErrInvalid
			}
			return &auth.Identity{UserID: s.user, UserName: s.name, ExpiresAt: s.ends}, nil
		},
	}

	request, _ := http.NewRequest(http.MethodGet, "/ws", nil)
	request.AddCookie(&http.Cookie{Name: "session", Value: "k3v9"})
	who, err := options.Identify(request)
	fmt.Println(who.UserID, who.UserName, err)
	// Output:
	// u1 Mina <nil>
}
