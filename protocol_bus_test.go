package coup_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/store"
)

// a town is two hubs that share a store, a bus and a list of members.
type town struct {
	t     *testing.T
	bus   *bus.Memory
	store *store.Memory
	urls  [2]string

	mu      sync.Mutex // guards outside
	outside map[store.UserID]bool
}

func newTown(t *testing.T, change func(*coup.Options)) *town {
	w := &town{t: t, bus: bus.NewMemory(), store: store.NewMemory(), outside: map[store.UserID]bool{}}
	t.Cleanup(func() { w.bus.Close() })
	for i := range w.urls {
		opts := coup.Options{Store: w.store, Bus: w.bus, Members: w, Rate: -1}
		opts.Room.CheckHeads = 50 * time.Millisecond
		if change != nil {
			change(&opts)
		}
		_, w.urls[i] = serve(t, opts)
	}
	return w
}

// Member lets everyone in who was not put out.
func (w *town) Member(_ context.Context, _ store.StudyID, user store.UserID) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.outside[user] {
		return "", store.ErrNotFound
	}
	return "member", nil
}

func (w *town) putOut(user store.UserID, out bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.outside[user] = out
}

// publish says something as a business server in any language would.
func (w *town) publish(channel, payload string) {
	w.t.Helper()
	if err := w.bus.Publish(w.t.Context(), bus.Message{Channel: channel, Payload: []byte(payload)}); err != nil {
		w.t.Errorf("publish: %v", err)
	}
}

// eventually waits until ok.
func (w *town) eventually(what string, ok func() bool) {
	w.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(wstest.Timeout); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			w.t.Fatalf("waited in vain for: %s", what)
		}
	}
}

func TestNotificationsReachEveryConnectionOnEveryHub(t *testing.T) {
	w := newTown(t, nil)
	a, twin, far, b := login(t, w.urls[0], "u1"), login(t, w.urls[0], "u1"), login(t, w.urls[1], "u1"), login(t, w.urls[1], "u2")
	mine, all := []*wstest.Client{a, twin, far}, []*wstest.Client{a, twin, far, b}
	expect := func(clients []*wstest.Client, message string) {
		t.Helper()
		for _, c := range clients {
			if e := c.Expect("notification"); e.ID != nil || e.String("type") != "like" || e.String("message") != message {
				t.Errorf("got %s, want %q", e.Raw, message)
			}
		}
		for _, c := range all {
			c.ExpectNothing()
		}
	}
	w.publish("notifications", `{"userId":"u1","type":"like","message":"한글 😀 <b>","link":"/studies/1"}`)
	expect(mine, "한글 😀 <b>")
	w.publish("notifications", `{"userIds":["u1","u2","u1","absent"],"type":"like","message":"both","link":""}`)
	expect(all, "both")
	w.publish("notifications", `{"userId":"u1","userIds":["u2"],"type":"like","message":"both ways"}`)
	expect(all, "both ways")
	for range 3 {
		w.publish("notifications", `{"userId":"u1","type":"like","message":"once","id":"n1"}`)
	}
	expect(mine, "once")
	w.publish("notifications", `{"userIds":["u1","u2"],"type":"like","message":"new to u2","id":"n1"}`)
	expect([]*wstest.Client{b}, "new to u2")
}

