package coup_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/store"
)

// TestMain runs everything twice: with sessions in epoll sets, where the system
// has them, and with sessions on goroutines.
func TestMain(m *testing.M) { goleak.VerifyTestMain(twice{m}) }

type twice struct{ *testing.M }

func (t twice) Run() int {
	for _, onGoroutines = range []bool{false, true} {
		if code := t.M.Run(); code != 0 {
			fmt.Println("sessions on goroutines:", onGoroutines)
			return code
		}
	}
	return 0
}

// onGoroutines is the kind of sessions that serve has.
var onGoroutines bool

// plain accepts tokens of the form "user" or "user:name".
var plain = auth.VerifierFunc(func(_ context.Context, token string) (auth.Identity, error) {
	user, name, _ := strings.Cut(token, ":")
	switch user {
	case "bad":
		return auth.Identity{}, auth.ErrInvalid
	case "old":
		return auth.Identity{}, auth.ErrExpired
	case "later":
		return auth.Identity{}, errors.New("cannot be checked")
	}
	return auth.Identity{UserID: user, UserName: name, ExpiresAt: time.Now().Add(time.Hour)}, nil
})

// serve starts a server and returns where it listens.
func serve(t *testing.T, opts coup.Options) (*coup.Server, string) {
	t.Helper()
	if opts.Store == nil {
		opts.Store = store.NewMemory()
	}
	if opts.Members == nil {
		opts.Members = coup.Everyone
	}
	if opts.Verifier == nil {
		opts.Verifier = plain
	}
	opts.Hub.Goroutines = onGoroutines
	s, err := coup.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		web.Close()
	})
	return s, web.URL
}

func TestTwoUsersChat(t *testing.T) {
	_, url := serve(t, coup.Options{})
	a, b := wstest.Dial(t, url, nil), wstest.Dial(t, url, nil)
	a.Login("u1:Kim Minji")
	b.Login("u2")
	if ack := a.Join("s1"); ack.Int("seq") != 0 || ack.String("studyId") != "s1" {
		t.Errorf("ack = %s", ack.Raw)
	}
	b.Join("s1")
	ack := a.Call("send_message", map[string]any{"studyId": "s1", "content": " hello 한글 😀 ", "clientId": "c1"}, nil)
	for _, c := range []*wstest.Client{a, b} {
		m := c.Expect("new_message")
		if m.String("id") != ack.String("id") || m.Int("seq") != 1 || m.String("content") != "hello 한글 😀" || m.String("userName") != "Kim Minji" || m.String("clientId") != "c1" || m.String("sentAt") != ack.String("sentAt") {
			t.Errorf("ack %s, message %s", ack.Raw, m.Raw)
		}
	}
	again := a.Call("send_message", map[string]any{"studyId": "s1", "content": "another text", "clientId": "c1"}, nil)
	if again.String("id") != ack.String("id") || again.Int("seq") != 1 || again.String("sentAt") != ack.String("sentAt") {
		t.Errorf("repeated clientId: ack %s, want as before: %s", again.Raw, ack.Raw)
	}
	a.ExpectNothing()
	b.ExpectNothing()
}

// Everyone who joins with after while others post sees each message once, in
// order, with no hole.
func TestJoiningWhileOthersPostMissesNothing(t *testing.T) {
	const senders, posts = 4, 300
	_, url := serve(t, coup.Options{Rate: -1})
	var wg sync.WaitGroup
	for i := range senders {
		c := wstest.Dial(t, url, nil)
		c.Login(fmt.Sprintf("sender%d", i))
		c.Join("s1")
		wg.Go(func() {
			for n := range posts {
				if ack := c.Call("send_message", map[string]any{"studyId": "s1", "content": fmt.Sprint(n)}, nil); ack.Event != "ack" {
					t.Errorf("ack = %s", ack.Raw)
					return
				}
			}
		})
	}
	for i := range 8 {
		wg.Go(func() {
			last := int64(0)
			for last < senders*posts {
				c := wstest.Dial(t, url, nil)
				c.Login(fmt.Sprintf("reader%d", i))
				expect := func(e wstest.Event) {
					if last++; e.Event != "new_message" || e.Int("seq") != last {
						t.Errorf("reader %d got %.80s, want seq %d", i, e.Raw, last)
					}
				}
				ack := c.Call("join_room", map[string]any{"studyId": "s1", "after": last}, nil)
				if ack.Event != "ack" {
					t.Errorf("join: %s", ack.Raw)
					return
				}
				if ack.Data["truncated"] == true {
					last = ack.Int("seq")
				}
				for range 40 {
					if last < senders*posts {
						expect(c.Expect("new_message"))
					}
				}
				c.Close()
			}
		})
	}
	wg.Wait()
}
