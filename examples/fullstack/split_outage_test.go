package main

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/coupchat/coup/internal/wstest"
)

func (s *split) wrongToken(t *testing.T) {
	wrong := newSecret()
	if status, body := get(t, "http://"+s.internal+"/api/internal/v1/messages?studyId=x", wrong); status != http.StatusUnauthorized {
		t.Errorf("the internal API answers a wrong token with %d %s, want 401", status, body)
	}
	hub := s.startHub(t, "hub with a wrong token", "-service-token", wrong)
	eventually(t, "the hub is refused", patience, func() error {
		if !strings.Contains(hub.logged(), "refused the service token") {
			return fmt.Errorf("no word of it in its log")
		}
		return nil
	})
	if status, body := get(t, "http://"+hub.addr+"/readyz", ""); status != http.StatusServiceUnavailable || strings.Contains(body, "token") {
		t.Errorf("readyz = %d %q, want 503 and no cause", status, body)
	}
	if status, _ := get(t, "http://"+hub.addr+"/healthz", ""); status != http.StatusOK {
		t.Errorf("healthz = %d, want 200: a restart would not help", status)
	}
	ada := s.login(t, "wrong Ada")
	c := connect(t, hub, ada)
	if e := c.Call("join_room", map[string]any{"studyId": s.study(t, ada)}, nil); e.String("code") != "unavailable" {
		t.Errorf("join = %s, want unavailable", e.Raw)
	}
}

func (s *split) apiAway(t *testing.T) {
	api, internal := s.startAPI(t)
	hub := s.startHub(t, "hub of that api", "-api-url", "http://"+internal).ready(t)
	ada := s.login(t, "Ada without Redis")
	id := s.study(t, ada)
	c := connect(t, hub, ada)
	c.Join(id)
	send := func() wstest.Event {
		return c.Call("send_message", map[string]any{"studyId": id, "content": "once", "clientId": "c1"}, func(e wstest.Event) {
			if e.Event != "new_message" || e.Int("seq") != 1 {
				t.Errorf("got %s", e.Raw)
			}
		})
	}
	api.end(syscall.SIGKILL)
	if e := send(); e.Event != "error" || e.String("code") != "unavailable" {
		t.Errorf("send without an api = %s, want unavailable", e.Raw)
	}
	eventually(t, "the hub is not ready", patience, func() error {
		if status, _ := get(t, "http://"+hub.addr+"/readyz", ""); status != http.StatusServiceUnavailable {
			return fmt.Errorf("readyz = %d", status)
		}
		return nil
	})
	api.start(t)
	api.ready(t)
	hub.ready(t)
	first := send()
	if again := send(); first.Event != "ack" || first.Int("seq") != 1 || again.String("id") != first.String("id") {
		t.Errorf("acks after the outage are %s and %s, want the same twice", first.Raw, again.Raw)
	}
	var n int
	if err := s.db.Get(&n, `SELECT count(*) FROM coup_messages WHERE study_id = $1`, id); err != nil || n != 1 {
		t.Errorf("%d messages stored (%v), want 1", n, err)
	}
}