func TestLinksThatMayBeClickedPass(t *testing.T) {
	w := newTown(t, nil)
	c := login(t, w.urls[1], "u1")
	for _, tt := range []struct {
		link string
		good bool
	}{
		{"/studies/1", true}, {"/", true}, {"/a?b=c&d=%20#e", true}, {"https://example.org/a", true}, {"https://example.org:8443", true},
		{"javascript:alert(1)", false}, {`JaVa\tScript:alert(1)`, false}, {` javascript:alert(1)`, false}, {"data:text/html,x", false}, {"vbscript:x", false},
		{"//evil.example", false}, {`/\\evil.example`, false}, {`\\\\evil.example`, false}, {`/\t/evil.example`, false}, {`/\n/evil.example`, false},
		{"http://example.org", false}, {"https:evil.example", false}, {"https:///evil", false}, {"https://a@evil.example", false}, {"studies/1", false}, {"ftp://example.org", false},
		{"blob:https://example.org/1", false}, {`https:\\\\evil.example`, false}, {`\u0001javascript:x`, false},
	} {
		w.publish("notifications", `{"userId":"u1","type":"t","message":"m","link":"`+tt.link+`"}`)
		if e := c.Expect("notification"); (e.String("link") != "") != tt.good || tt.good && e.String("link") != tt.link {
			t.Errorf("link %q: got %s, want it kept: %v", tt.link, e.Raw, tt.good)
		}
	}
}

// What is no text is no link, and costs the event nothing else.
func TestALinkThatIsNoTextIsDropped(t *testing.T) {
	w := newTown(t, nil)
	c := login(t, w.urls[0], "u1")
	c.Join("s1")
	for _, link := range []string{`7`, `null`, `true`, `{}`, `{"href":"/a"}`, `["/a"]`} {
		w.publish("notifications", `{"userId":"u1","type":"t","message":"m","link":`+link+`}`)
		w.publish("study-events", `{"type":"notice","studyId":"s1","message":"m","link":`+link+`}`)
		for range 2 {
			if e := c.Expect("notification"); e.String("message") != "m" || e.String("link") != "" {
				t.Errorf("link %s: got %s", link, e.Raw)
			}
		}
	}
}

// Who is put out is out, even if the words that go with it are too many to be shown.
func TestAKickDoesNotHangOnItsWords(t *testing.T) {
	w := newTown(t, nil)
	for event, reason := range map[string]string{"member_kicked": "kicked", "study_deleted": "study_deleted"} {
		c := login(t, w.urls[1], "u1")
		c.Join("s1")
		w.publish("study-events", `{"type":"`+event+`","studyId":"s1","userId":"u1","message":"`+strings.Repeat("m", 9<<10)+`"}`)
		if e := c.Expect("room_left"); e.String("reason") != reason {
			t.Errorf("got %s", e.Raw)
		}
		c.ExpectNothing()
	}
}

func TestStudyEventsDoWhatTheySay(t *testing.T) {
	w := newTown(t, nil)
	a, b, elsewhere := login(t, w.urls[0], "u1"), login(t, w.urls[1], "u2"), login(t, w.urls[1], "u3")
	a.Join("s1")
	b.Join("s1")
	elsewhere.Join("s2")
	quiet := func() {
		t.Helper()
		for _, c := range []*wstest.Client{a, b, elsewhere} {
			c.ExpectNothing()
		}
	}
	expect := func(kind string, clients ...*wstest.Client) {
		t.Helper()
		for _, c := range clients {
			if e := c.Expect("notification"); e.String("type") != kind || e.String("studyId") != "s1" || e.String("message") != "m" || e.String("link") != "/s" {
				t.Errorf("got %s, want %s", e.Raw, kind)
			}
		}
		quiet()
	}
	w.publish("study-events", `{"type":"notice","studyId":"s1","message":"m","link":"/s","id":"e1"}`)
	w.publish("study-events", `{"type":"notice","studyId":"s1","message":"m","link":"/s","id":"e1"}`)
	expect("notice", a, b)
	w.publish("study-events", `{"type":"renamed","studyId":"s1","message":"m","link":"/s"}`)
	expect("renamed", a, b)
	w.publish("study-events", `{"type":"promoted","studyId":"s1","userId":"u3","message":"m","link":"/s"}`)
	expect("promoted", elsewhere)
	w.publish("study-events", `{"type":"member_approved","studyId":"s1","userId":"u3","message":"m","link":"/s"}`)
	expect("member_approved", elsewhere)
	w.publish("study-events", `{"type":"study_deleted","studyId":"s1"}`)
	for _, c := range []*wstest.Client{a, b} {
		if e := c.Expect("room_left"); e.String("studyId") != "s1" || e.String("reason") != "study_deleted" {
			t.Errorf("got %s", e.Raw)
		}
		if e := say(c, "s1", "hi"); e.String("code") != "not_joined" {
			t.Errorf("after study_deleted: %s", e.Raw)
		}
	}
	quiet()
	say(elsewhere, "s2", "still here")
}

