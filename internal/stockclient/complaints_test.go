package stockclient

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/internal/testenv"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// What people complain about elsewhere, a test each. That a failed WebSocket eats packets, and that
// sessions which are never polled stay, is in the tests of the module's root; that CORS hides errors
// is in those of the browser; a server that is killed is in those of examples/fullstack.

// Mina is in the study s1 over a forward, and somebody else posts there.
func inRoom(t *testing.T, node *Node, kind Options, opts coup.Options) (*server, *testenv.Forward, *Client) {
	t.Helper()
	if opts.Store == nil {
		opts.Store = store.NewMemory()
	}
	opts.Rate = -1
	s := serve(t, opts)
	f := testenv.NewForward(t, strings.TrimPrefix(s.url, "http://"))
	mina := node.Open(t, "http://"+f.Addr(), with(kind, token("mina")))
	mina.Until("@connect")
	mina.MustCall("join_room", map[string]any{"studyId": "s1"})
	return s, f, mina
}

// back waits until the client is connected again.
func back(t *testing.T, c *Client) {
	t.Helper()
	if e := c.Until("@connect"); !e.Recovered {
		t.Fatal("the client is not recovered")
	}
}

func eachKind(t *testing.T, test func(t *testing.T, kind Options)) {
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) { test(t, kind) })
	}
}

func TestRecoveredBeforeAnyEvent(t *testing.T) {
	node := Start(t)
	eachKind(t, func(t *testing.T, kind Options) {
		memory := store.NewMemory()
		_, _, mina := inRoom(t, node, kind, coup.Options{Store: memory})
		mina.Do("cut")
		post(t, memory, "s1", 3)
		back(t, mina)
		mina.Upto(1, 3)
	})
}

// short are options with which a line that carries nothing is noticed soon.
func short(s store.Store) coup.Options {
	opts := coup.Options{Store: s}
	opts.Hub.PingEvery, opts.Hub.PongTimeout = time.Second, 3*time.Second
	return opts
}

func TestAHalfOpenConnectionDoesNotSpoilTheNextRecovery(t *testing.T) {
	node := Start(t)
	eachKind(t, func(t *testing.T, kind Options) {
		t.Parallel() // it mostly waits
		memory := store.NewMemory()
		s, f, mina := inRoom(t, node, kind, short(memory))
		post(t, memory, "s1", 2)
		mina.Upto(1, 2)
		if name := kind["transports"]; fmt.Sprint(name) == "[polling]" {
			waitFor(t, "a GET waits", func() bool { return s.Stats().Polling == 1 })
		}
		f.Hole()
		post(t, memory, "s1", 2)
		back(t, mina) // after its ping timeout
		mina.Upto(1, 4)
		waitFor(t, "the old connection has timed out", func() bool { return s.Stats().Connections == 1 })
		mina.Do("cut")
		post(t, memory, "s1", 2)
		back(t, mina)
		mina.Upto(1, 6)
	})
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(timeout); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

func TestTheSecondRecoveryRepeatsNothing(t *testing.T) {
	node := Start(t)
	eachKind(t, func(t *testing.T, kind Options) {
		memory := store.NewMemory()
		_, _, mina := inRoom(t, node, kind, coup.Options{Store: memory})
		post(t, memory, "s1", 2)
		mina.Upto(1, 2)
		for range 3 {
			mina.Do("cut")
			back(t, mina)
		}
		post(t, memory, "s1", 1)
		mina.Upto(1, 3)
	})
}

func TestOtherEventsLeaveTheCursorAlone(t *testing.T) {
	node := Start(t)
	eachKind(t, func(t *testing.T, kind Options) {
		memory := store.NewMemory()
		s, _, mina := inRoom(t, node, kind, coup.Options{Store: memory})
		post(t, memory, "s1", 1)
		mina.Upto(1, 1)
		if err := s.Publisher().Notify(t.Context(), room.Notification{UserID: "mina", Type: "x", Message: "text"}); err != nil {
			t.Fatal(err)
		}
		mina.Until("notification")
		mina.Emit("send_message", map[string]any{"studyId": "s1"})
		mina.Until("error")
		mina.MustCall("authenticate", map[string]any{"token": "mina"})
		mina.Do("cut")
		post(t, memory, "s1", 1)
		back(t, mina)
		mina.Upto(1, 2)
	})
}

func TestAnUpgradeDoesNotHang(t *testing.T) {
	node := Start(t)
	s := serve(t, coup.Options{})
	f := testenv.NewForward(t, strings.TrimPrefix(s.url, "http://"))
	f.Delay(func(first []byte) time.Duration {
		if strings.Contains(string(first), "transport=websocket") {
			return 300 * time.Millisecond // longer than the first noop takes
		}
		return 0
	})
	mina := node.Open(t, "http://"+f.Addr(), with(nil, token("mina")))
	begin := time.Now()
	if e := mina.Until("@upgrade"); e.Transport != "websocket" || time.Since(begin) > 5*time.Second { // a hang lasts 25 s
		t.Errorf("after %s: %+v", time.Since(begin), e)
	}
	mina.MustCall("join_room", map[string]any{"studyId": "s1"})
}

// Two hubs behind a balancer that does not know which one has a client that polls.
func TestTwoHubsWithoutStickySessions(t *testing.T) {
	node := Start(t)
	memory := store.NewMemory()
	var hubs [2]*server
	for i, tag := range []string{"a", "b"} {
		opts := coup.Options{Store: memory}
		opts.Hub.Tag = tag
		hubs[i] = serve(t, opts)
	}
	var turn atomic.Int64
	var routes atomic.Bool
	balancer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hub := hubs[turn.Add(1)%2]
		if sid := r.URL.Query().Get("sid"); routes.Load() && sid != "" {
			hub = hubs[map[bool]int{true: 0, false: 1}[strings.HasPrefix(sid, "a.")]]
		}
		hub.SocketIO().ServeHTTP(w, r)
	}))
	defer balancer.Close()
	none := func() bool { return hubs[0].Stats().Connections+hubs[1].Stats().Connections == 0 }

	lost := node.Open(t, balancer.URL, with(kinds["polling only"], token("lost")))
	for range 5 { // it begins anew each time
		lost.Until("@attempt")
	}
	if n := hubs[0].Stats().Connections + hubs[1].Stats().Connections; n > 20 {
		t.Errorf("%d connections of one client", n)
	}
	lost.Do("disconnect")

	first := node.Open(t, balancer.URL, with(token("first"), Options{"transports": []string{"websocket", "polling"}, "tryAllTransports": true}))
	if e := first.Until("@connect"); e.Transport != "websocket" {
		t.Errorf("transport %s", e.Transport)
	}
	first.MustCall("join_room", map[string]any{"studyId": "s1"})
	first.Do("disconnect")

	routes.Store(true)
	for _, kind := range kinds {
		c := node.Open(t, balancer.URL, with(kind, token("mina")))
		c.Until("@connect")
		c.MustCall("join_room", map[string]any{"studyId": "s1"})
		c.Do("disconnect")
	}
	waitFor(t, "nothing stays", none)
}

