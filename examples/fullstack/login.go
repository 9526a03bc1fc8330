package main

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/coupchat/coup/auth"
)

// tokenLife is how long a token of the demo login is valid.
const tokenLife = 12 * time.Hour

// login returns a token for any name. It is a demo and proves nothing about the user.
func (a *api) login(w http.ResponseWriter, r *http.Request) (int, any, error) {
	if a.sign == nil {
		return 0, nil, errNotFound
	}
	if err := a.rates.logins.take(clientOf(r)); err != nil {
		return 0, nil, err
	}
	name, err := readField(w, r, "name")
	if err != nil {
		return 0, nil, err
	}
	name, err = cleanLine("name", name, maxName)
	if err != nil {
		return 0, nil, err
	}
	who := auth.Identity{UserID: userIDOf(name), UserName: name, ExpiresAt: time.Now().Add(tokenLife)}
	if err := a.studies.enter(r.Context(), who); err != nil {
		return 0, nil, err
	}
	token, err := a.sign(who)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, map[string]any{"token": token, "userId": who.UserID, "userName": name}, nil
}

// userIDOf returns the user id for a name, always the same.
func userIDOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	return "u_" + hex.EncodeToString(sum[:10])
}

// config tells the page where the hub is, whether users log in by name, whether everyone is a member
// of every study, and whether members may search.
func (a *api) config(_ http.ResponseWriter, r *http.Request) (int, any, error) {
	return http.StatusOK, map[string]any{"signaling": a.signalingURL(r), "demoLogin": a.sign != nil, "open": a.studies.open, "search": a.search}, nil
}
