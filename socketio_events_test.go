package coup_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/room"
)

// eachTransport runs a test with each transport.
func eachTransport(t *testing.T, test func(t *testing.T, open func(t *testing.T, url string) packets)) {
	for name, open := range transports {
		t.Run(name, func(t *testing.T) { test(t, open) })
	}
}

func TestSocketIONotificationsAndKicks(t *testing.T) {
	eachTransport(t, func(t *testing.T, open func(t *testing.T, url string) packets) {
		s, url := kind{}.serve(t, coup.Options{})
		p := open(t, url)
		play(t, p, entered("u1")+joined("s1")+`> 422["join_room",{"studyId":"s2"}]
			< 42["cursor","s1:0:,s2:0:"]
			< 432[{"ok":true,"studyId":"s2","seq":0}]`)
		publish := s.Publisher()
		if err := publish.Notify(t.Context(), room.Notification{UserID: "u1", Type: "x", Message: "text", Link: "/a", ID: "n1"}); err != nil {
			t.Fatal(err)
		}
		play(t, p, `< 42["notification",{"type":"x","message":"text","link":"/a","id":"n1"}]`)
		if err := publish.Announce(t.Context(), room.StudyEvent{Type: room.MemberKicked, StudyID: "s1", UserID: "u1", Message: "out"}); err != nil {
			t.Fatal(err)
		}
		play(t, p, `< 42["room_left",{"studyId":"s1","reason":"kicked"}]
			< 42["cursor","s2:0:"]
			< 42["notification",{"type":"member_kicked","message":"out","studyId":"s1"}]
			> 423["send_message",{"studyId":"s1","content":"x"}]
			< 433[{"ok":false,"error":{"code":"not_joined",*`)
		if err := publish.Announce(t.Context(), room.StudyEvent{Type: room.MessagesErased, StudyID: "s2", From: 1, To: 1}); err != nil {
			t.Fatal(err)
		}
		if err := publish.Announce(t.Context(), room.StudyEvent{Type: room.Notice, StudyID: "s2", Message: "hello"}); err != nil {
			t.Fatal(err)
		}
		play(t, p, `< 42["notification",{"type":"notice","message":"hello","studyId":"s2"}]`)
	})
}

func TestSocketIOTokensExpire(t *testing.T) {
	t.Parallel() // it mostly waits
	eachTransport(t, func(t *testing.T, open func(t *testing.T, url string) packets) {
		short := auth.VerifierFunc(func(context.Context, string) (auth.Identity, error) {
			return auth.Identity{UserID: "u1", ExpiresAt: time.Now().Add(time.Second)}, nil
		})
		_, url := kind{}.serve(t, coup.Options{Verifier: short})
		play(t, open(t, url), entered("u1")+`< 42["auth_error",{"message":"the token has expired","code":"token_expired"}]
			< 41
			end`)
	})
}

// A connection that ends with a code after which the client should come back has no DISCONNECT.
func TestSocketIOEnds(t *testing.T) {
	for _, tt := range []struct {
		name, script string
		opts         func(*coup.Options)
		code         int
	}{
		{"no authenticate in time", opened + "> 40\n< 40{*}\nend", func(o *coup.Options) { o.Hub.AuthTimeout = time.Second }, 4408},
		{"no CONNECT in time", opened + "end", func(o *coup.Options) { o.Hub.AuthTimeout = time.Second }, 4408},
		{"flooding", entered("u1") + strings.Repeat("> 42[\"x\"]\n", 200) + strings.Repeat("< 42[\"error\",*\n", 101) + "< 41\nend", nil, 1008},
		{"too many connections of the user", opened + "> 40{\"token\":\"u9\"}\n< 41\nend", func(o *coup.Options) { o.Room.MaxPerUser = 1 }, 4429},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel() // some wait
			opts := coup.Options{}
			if tt.opts != nil {
				tt.opts(&opts)
			}
			_, url := kind{}.serve(t, opts)
			login(t, url, "u9")
			s := dialSocket(t, url, nil)
			play(t, s, tt.script)
			if s.code != tt.code {
				t.Errorf("close %d, want %d", s.code, tt.code)
			}
		})
	}
}
