package coup_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/store"
)

func TestAnIdentityOfTheHandshakeIsEnough(t *testing.T) {
	opts := coup.Options{Store: store.NewMemory()}
	opts.Hub.Identify = byCookie
	fill(t, opts.Store, "s1", 2)
	_, url := kind{}.serve(t, opts)
	header := upgradeHeader("X-User", "u1")
	const hello = opened + `> 40
		< 40{*}
		< 42["auth_success",{"userId":"u1","userName":"Mina",*}]
		> 421["leave_room",{}]
		< 431[{"ok":false,*
		> 41
		> 40{"pid":"p","offset":"s1:1:"}
		< 40{"sid":"*","pid":"p"}
		< 42["auth_success",*
		< 42["new_message",{*"seq":2,*},"s1:2:*"]`
	play(t, dialSocket(t, url, header), hello)
	polls := header.Clone()
	for name := range upgradeHeader() {
		polls.Del(name)
	}
	play(t, dialPolling(t, url, polls), hello)
	for _, tt := range []struct{ name, token, want string }{
		{"with a token too", "u1", "< 40{*}\n< 42[\"auth_success\",{\"userId\":\"u1\",\"userName\":\"\",*"},
		{"with the token of somebody else", "u2", "< 44{*\"code\":\"user_mismatch\"}}\n< 41\nend"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, dialSocket(t, url, header), opened+fmt.Sprintf("> 40{\"token\":%q}\n", tt.token)+tt.want)
		})
	}
	// A page of the same site sends its cookie without an Origin when it polls.
	for from, status := range map[string]int{"": 200, "same-origin": 200, "cross-site": 401, "same-site": 401} {
		h := polls.Clone()
		h.Del("X-User")
		h.Set("Cookie", "session=u1")
		if from != "" {
			h.Set("Sec-Fetch-Site", from)
		}
		if got, _, body := request(t, "GET", url+"/socket.io/?EIO=4&transport=polling", "", h); got != status {
			t.Errorf("a cookie from %q = %d %s, want %d", from, got, body, status)
		}
	}
}

// A hub with an identity of the handshake counts its connection as one that has not authenticated
// until CONNECT.
func TestAnIdentityCountsFromConnectOn(t *testing.T) {
	opts := coup.Options{}
	opts.Hub.Identify = byCookie
	opts.Hub.AuthTimeout = time.Second
	s, url := kind{}.serve(t, opts)
	p := dialSocket(t, url, upgradeHeader("X-User", "u1"))
	play(t, p, opened)
	if got := s.Stats().Unauthenticated; got != 1 {
		t.Errorf("%d connections have not authenticated, want 1", got)
	}
	play(t, p, "end")
	waitFor(t, "the session has ended", func() bool { return s.Stats().Connections == 0 && s.Stats().Unauthenticated == 0 })
}
