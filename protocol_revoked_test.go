package coup_test

import (
	"strings"
	"testing"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// Logout everywhere: all connections of one user end, on all hubs and over all protocols.
func TestSessionsAreRevokedOnEveryHub(t *testing.T) {
	s, b := store.NewMemory(), bus.NewMemory()
	opts := coup.Options{Store: s, Bus: b}
	publish := func(payload string) {
		t.Helper()
		if err := b.Publish(t.Context(), bus.Message{Channel: bus.UserEvents, Payload: []byte(payload)}); err != nil {
			t.Fatal(err)
		}
	}
	var gone, stay []*wstest.Client
	var servers []*coup.Server
	var urls []string
	for _, k := range []kind{{"epoll", false}, {"goroutines", true}} {
		server, url := k.serve(t, opts)
		servers, urls = append(servers, server), append(urls, url)
		gone, stay = append(gone, login(t, url, "u1"), login(t, url, "u1")), append(stay, login(t, url, "u2"))
	}
	p := dialPolling(t, urls[0], nil)
	play(t, p, entered("u1"))
	for _, c := range append(gone, stay...) {
		c.Join("s1")
	}
	// What makes no sense is counted and skipped.
	for _, bad := range []string{``, `{`, `[]`, `{"type":"banned","userId":"u1"}`, `{"type":"sessions_revoked"}`, `{"type":"sessions_revoked","userId":"a b"}`, `{"type":1,"userId":"u1"}`} {
		publish(bad)
	}
	waitFor(t, "all are counted", func() bool { return servers[0].Stats().Room.Malformed == 7 && servers[1].Stats().Room.Malformed == 7 })
	if err := (room.Publisher{Bus: b}).AnnounceUser(t.Context(), room.UserEvent{Type: room.SessionsRevoked, UserID: "u1", Message: "You have logged out."}); err != nil {
		t.Fatal(err)
	}
	for _, c := range gone {
		if e := c.Expect("auth_error"); e.String("code") != "token_revoked" || e.String("message") != "You have logged out." {
			t.Errorf("auth_error: %+v", e)
		}
		c.ExpectClose(4401)
	}
	play(t, p, `< 42["auth_error",{"message":"You have logged out.","code":"token_revoked"}]`)
	for i, c := range stay {
		if e := c.Call("leave_room", data{"studyId": "s1"}, nil); e.Event != "ack" {
			t.Errorf("user %d gets %+v", i, e)
		}
	}
	// A text of another type, or a long one, does not keep a session alive.
	for i, more := range []string{`"message":7`, `"message":"` + strings.Repeat("x", 9000) + `"`} {
		publish(`{"type":"sessions_revoked","userId":"u2",` + more + `}`)
		if e := stay[i].Expect("auth_error"); e.String("code") != "token_revoked" || e.String("message") != "the session was revoked" {
			t.Errorf("auth_error: %+v", e)
		}
		if other := stay[1-i]; i == 0 {
			other.Expect("auth_error")
			other.ExpectClose(4401)
			stay[1] = login(t, urls[1], "u2")
		}
	}
	if err := (room.Publisher{Bus: b}).AnnounceUser(t.Context(), room.UserEvent{Type: "banned", UserID: "u1"}); err == nil {
		t.Error("an unknown type is published")
	}
}
