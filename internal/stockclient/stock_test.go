package stockclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/internal/testenv"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// kinds are the ways in which people configure the client.
var kinds = map[string]Options{
	"default":        {},
	"websocket only": {"transports": []string{"websocket"}},
	"polling only":   {"transports": []string{"polling"}},
}

// with returns options with fast reconnects and more.
func with(base Options, more Options) Options {
	all := Options{"reconnectionDelay": 50, "reconnectionDelayMax": 200}
	for _, o := range []Options{base, more} {
		for k, v := range o {
			all[k] = v
		}
	}
	return all
}

// token is the auth of a client.
func token(text string) Options { return Options{"auth": map[string]any{"token": text}} }

// A server is a chat server whose address stays when another one takes its place.
type server struct {
	*coup.Server
	url string
	now atomic.Pointer[coup.Server]
}

// serve starts a server with tokens of the form "user" or "user:seconds".
func serve(t *testing.T, opts coup.Options) *server {
	t.Helper()
	s := &server{}
	if opts.Store == nil {
		opts.Store = store.NewMemory()
	}
	if opts.Members == nil {
		opts.Members = coup.Everyone
	}
	if opts.Verifier == nil {
		opts.Verifier = verifier
	}
	opts.Room.CheckHeads = 200 * time.Millisecond // for what is stored without a hub
	var err error
	if s.Server, err = coup.New(opts); err != nil {
		t.Fatal(err)
	}
	s.now.Store(s.Server)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.now.Load().SocketIO().ServeHTTP(w, r) }))
	s.url = web.URL
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		web.Close()
	})
	return s
}

var verifier = auth.VerifierFunc(func(_ context.Context, token string) (auth.Identity, error) {
	user, life, _ := strings.Cut(token, ":")
	switch user {
	case "bad":
		return auth.Identity{}, auth.ErrInvalid
	case "later":
		return auth.Identity{}, errors.New("cannot be checked")
	}
	expires := time.Now().Add(time.Hour)
	if d, err := time.ParseDuration(life); err == nil {
		expires = time.Now().Add(d)
	}
	return auth.Identity{UserID: user, UserName: "Mina", ExpiresAt: expires}, nil
})

// TestTheContract goes through docs/protocol.md with each kind of client.
func TestTheContract(t *testing.T) {
	node := Start(t)
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			s := serve(t, coup.Options{})
			mina := node.Open(t, s.url, with(kind, token("mina")))
			if e := mina.Until("@connect"); e.Recovered {
				t.Error("a new client is recovered")
			}
			if got := mina.Until("auth_success").Fields(); got["userId"] != "mina" || got["userName"] != "Mina" {
				t.Errorf("auth_success: %v", got)
			}
			sora := node.Open(t, s.url, with(kind, nil))
			sora.Until("@connect")
			if got := sora.MustCall("authenticate", map[string]any{"token": "sora"}); got["userId"] != "sora" {
				t.Errorf("authenticate: %v", got)
			}
			for _, c := range []*Client{mina, sora} {
				if got := c.MustCall("join_room", map[string]any{"studyId": "s1"}); got["studyId"] != "s1" || got["seq"] != 0.0 {
					t.Errorf("join_room: %v", got)
				}
			}
			got := mina.MustCall("send_message", map[string]any{"studyId": "s1", "content": " hello 한글 👋 ", "clientId": "c1"})
			if got["seq"] != 1.0 || got["clientId"] != "c1" {
				t.Errorf("send_message: %v", got)
			}
			again := mina.MustCall("send_message", map[string]any{"studyId": "s1", "content": "again", "clientId": "c1"})
			if fmt.Sprint(again) != fmt.Sprint(got) {
				t.Errorf("the same clientId again: %v, at first %v", again, got)
			}
			if e := sora.Until("new_message"); e.Fields()["content"] != "hello 한글 👋" || len(e.Args) != 2 {
				t.Errorf("new_message: %s", e.Args)
			}
			if got := mina.Call("send_message", map[string]any{"studyId": "s2", "content": "x"}); got["ok"] != false || fmt.Sprint(got["error"]) != "map[code:not_joined message:join the study first]" {
				t.Errorf("send_message elsewhere: %v", got)
			}
			mina.Emit("send_message", map[string]any{"studyId": "s2", "content": "x"})
			if got := mina.Until("error").Fields(); got["code"] != "not_joined" {
				t.Errorf("error: %v", got)
			}
			publish := s.Publisher()
			if err := publish.Notify(t.Context(), room.Notification{UserID: "sora", Type: "x", Message: "for you"}); err != nil {
				t.Fatal(err)
			}
			if got := sora.Until("notification").Fields(); got["message"] != "for you" {
				t.Errorf("notification: %v", got)
			}
			if err := publish.Announce(t.Context(), room.StudyEvent{Type: room.MemberKicked, StudyID: "s1", UserID: "sora"}); err != nil {
				t.Fatal(err)
			}
			if got := sora.Until("room_left").Fields(); got["reason"] != "kicked" {
				t.Errorf("room_left: %v", got)
			}
			if e := sora.Until("cursor"); string(e.Args[0]) != `""` {
				t.Errorf("cursor: %s", e.Args)
			}
			sora.MustCall("join_room", map[string]any{"studyId": "s1"}) // it is still connected
			mina.MustCall("leave_room", map[string]any{"studyId": "s1"})
		})
	}
}