// A message that is sent on a dead line, with the client's own retries, is stored once.
func TestEmitsOnADeadLineArriveOnce(t *testing.T) {
	node := Start(t)
	eachKind(t, func(t *testing.T, kind Options) {
		t.Parallel() // it mostly waits
		memory := store.NewMemory()
		_, f, mina := inRoom(t, node, with(kind, Options{"retries": 10, "ackTimeout": 1000}), short(memory))
		for round := range 3 {
			f.Hole()
			call := mina.Ask("send_message", map[string]any{"studyId": "s1", "content": "text", "clientId": fmt.Sprint("c", round)})
			if got := mina.Answer(call); got["ok"] != true {
				t.Fatalf("send_message: %v", got)
			}
		}
		mina.Upto(1, 3)
		if rows, err := memory.History(t.Context(), store.Query{StudyID: "s1", Limit: 10}); err != nil || len(rows) != 3 {
			t.Errorf("%d rows, %v", len(rows), err)
		}
	})
}

// What is emitted while the client is offline is sent before the application hears of the
// connection. The rooms are there by then.
func TestOfflineEmitsFindTheirRooms(t *testing.T) {
	node := Start(t)
	eachKind(t, func(t *testing.T, kind Options) {
		memory := store.NewMemory()
		s, f, mina := inRoom(t, node, kind, coup.Options{Store: memory})
		f.To("127.0.0.1:1") // nobody listens there
		mina.Do("cut")
		mina.Until("@disconnect")
		call := mina.Ask("send_message", map[string]any{"studyId": "s1", "content": "offline"})
		f.To(strings.TrimPrefix(s.url, "http://"))
		if got := mina.Answer(call); got["ok"] != true {
			t.Errorf("send_message: %v", got)
		}
		event := node.Open(t, s.url, with(kind, nil))
		event.Until("@connect")
		event.MustCall("authenticate", map[string]any{"token": "sora"})
		event.MustCall("join_room", map[string]any{"studyId": "s1"})
		event.Do("disconnect")
		event.Until("@disconnect")
		call = event.Ask("send_message", map[string]any{"studyId": "s1", "content": "offline"})
		event.Do("connect")
		if got := event.Answer(call); got["ok"] != false {
			t.Errorf("without a token: %v", got)
		}
	})
}
