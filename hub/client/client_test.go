package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/hub/client"
	"github.com/coupchat/coup/internal/testenv"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// serve starts a server with tokens of the form "user" or "user:8s" behind an address that can be
// cut. Nobody is a member of the study "secret".
func serve(t *testing.T, opts coup.Options) (*coup.Server, *testenv.Forward) {
	t.Helper()
	if opts.Store == nil {
		opts.Store = store.NewMemory()
	}
	if opts.Members == nil {
		opts.Members = store.MembersFunc(func(_ context.Context, study store.StudyID, _ store.UserID) (string, error) {
			if study == "secret" {
				return "", store.ErrNotFound
			}
			return "member", nil
		})
	}
	opts.Verifier = auth.VerifierFunc(func(_ context.Context, token string) (auth.Identity, error) {
		user, life, _ := strings.Cut(token, ":")
		if user == "bad" {
			return auth.Identity{}, auth.ErrInvalid
		}
		who := auth.Identity{UserID: user, UserName: user, ExpiresAt: time.Now().Add(time.Hour)}
		if d, err := time.ParseDuration(life); err == nil {
			who.ExpiresAt = time.Now().Add(d)
		}
		return who, nil
	})
	s, err := coup.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	t.Cleanup(func() {
		if err := s.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
		web.Close()
	})
	return s, testenv.NewForward(t, strings.TrimPrefix(web.URL, "http://"))
}

// A user is a client that keeps what it gets.
type user struct {
	*client.Client
	mu     sync.Mutex
	events []client.Event
}