func TestRefusedTokens(t *testing.T) {
	node := Start(t)
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			s := serve(t, coup.Options{})
			bad := node.Open(t, s.url, with(kind, token("bad")))
			if e := bad.Until("@connect_error"); e.Active || string(e.Data) != `{"code":"token_invalid"}` || e.Message != "the token is not valid" {
				t.Errorf("connect_error: %+v", e)
			}
			event := node.Open(t, s.url, with(kind, nil))
			event.Until("@connect")
			call := event.Ask("authenticate", map[string]any{"token": "bad"})
			if got := event.Until("auth_error").Fields(); got["code"] != "token_invalid" {
				t.Errorf("auth_error: %v", got)
			}
			if got := event.Answer(call); got["ok"] != false {
				t.Errorf("authenticate: %v", got)
			}
			if e := event.Until("@disconnect"); e.Reason != "io server disconnect" || e.Active {
				t.Errorf("disconnect: %+v", e)
			}
			short := node.Open(t, s.url, with(kind, token("u1:2s")))
			if got := short.Until("auth_error").Fields(); got["code"] != "token_expired" {
				t.Errorf("auth_error: %v", got)
			}
			if e := short.Until("@disconnect"); e.Reason != "io server disconnect" || e.Active {
				t.Errorf("disconnect: %+v", e)
			}
			later := node.Open(t, s.url, with(kind, token("later")))
			later.Until("@attempt")
			later.Until("@attempt") // it comes again by itself
			later.Auth(map[string]any{"token": "mina"})
			later.Until("@connect")
		})
	}
}

// The server ends and another one takes its place: nothing is lost, nothing comes twice.
func TestAnotherServerTakesOver(t *testing.T) {
	node := Start(t)
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			shared := store.NewMemory()
			first := serve(t, coup.Options{Store: shared, Rate: -1})
			next := serve(t, coup.Options{Store: shared, Rate: -1})
			recovers := node.Open(t, first.url, with(kind, token("mina")))
			rejoins := node.Open(t, first.url, with(kind, nil))
			recovers.Until("@connect")
			rejoins.Until("@connect")
			rejoins.MustCall("authenticate", map[string]any{"token": "sora"})
			for _, c := range []*Client{recovers, rejoins} {
				c.MustCall("join_room", map[string]any{"studyId": "s1"})
			}
			for i := range 5 {
				recovers.MustCall("send_message", map[string]any{"studyId": "s1", "content": fmt.Sprint(i)})
			}
			recovers.Upto(1, 5)
			rejoins.Upto(1, 5)
			first.now.Store(next.Server)
			drained := make(chan error, 1)
			go func() { drained <- first.Server.Shutdown(t.Context()) }()
			post(t, shared, "s1", 3)
			for _, c := range []*Client{recovers, rejoins} {
				if e := c.Until("@disconnect"); !e.Active {
					t.Errorf("disconnect: %+v", e)
				}
				e := c.Until("@connect")
				if want := c == recovers; e.Recovered != want {
					t.Errorf("recovered %v, want %v", e.Recovered, want)
				}
			}
			rejoins.MustCall("authenticate", map[string]any{"token": "sora"})
			rejoins.MustCall("join_room", map[string]any{"studyId": "s1", "after": 5})
			recovers.MustCall("send_message", map[string]any{"studyId": "s1", "content": "last"})
			recovers.Upto(1, 9)
			rejoins.Upto(1, 9)
			if err := <-drained; err != nil {
				t.Error(err)
			}
		})
	}
}

// post stores messages without a hub.
func post(t *testing.T, s store.Store, study store.StudyID, n int) {
	t.Helper()
	for range n {
		m := store.Message{StudyID: study, UserID: "u9", UserName: "Park", Content: "stored", ClientID: store.NewClientID()}
		if _, err := s.Append(t.Context(), []store.Message{m}); err != nil {
			t.Fatal(err)
		}
	}
}