func TestAKickedMemberIsOutOnEveryHub(t *testing.T) {
	w := newTown(t, nil)
	near, far, other := login(t, w.urls[0], "u1"), login(t, w.urls[1], "u1"), login(t, w.urls[1], "u2")
	for _, c := range []*wstest.Client{near, far, other} {
		c.Join("s1")
		c.Join("s2")
	}
	w.putOut("u1", true)
	w.publish("study-events", `{"type":"member_kicked","studyId":"s1","userId":"u1","message":"out","link":"/studies"}`)
	for _, c := range []*wstest.Client{near, far} {
		if e := c.Expect("room_left"); e.String("studyId") != "s1" || e.String("reason") != "kicked" {
			t.Errorf("got %s", e.Raw)
		}
		if e := c.Expect("notification"); e.String("type") != "member_kicked" || e.String("message") != "out" || e.String("studyId") != "s1" {
			t.Errorf("got %s", e.Raw)
		}
		if e := say(c, "s1", "hi"); e.String("code") != "not_joined" {
			t.Errorf("sending: %s", e.Raw)
		}
		if e := c.Call("join_room", data{"studyId": "s1"}, nil); e.String("code") != "forbidden" {
			t.Errorf("joining: %s", e.Raw)
		}
	}
	say(other, "s1", "secret")
	other.Expect("new_message")
	near.ExpectNothing()
	far.ExpectNothing()
	w.putOut("u1", false)
	near.Join("s1")
	if e := say(near, "s2", "never left"); e.Event != "ack" {
		t.Errorf("in the other study: %s", e.Raw)
	}
}

// A kick that comes while the kicked one's join is under way wins.
func TestAKickBeatsAJoinUnderWay(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan error)
	first := true // only the first question is held back
	var mu sync.Mutex
	w := newTown(t, func(opts *coup.Options) {
		opts.Members = store.MembersFunc(func(context.Context, store.StudyID, store.UserID) (string, error) {
			mu.Lock()
			held := first
			first = false
			mu.Unlock()
			if !held {
				return "", store.ErrNotFound
			}
			close(asked)
			return "member", <-answer
		})
	})
	c := login(t, w.urls[0], "u1")
	id := "x"
	c.Send("join_room", &id, data{"studyId": "s1"})
	<-asked
	w.publish("study-events", `{"type":"member_kicked","studyId":"s1","userId":"u1","message":"out"}`)
	answer <- nil
	c.Expect("notification")
	if e := c.Expect("error"); e.String("code") != "forbidden" {
		t.Errorf("the join: %s, want forbidden", e.Raw)
	}
	c.ExpectNothing()
}

