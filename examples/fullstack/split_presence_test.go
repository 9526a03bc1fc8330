package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"syscall"
	"testing"
	"time"
)

// A status is the presence of a user in the internal API.
type status struct {
	UserID     string
	Status     string
	LastSeenAt *time.Time
}

func (s *split) status(t *testing.T, user person) status {
	t.Helper()
	code, body := get(t, "http://"+s.internal+"/api/internal/v1/users/"+string(user.UserID)+"/status", s.service)
	var got status
	if err := json.Unmarshal([]byte(body), &got); err != nil || code != http.StatusOK || got.UserID != string(user.UserID) {
		t.Fatalf("status of %s = %d %s", user.UserID, code, body)
	}
	return got
}

// turns waits until a user is online or offline, in the API and in the view.
func (s *split) turns(t *testing.T, user person, want string, within time.Duration) {
	t.Helper()
	eventually(t, "the user is "+want, within, func() error {
		got := s.status(t, user)
		var view string
		if err := s.db.Get(&view, `SELECT status FROM coup_user_status WHERE user_id = $1`, user.UserID); err != nil {
			view = err.Error()
		}
		if got.Status != want || view != want || got.LastSeenAt == nil || time.Until(*got.LastSeenAt) > time.Second {
			return fmt.Errorf("the API says %+v, the view %q", got, view)
		}
		return nil
	})
}

func (s *split) presence(t *testing.T) {
	ada := s.login(t, "here Ada")
	if got := s.status(t, ada); got.Status != "offline" || got.LastSeenAt != nil {
		t.Errorf("before: %+v, want offline and never seen", got)
	}
	first, second, third := connect(t, s.a, ada), connect(t, s.a, ada), connect(t, s.b, ada)
	s.turns(t, ada, "online", patience)
	onlineOn := func(want int) {
		t.Helper()
		eventually(t, fmt.Sprintf("%d hubs hold the user", want), patience, func() error {
			var n int
			if err := s.db.Get(&n, `SELECT count(*) FROM coup_reports WHERE user_id = $1 AND online`, ada.UserID); err != nil || n != want {
				return fmt.Errorf("%d hubs do (%v)", n, err)
			}
			return nil
		})
	}
	onlineOn(2)
	first.Close()
	second.Close()
	onlineOn(1)
	s.turns(t, ada, "online", patience)
	third.Close()
	s.turns(t, ada, "offline", patience)
	again := connect(t, s.b, ada)
	s.turns(t, ada, "online", patience)
	again.Close()
	s.turns(t, ada, "offline", patience)
}

func (s *split) killedHub(t *testing.T) {
	hub := s.startHub(t, "hub to kill").ready(t)
	ada := s.login(t, "gone Ada")
	connect(t, hub, ada)
	s.turns(t, ada, "online", patience)
	killed := time.Now()
	hub.end(syscall.SIGKILL)
	s.turns(t, ada, "offline", 25*time.Second)
	t.Logf("offline %v after the kill", time.Since(killed).Round(10*time.Millisecond))
}