// open connects a user. Each token is used for one call of Token, the last one for ever.
func open(t *testing.T, line *testenv.Forward, tokens ...string) *user {
	t.Helper()
	u, asked := &user{}, 0
	var err error
	u.Client, err = client.New(client.Options{
		URL: "ws://" + line.Addr() + "/",
		Token: func(context.Context) (string, error) {
			asked++
			return tokens[min(asked, len(tokens))-1], nil
		},
		Handler: func(e client.Event) {
			u.mu.Lock()
			defer u.mu.Unlock()
			u.events = append(u.events, e)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(u.Close)
	return u
}

// got returns the events with a name.
func (u *user) got(name string) (all []client.Event) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, e := range u.events {
		if e.Name == name {
			all = append(all, e)
		}
	}
	return all
}

// seqs waits until the user has messages up to last, which must be all from first on, once and in
// order.
func (u *user) seqs(t *testing.T, first, last int64) {
	t.Helper()
	waitFor(t, fmt.Sprint("messages up to ", last), func() bool {
		all := u.got("new_message")
		return len(all) > 0 && all[len(all)-1].Message.Seq >= last
	})
	for i, e := range u.got("new_message") {
		if want := first + int64(i); e.Message.Seq != want {
			t.Fatalf("message %d has seq %d, want %d", i, e.Message.Seq, want)
		}
	}
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

func (u *user) mustJoin(t *testing.T, study string, from client.From) client.Joined {
	t.Helper()
	j, err := u.Join(t.Context(), study, from)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func (u *user) mustSend(t *testing.T, study, content string) client.Sent {
	t.Helper()
	sent, err := u.Send(t.Context(), study, content)
	if err != nil {
		t.Fatalf("send: %v", err)
	}
	return sent
}

func TestTwoUsersChat(t *testing.T) {
	s, line := serve(t, coup.Options{})
	mina, sora := open(t, line, "mina"), open(t, line, "sora")
	if j := mina.mustJoin(t, "s1", client.From{}); j.Seq != 0 || j.Missed {
		t.Errorf("joined: %+v", j)
	}
	sora.mustJoin(t, "s1", client.From{})
	if sent := mina.mustSend(t, "s1", " hello 한글 👋 "); sent.Seq != 1 || sent.ID == "" || time.Since(sent.SentAt) > time.Minute {
		t.Errorf("sent: %+v", sent)
	}
	sora.seqs(t, 1, 1)
	if m := sora.got("new_message")[0].Message; m.Content != "hello 한글 👋" || m.UserID != "mina" || m.StudyID != "s1" {
		t.Errorf("message: %+v", m)
	}
	if err := s.Publisher().Notify(t.Context(), room.Notification{UserID: "sora", Type: "x", Message: "text", Link: "/a", ID: "n"}); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the notification", func() bool { return len(sora.got("notification")) == 1 })
	if n := sora.got("notification")[0].Notification; n != (client.Notification{Type: "x", Message: "text", Link: "/a", ID: "n"}) {
		t.Errorf("notification: %+v", n)
	}
	if err := sora.Leave(t.Context(), "s1"); err != nil {
		t.Error(err)
	}
	mina.mustSend(t, "s1", "alone")
	mina.seqs(t, 1, 2)
	if n := len(sora.got("new_message")); n != 1 {
		t.Errorf("after it left, sora has %d messages", n)
	}
	if err := s.Publisher().Announce(t.Context(), room.StudyEvent{Type: room.MemberKicked, StudyID: "s1", UserID: "mina"}); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the kick", func() bool { return len(mina.got("room_left")) == 1 })
	if e := mina.got("room_left")[0]; e.Reason != "kicked" || e.StudyID != "s1" {
		t.Errorf("room_left: %+v", e)
	}
	var refused *client.Error
	if _, err := mina.Send(t.Context(), "s1", "x"); !errors.As(err, &refused) || refused.Code != "not_joined" {
		t.Errorf("send after a kick: %v", err)
	}
}

func TestConnectionsThatAreCutLoseNothing(t *testing.T) {
	_, line := serve(t, coup.Options{Rate: -1})
	mina, sora := open(t, line, "mina"), open(t, line, "sora")
	mina.mustJoin(t, "s1", client.From{})
	sora.mustJoin(t, "s1", client.From{})
	for i := range 60 {
		if i%20 == 10 {
			line.Cut()
		}
		if sent := mina.mustSend(t, "s1", fmt.Sprint(i)); sent.Seq != int64(i+1) {
			t.Fatalf("message %d has seq %d", i, sent.Seq)
		}
	}
	mina.seqs(t, 1, 60)
	sora.seqs(t, 1, 60)
	for i, e := range sora.got("new_message") {
		if e.Message.Content != fmt.Sprint(i) {
			t.Errorf("message %d says %q", i, e.Message.Content)
		}
	}
}

func TestAMembershipThatEndsWhileTheClientIsAway(t *testing.T) {
	var gone sync.Map
	_, line := serve(t, coup.Options{Members: store.MembersFunc(func(context.Context, store.StudyID, store.UserID) (string, error) {
		if _, is := gone.Load("it"); is {
			return "", store.ErrNotFound
		}
		return "member", nil
	}), Room: room.Options{MemberCache: time.Millisecond}})
	mina := open(t, line, "mina")
	mina.mustJoin(t, "s1", client.From{})
	gone.Store("it", true)
	line.Cut()
	waitFor(t, "room_left", func() bool { return len(mina.got("room_left")) == 1 })
	if e := mina.got("room_left")[0]; e.Reason != "membership_lost" {
		t.Errorf("room_left: %+v", e)
	}
}

func TestWhatTheServerRefusesIsAnError(t *testing.T) {
	_, line := serve(t, coup.Options{})
	mina := open(t, line, "mina")
	mina.mustJoin(t, "s1", client.From{})
	for _, tt := range []struct {
		code string
		do   func() error
	}{
		{"empty", func() error { _, err := mina.Send(t.Context(), "s1", "  "); return err }},
		{"too_large", func() error { _, err := mina.Send(t.Context(), "s1", strings.Repeat("x", 2001)); return err }},
		{"not_joined", func() error { _, err := mina.Send(t.Context(), "s2", "x"); return err }},
		{"forbidden", func() error { _, err := mina.Join(t.Context(), "secret", client.From{}); return err }},
		{"bad_request", func() error { _, err := mina.Join(t.Context(), "a/b", client.From{}); return err }},
	} {
		var refused *client.Error
		if err := tt.do(); !errors.As(err, &refused) || refused.Code != tt.code || refused.Message == "" {
			t.Errorf("%v, want %s", err, tt.code)
		}
	}
	mina.mustSend(t, "s1", "after that")
}

func TestAFastSenderWaits(t *testing.T) {
	_, line := serve(t, coup.Options{Rate: 20})
	mina := open(t, line, "mina")
	mina.mustJoin(t, "s1", client.From{})
	for i := range 60 { // more than a burst
		if sent := mina.mustSend(t, "s1", "text"); sent.Seq != int64(i+1) {
			t.Fatalf("message %d has seq %d", i, sent.Seq)
		}
	}
}

func TestAJoinFromWhatTheCallerHas(t *testing.T) {
	messages := store.NewMemory()
	for range 2 {
		batch := make([]store.Message, 300)
		for i := range batch {
			batch[i] = store.Message{StudyID: "full", UserID: "u9", Content: "stored", ClientID: store.NewClientID()}
		}
		if _, err := messages.Append(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	_, line := serve(t, coup.Options{Store: messages})
	mina := open(t, line, "mina")
	if j := mina.mustJoin(t, "full", client.From{Seq: 1}); !j.Missed || j.Seq != 600 {
		t.Errorf("600 messages: %+v", j)
	}
	if e := mina.got("missed"); len(e) != 1 || e[0].StudyID != "full" || e[0].Seq != 600 {
		t.Errorf("missed: %+v", e)
	}
	if j := mina.mustJoin(t, "full", client.From{Seq: 590, SentAt: time.Unix(1, 0)}); !j.Missed {
		t.Errorf("another history: %+v", j)
	}
	if j := mina.mustJoin(t, "full", client.From{Seq: 590}); j.Missed {
		t.Errorf("ten messages: %+v", j)
	}
	mina.seqs(t, 591, 600)
}

func TestTokens(t *testing.T) {
	t.Parallel() // it mostly waits
	_, line := serve(t, coup.Options{})
	refused := open(t, line, "bad", "mina")
	refused.mustJoin(t, "s1", client.From{})
	renews := open(t, line, "sora:8s", "sora")
	renews.mustJoin(t, "s1", client.From{})
	begin := time.Now()
	waitFor(t, "the first token has expired", func() bool { return time.Since(begin) > 9*time.Second })
	renews.mustSend(t, "s1", "still here")
	if e := renews.got("auth_error"); len(e) > 0 {
		t.Errorf("auth_error: %+v", e)
	}
}

func TestCallsEnd(t *testing.T) {
	_, line := serve(t, coup.Options{})
	line.To("127.0.0.1:1") // nobody listens there
	mina := open(t, line, "mina")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := mina.Send(ctx, "s1", "x"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("send with a deadline: %v", err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := mina.Join(context.Background(), "s1", client.From{})
		done <- err
	}()
	mina.Close()
	if err := <-done; !errors.Is(err, client.ErrClosed) {
		t.Errorf("join after Close: %v", err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	token := func(context.Context) (string, error) { return "", nil }
	for _, opts := range []client.Options{{}, {URL: "http://x/ws", Token: token}, {URL: "ws://", Token: token}, {URL: "ws://x/ws"}, {URL: "ws://\x00", Token: token}} {
		if c, err := client.New(opts); err == nil {
			c.Close()
			t.Errorf("New(%+v) has no error", opts)
		}
	}
}