func TestJunkOnTheBusStopsNothing(t *testing.T) {
	w := newTown(t, nil)
	c := login(t, w.urls[0], "u1")
	c.Join("s1")
	junk := []string{
		``, ` `, `hello`, `{`, `[]`, `null`, `42`, `"x"`, `{}`, "\xff\xfe", "\x00", `{"type":1}`, `{"type":"t"}`, `{"userId":"u1"}`, `{"userId":"u1","type":""}`,
		`{"userId":1,"type":"t"}`, `{"userIds":"u1","type":"t"}`, `{"userIds":[],"type":"t"}`, `{"userIds":[null],"type":"t"}`, `{"userId":"a b","type":"t"}`, `{"userIds":["u1",""],"type":"t"}`,
		`{"userId":"u1","type":"t","message":{}}`, `{"userId":"u1","type":"t","id":7}`,
		`{"type":"notice","studyId":""}`, `{"type":"notice","studyId":"a b"}`, `{"type":"notice","studyId":7}`, `{"type":"member_kicked","studyId":"s1"}`, `{"type":"member_kicked","studyId":"s1","userId":"a b"}`,
		`{"type":"","studyId":"s1"}`, `{"type":"` + strings.Repeat("t", 200) + `","studyId":"s1","userId":"u1"}`, strings.Repeat("[", 100_000),
		`{"userId":"u1","studyId":"s1","type":"t","message":"` + strings.Repeat("m", 2<<20) + `"}`,
	}
	for _, payload := range junk {
		for _, channel := range []string{"notifications", "study-events", "coup:room:s1"} {
			w.publish(channel, payload)
		}
		w.publish("notifications", `{"userId":"u1","type":"good","message":"m"}`)
		if e := c.Expect("notification"); e.String("type") != "good" {
			t.Errorf("after %.60q: %.200s", payload, e.Raw)
		}
		w.publish("study-events", `{"type":"notice","studyId":"s1","message":"m"}`)
		if e := c.Expect("notification"); e.String("type") != "notice" {
			t.Errorf("after %.60q: %.200s", payload, e.Raw)
		}
	}
	say(c, "s1", "still well")
	c.Expect("new_message")
	c.ExpectNothing()
}

func TestHubsHearEachOtherInOneOrder(t *testing.T) {
	w := newTown(t, func(opts *coup.Options) { opts.Room.CheckHeads = -1 })
	const each = 50
	var senders, readers []*wstest.Client
	for i, url := range w.urls {
		s, r := login(t, url, fmt.Sprintf("sender%d", i)), login(t, url, fmt.Sprintf("reader%d", i))
		s.Join("s1")
		r.Join("s1")
		senders, readers = append(senders, s), append(readers, r)
	}
	var wg sync.WaitGroup
	for _, s := range senders {
		wg.Go(func() {
			for i := range each {
				if e := say(s, "s1", fmt.Sprint(i)); e.Event != "ack" {
					t.Errorf("ack = %s", e.Raw)
					return
				}
			}
		})
	}
	wg.Wait()
	for _, r := range readers {
		expectSeqs(t, r, 1, 2*each)
		r.ExpectNothing()
	}
}

// What was stored while no bus spoke of it is found in the store.
func TestMessagesTheBusNeverBroughtArrive(t *testing.T) {
	w := newTown(t, nil)
	a, b := login(t, w.urls[0], "u1"), login(t, w.urls[1], "u2")
	a.Join("s1")
	b.Join("s1")
	fill(t, w.store, "s1", 600)
	expectSeqs(t, a, 1, 600)
	expectSeqs(t, b, 1, 600)
	say(a, "s1", "live")
	expectSeqs(t, b, 601, 601)
}

func TestPresenceLastsUntilTheLastConnectionIsGone(t *testing.T) {
	w := newTown(t, nil)
	is := func(user store.UserID) bool {
		p, err := w.store.Presence(t.Context(), []store.UserID{user})
		if err != nil {
			t.Fatal(err)
		}
		return p[user].Online
	}
	online := func() bool { return is("u1") }
	if online() {
		t.Error("u1 is online before they came")
	}
	a, twin, far := login(t, w.urls[0], "u1"), login(t, w.urls[0], "u1"), login(t, w.urls[1], "u1")
	w.eventually("u1 online", online)
	a.Close()
	twin.Close()
	// The first hub says so after its last connection; the second still has one.
	next := login(t, w.urls[0], "u2")
	w.eventually("u2 online", func() bool { return is("u2") })
	next.Close()
	w.eventually("u2 offline", func() bool { return !is("u2") })
	if !online() {
		t.Error("u1 is offline with a connection on the other hub")
	}
	far.Close()
	w.eventually("u1 offline", func() bool { return !online() })
}
