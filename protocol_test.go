package coup_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/store"
)

// data is what an event carries.
type data = map[string]any

// only lets the users of one study in, as long as the set says so.
func only(study store.StudyID, users ...store.UserID) store.Members {
	return store.MembersFunc(func(_ context.Context, s store.StudyID, u store.UserID) (string, error) {
		for _, member := range users {
			if s == study && u == member {
				return "member", nil
			}
		}
		return "", store.ErrNotFound
	})
}

// login connects a user.
func login(t *testing.T, url, user string) *wstest.Client {
	t.Helper()
	c := wstest.Dial(t, url, nil)
	c.Login(user)
	return c
}

// say posts, which must succeed, and returns the ack; what else comes is dropped.
func say(c *wstest.Client, study, content string) wstest.Event {
	return c.Call("send_message", data{"studyId": study, "content": content}, nil)
}

// fill puts messages 1 to n into a study, past all hubs.
func fill(t *testing.T, s store.Store, study store.StudyID, n int) {
	t.Helper()
	for n > 0 {
		batch := make([]store.Message, min(n, store.MaxBatch))
		for i := range batch {
			batch[i] = store.Message{StudyID: study, UserID: "u9", UserName: "Park", Content: "stored", ClientID: store.NewClientID()}
		}
		if _, err := s.Append(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		n -= len(batch)
	}
}

// expectSeqs reads new_message from one seq to another, in order.
func expectSeqs(t *testing.T, c *wstest.Client, from, to int64) {
	t.Helper()
	for seq := from; seq <= to; seq++ {
		if e := c.Expect("new_message"); e.Int("seq") != seq {
			t.Fatalf("got seq %d, want %d", e.Int("seq"), seq)
		}
	}
}

// Whatever is wrong with a request, its answer says so under its id, and the next
// good one works.
func TestEveryBadRequestGetsItsCode(t *testing.T) {
	_, url := serve(t, coup.Options{Rate: -1, Members: only("s1", "u1")})
	c := login(t, url, "u1")
	c.Join("s1")
	deep := func(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }
	send := func(fields string) string { return `{"event":"send_message","id":"x","data":{` + fields + `}}` }
	joining := func(fields string) string { return `{"event":"join_room","id":"x","data":{` + fields + `}}` }
	for _, tt := range []struct{ name, raw, code, id string }{
		{"nothing", ``, "bad_request", ""},
		{"white space", ` `, "bad_request", ""},
		{"not JSON", `hello`, "bad_request", ""},
		{"half an object", `{"event":"join_room"`, "bad_request", ""},
		{"an array", `[{"event":"join_room"}]`, "bad_request", ""},
		{"a string", `"join_room"`, "bad_request", ""},
		{"a number", `42`, "bad_request", ""},
		{"null", `null`, "bad_request", ""},
		{"two objects", `{"event":"join_room"}{"event":"join_room"}`, "bad_request", ""},
		{"an empty object", `{}`, "bad_request", ""},
		{"no event", `{"id":"x","data":{}}`, "bad_request", "x"},
		{"an event that is a number", `{"event":7,"id":"x"}`, "bad_request", "x"},
		{"an event that is null", `{"event":null,"id":"x"}`, "bad_request", "x"},
		{"an unknown event", `{"event":"shout","id":"x","data":{}}`, "bad_request", "x"},
		{"an event of the server", `{"event":"new_message","id":"x","data":{"studyId":"s1"}}`, "bad_request", "x"},
		{"an event in another case", `{"event":"Join_Room","id":"x","data":{"studyId":"s1"}}`, "bad_request", "x"},
		{"an id that is a number", `{"event":"join_room","id":7,"data":{"studyId":"s1"}}`, "bad_request", ""},
		{"an id that is null", `{"event":"join_room","id":null,"data":{"studyId":"s1"}}`, "bad_request", ""},
		{"data that is an array", `{"event":"join_room","data":[],"id":"x"}`, "bad_request", "x"},
		{"data that is a string", `{"event":"join_room","data":"s1","id":"x"}`, "bad_request", "x"},
		{"data that is null", `{"event":"join_room","data":null,"id":"x"}`, "bad_request", "x"},
		{"no data", `{"event":"join_room","id":"x"}`, "bad_request", "x"},
		{"a duplicate event", `{"event":"join_room","event":"leave_room","id":"x","data":{"studyId":"s1"}}`, "bad_request", "x"},
		{"a duplicate field", send(`"studyId":"s1","content":"a","content":"b"`), "bad_request", "x"},
		{"a duplicate field nobody knows", send(`"studyId":"s1","content":"a","x":1,"x":1`), "bad_request", "x"},
		{"nested too deeply", `{"id":"x","event":"join_room","data":{"studyId":"s1","x":` + deep(40) + `}}`, "bad_request", "x"},
		{"nested absurdly", `{"event":"join_room","data":` + strings.Repeat("[", 60_000), "bad_request", ""},
		{"studyId missing on join", joining(``), "bad_request", "x"},
		{"studyId a number", joining(`"studyId":1`), "bad_request", "x"},
		{"studyId empty", joining(`"studyId":""`), "bad_request", "x"},
		{"studyId with a space", joining(`"studyId":"a b"`), "bad_request", "x"},
		{"studyId with a slash", joining(`"studyId":"a/b"`), "bad_request", "x"},
		{"studyId in Hangul", joining(`"studyId":"한"`), "bad_request", "x"},
		{"studyId of 129 characters", joining(`"studyId":"` + strings.Repeat("s", 129) + `"`), "bad_request", "x"},
		{"a field in another case is not there", joining(`"studyid":"s1"`), "bad_request", "x"},
		{"after negative", joining(`"studyId":"s1","after":-1`), "bad_request", "x"},
		{"after a fraction", joining(`"studyId":"s1","after":1.5`), "bad_request", "x"},
		{"after a string", joining(`"studyId":"s1","after":"1"`), "bad_request", "x"},
		{"after huge", joining(`"studyId":"s1","after":99999999999999999999`), "bad_request", "x"},
		{"not a member", joining(`"studyId":"s2"`), "forbidden", "x"},
		{"an absent study", joining(`"studyId":"absent"`), "forbidden", "x"},
		{"leaving nothing", `{"event":"leave_room","id":"x","data":{}}`, "bad_request", "x"},
		{"leaving a bad id", `{"event":"leave_room","id":"x","data":{"studyId":"a b"}}`, "bad_request", "x"},
		{"leaving where it is not", `{"event":"leave_room","id":"x","data":{"studyId":"s2"}}`, "not_joined", "x"},
		{"content missing", send(`"studyId":"s1"`), "bad_request", "x"},
		{"content null", send(`"studyId":"s1","content":null`), "bad_request", "x"},
		{"content a number", send(`"studyId":"s1","content":5`), "bad_request", "x"},
		{"sending without studyId", send(`"content":"a"`), "bad_request", "x"},
		{"sending where it is not", send(`"studyId":"s2","content":"a"`), "not_joined", "x"},
		{"content empty", send(`"studyId":"s1","content":""`), "empty", "x"},
		{"content of spaces", send(`"studyId":"s1","content":" \t\r\n "`), "empty", "x"},
		{"content of wide spaces", send(`"studyId":"s1","content":"\u00a0\u2003\u3000\u2028"`), "empty", "x"},
		{"content of 2,001 letters", send(`"studyId":"s1","content":"` + strings.Repeat("a", 2001) + `"`), "too_large", "x"},
		{"content of 1,001 emoji", send(`"studyId":"s1","content":"` + strings.Repeat("😀", 1001) + `"`), "too_large", "x"},
		{"content with NUL", send(`"studyId":"s1","content":"a\u0000b"`), "bad_request", "x"},
		{"a raw NUL", send("\"studyId\":\"s1\",\"content\":\"a\x00b\""), "bad_request", ""},
		{"a lone high surrogate", send(`"studyId":"s1","content":"\ud83d!"`), "bad_request", "x"},
		{"a lone low surrogate", send(`"studyId":"s1","content":"\ude00"`), "bad_request", "x"},
		{"clientId empty", send(`"studyId":"s1","content":"a","clientId":""`), "bad_request", "x"},
		{"clientId of 65 characters", send(`"studyId":"s1","content":"a","clientId":"` + strings.Repeat("c", 65) + `"`), "bad_request", "x"},
		{"clientId a number", send(`"studyId":"s1","content":"a","clientId":1`), "bad_request", "x"},
		{"clientId with a control character", send(`"studyId":"s1","content":"a","clientId":"\u0001a"`), "bad_request", "x"},
		{"authenticate without a token", `{"event":"authenticate","id":"x","data":{}}`, "bad_request", "x"},
		{"a token of a wrong type", `{"event":"authenticate","id":"x","data":{"token":1}}`, "bad_request", "x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c.Text(tt.raw)
			e := c.Expect("error")
			if e.String("code") != tt.code || e.String("message") == "" {
				t.Errorf("%.90s: got %s, want %s", tt.raw, e.Raw, tt.code)
			}
			if tt.id == "" && e.ID != nil && tt.name != "a raw NUL" || tt.id != "" && (e.ID == nil || *e.ID != tt.id) {
				t.Errorf("%.90s: got %s, want the id %q", tt.raw, e.Raw, tt.id)
			}
			if ack := say(c, "s1", "still well"); ack.Event != "ack" {
				t.Errorf("the next good request: %s", ack.Raw)
			}
			c.Expect("new_message")
			c.ExpectNothing()
		})
	}
}

func TestContentComesBackAsItWasWrittenButTrimmed(t *testing.T) {
	_, url := serve(t, coup.Options{Rate: -1})
	a, b := login(t, url, "u1:민지 \"M\" \\ </script>"), login(t, url, "u2")
	a.Join("s1")
	b.Join("s1")
	for i, tt := range []struct{ name, content, want string }{
		{"one letter", "a", "a"},
		{"2,000 letters", strings.Repeat("a", 2000), strings.Repeat("a", 2000)},
		{"2,000 letters and white space around", " \n" + strings.Repeat("a", 2000) + "\t\u3000 ", strings.Repeat("a", 2000)},
		{"1,000 emoji", strings.Repeat("😀", 1000), strings.Repeat("😀", 1000)},
		{"2,000 syllables", strings.Repeat("한", 2000), strings.Repeat("한", 2000)},
		{"white space inside", "a \t\n b", "a \t\n b"},
		{"control characters inside", "a\x01\x1b\x7f\u0085b", "a\x01\x1b\x7f\u0085b"},
		{"what HTML and JSON care for", `<b>"&'\/` + "\u2028\u2029", `<b>"&'\/`},
		{"signs joined and combined", "👩‍👩‍👧‍👦 e\u0301 \u202eabc \ufeffx \ufffd", "👩‍👩‍👧‍👦 e\u0301 \u202eabc \ufeffx \ufffd"},
		{"the end of Unicode", "\U0010ffff\uffff", "\U0010ffff\uffff"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ack := a.Call("send_message", data{"studyId": "s1", "content": tt.content}, nil)
			for _, c := range []*wstest.Client{a, b} {
				m := c.Expect("new_message")
				if m.String("content") != tt.want || m.String("userName") != "민지 \"M\" \\ </script>" || m.String("userId") != "u1" {
					t.Errorf("got %.200s, want content %.100q", m.Raw, tt.want)
				}
				if m.Int("seq") != int64(i+1) || ack.Int("seq") != m.Int("seq") || m.String("id") != ack.String("id") || m.String("studyId") != "s1" || m.String("sentAt") != ack.String("sentAt") {
					t.Errorf("ack %s, message %.200s", ack.Raw, m.Raw)
				}
				if _, there := m.Data["clientId"]; there {
					t.Errorf("%.200s has a clientId nobody gave", m.Raw)
				}
			}
			if _, there := ack.Data["clientId"]; there {
				t.Errorf("%s has a clientId nobody gave", ack.Raw)
			}
		})
	}
}

// The same clientId of the same user in the same study is one message for ever;
// of another user or in another study it is another one.
func TestClientIDMakesSendingRepeatable(t *testing.T) {
	_, url := serve(t, coup.Options{Rate: -1})
	a, b := login(t, url, "u1"), login(t, url, "u2")
	for _, c := range []*wstest.Client{a, b} {
		c.Join("s1")
		c.Join("s2")
	}
	for _, clientID := range []string{"c", strings.Repeat("c", 64), strings.Repeat("😀", 32), "한글 id/\"\\"} {
		send := func(c *wstest.Client, study string) wstest.Event {
			ack := c.Call("send_message", data{"studyId": study, "content": "hi", "clientId": clientID}, nil)
			if ack.Event != "ack" || ack.String("clientId") != clientID || ack.String("studyId") != study {
				t.Fatalf("ack = %s", ack.Raw)
			}
			return ack
		}
		first := send(a, "s1")
		again := send(a, "s1")
		a.Close()
		a = login(t, url, "u1")
		a.Join("s1")
		a.Join("s2")
		later := send(a, "s1")
		for _, ack := range []wstest.Event{again, later} {
			if ack.String("id") != first.String("id") || ack.Int("seq") != first.Int("seq") || ack.String("sentAt") != first.String("sentAt") {
				t.Errorf("repeat: %s, want as before: %s", ack.Raw, first.Raw)
			}
		}
		other, elsewhere := send(b, "s1"), send(a, "s2")
		if other.String("id") == first.String("id") || other.Int("seq") != first.Int("seq")+1 || elsewhere.String("id") == first.String("id") {
			t.Errorf("first %s, other user %s, other study %s", first.Raw, other.Raw, elsewhere.Raw)
		}
	}
}

func TestWithoutIDOnlyFailuresAreReported(t *testing.T) {
	_, url := serve(t, coup.Options{Members: only("s1", "u1")})
	c := login(t, url, "u1")
	c.Send("join_room", nil, data{"studyId": "s1"})
	c.Send("send_message", nil, data{"studyId": "s1", "content": "hi"})
	if e := c.Expect("new_message"); e.ID != nil || e.Int("seq") != 1 {
		t.Errorf("got %s", e.Raw)
	}
	for _, tt := range []struct {
		event, code string
		data        data
	}{
		{"send_message", "empty", data{"studyId": "s1", "content": " "}},
		{"send_message", "not_joined", data{"studyId": "s2", "content": "hi"}},
		{"join_room", "forbidden", data{"studyId": "s2"}},
		{"leave_room", "not_joined", data{"studyId": "s2"}},
	} {
		c.Send(tt.event, nil, tt.data)
		if e := c.Expect("error"); e.ID != nil || e.String("code") != tt.code {
			t.Errorf("%s: got %s, want %s without an id", tt.event, e.Raw, tt.code)
		}
	}
	c.Send("leave_room", nil, data{"studyId": "s1"})
	c.ExpectNothing()
	empty := ""
	c.Send("join_room", &empty, data{"studyId": "s1"})
	if e := c.Expect("ack"); e.ID == nil || *e.ID != "" {
		t.Errorf("an empty id is one too: got %s", e.Raw)
	}
}

func TestJoinRoomReplaysWhatCameAfter(t *testing.T) {
	for _, tt := range []struct {
		name      string
		have      int
		after     any
		from, to  int64
		truncated bool
	}{
		{"an empty study", 0, 0, 1, 0, false},
		{"no after", 5, nil, 1, 0, false},
		{"from the start", 5, 0, 1, 5, false},
		{"the middle", 5, 3, 4, 5, false},
		{"nothing is missing", 5, 5, 1, 0, false},
		{"ahead of the newest", 5, 99, 1, 0, false},
		{"500 are missing", 507, 7, 8, 507, false},
		{"501 are missing", 507, 6, 1, 0, true},
		{"1,200 are missing", 1200, 0, 1, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := store.NewMemory()
			fill(t, s, "s1", tt.have)
			_, url := serve(t, coup.Options{Store: s})
			for _, first := range []string{"in a room just opened", "in a room at work"} {
				c := login(t, url, "u1")
				request := data{"studyId": "s1"}
				if tt.after != nil {
					request["after"] = tt.after
				}
				ack := c.Call("join_room", request, func(e wstest.Event) { t.Errorf("%s: %s before the ack", first, e.Raw) })
				if ack.Event != "ack" || ack.Int("seq") != int64(tt.have) || ack.String("studyId") != "s1" || (ack.Data["truncated"] == true) != tt.truncated {
					t.Fatalf("%s: %s, want seq %d, truncated %v", first, ack.Raw, tt.have, tt.truncated)
				}
				expectSeqs(t, c, tt.from, tt.to)
				c.ExpectNothing()
			}
		})
	}
}

func TestJoinRoomAgainAsksForMore(t *testing.T) {
	s := store.NewMemory()
	fill(t, s, "s1", 3)
	_, url := serve(t, coup.Options{Store: s})
	c := login(t, url, "u1")
	c.Join("s1")
	if ack := c.Call("join_room", data{"studyId": "s1", "after": 1}, nil); ack.Int("seq") != 3 {
		t.Errorf("ack = %s", ack.Raw)
	}
	expectSeqs(t, c, 2, 3)
	say(c, "s1", "live")
	expectSeqs(t, c, 4, 4)
	c.ExpectNothing() // once, though it joined twice
	if ack := c.Call("leave_room", data{"studyId": "s1"}, nil); ack.Event != "ack" || ack.String("studyId") != "s1" {
		t.Errorf("leave_room: %s", ack.Raw)
	}
	if e := say(c, "s1", "gone"); e.String("code") != "not_joined" {
		t.Errorf("after leaving: %s", e.Raw)
	}
	other := login(t, url, "u2")
	other.Join("s1")
	say(other, "s1", "unheard")
	c.ExpectNothing()
	if ack := c.Call("join_room", data{"studyId": "s1", "after": 4}, nil); ack.Int("seq") != 5 {
		t.Errorf("ack = %s", ack.Raw)
	}
	expectSeqs(t, c, 5, 5)
}

func TestSenderMayBeExcluded(t *testing.T) {
	opts := coup.Options{}
	opts.Hub.ExcludeSender = true
	_, url := serve(t, opts)
	a, twin, b := login(t, url, "u1"), login(t, url, "u1"), login(t, url, "u2")
	for _, c := range []*wstest.Client{a, twin, b} {
		c.Join("s1")
	}
	say(a, "s1", "hi")
	expectSeqs(t, b, 1, 1)
	expectSeqs(t, twin, 1, 1) // the same user's other connection
	a.ExpectNothing()
	say(b, "s1", "hi yourself")
	expectSeqs(t, a, 2, 2)
}

func TestTooFastIsRateLimited(t *testing.T) {
	_, url := serve(t, coup.Options{Rate: 0.5})
	a, twin, b := login(t, url, "u1"), login(t, url, "u1"), login(t, url, "u2")
	for _, c := range []*wstest.Client{a, twin, b} {
		c.Join("s1")
	}
	say(a, "s1", "one")
	for name, c := range map[string]*wstest.Client{"the same connection": a, "another one of the same user": twin} {
		e := say(c, "s1", "two")
		if wait := e.Int("retryAfterMs"); e.Event != "error" || e.String("code") != "rate_limited" || wait < 1 || wait > 2000 {
			t.Errorf("%s: %s, want rate_limited with at most 2,000 ms", name, e.Raw)
		}
	}
	if e := say(b, "s1", "others may"); e.Event != "ack" {
		t.Errorf("another user: %s", e.Raw)
	}
}

// fault is a Store that fails when it is told to.
type fault struct {
	store.Store
	before, after, heads atomic.Int32 // how many calls still fail
}

var errFault = errors.New("secret detail of the driver")

func (f *fault) Append(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
	if f.before.Add(-1) >= 0 {
		return nil, errFault
	}
	stored, err := f.Store.Append(ctx, msgs)
	if f.after.Add(-1) >= 0 {
		return nil, errFault
	}
	return stored, err
}

func (f *fault) Heads(ctx context.Context, studies []store.StudyID) (map[store.StudyID]int64, error) {
	if f.heads.Add(-1) >= 0 {
		return nil, errFault
	}
	return f.Store.Heads(ctx, studies)
}

func TestUnavailableIsSaidAndNothingIsStoredTwice(t *testing.T) {
	for _, tt := range []struct {
		name          string
		before, after int32
		clientID      bool
		code          string
		stored        int64 // afterwards, with one retry by the client if it was refused
	}{
		{"one failure is retried", 1, 0, false, "", 1},
		{"one answer lost, without a clientId", 0, 1, false, "", 1},
		{"one answer lost, with a clientId", 0, 1, true, "", 1},
		{"two answers lost", 0, 2, false, "", 1},
		{"the store stays away", 1000, 0, true, "unavailable", 1},
		{"every answer is lost", 0, 1000, true, "unavailable", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fault{Store: store.NewMemory()}
			opts := coup.Options{Store: f}
			opts.Room.PostBudget = 300 * time.Millisecond
			_, url := serve(t, opts)
			c := login(t, url, "u1")
			c.Join("s1")
			f.before.Store(tt.before)
			f.after.Store(tt.after)
			message := data{"studyId": "s1", "content": "hi"}
			if tt.clientID {
				message["clientId"] = "c1"
			}
			e := c.Call("send_message", message, nil)
			if e.String("code") != tt.code || strings.Contains(e.Raw, "secret") {
				t.Fatalf("got %s, want code %q", e.Raw, tt.code)
			}
			f.before.Store(0)
			f.after.Store(0)
			if tt.code != "" {
				if e := c.Call("send_message", message, nil); e.Event != "ack" || e.Int("seq") != 1 {
					t.Errorf("the retry: %s", e.Raw)
				}
			}
			expectSeqs(t, c, 1, tt.stored)
			if ack := say(c, "s1", "next"); ack.Int("seq") != tt.stored+1 {
				t.Errorf("the next message: %s, want seq %d", ack.Raw, tt.stored+1)
			}
		})
	}
}

func TestJoinIsUnavailableWhileNothingCanBeChecked(t *testing.T) {
	f := &fault{Store: store.NewMemory()}
	var away atomic.Bool
	opts := coup.Options{Store: f, Members: store.MembersFunc(func(context.Context, store.StudyID, store.UserID) (string, error) {
		if away.Load() {
			return "", fmt.Errorf("ask the business server: %w", errFault)
		}
		return "member", nil
	})}
	opts.Room.CheckHeads = -1
	_, url := serve(t, opts)
	c := login(t, url, "u1")
	away.Store(true)
	if e := c.Call("join_room", data{"studyId": "s1"}, nil); e.String("code") != "unavailable" || strings.Contains(e.Raw, "secret") {
		t.Errorf("members away: %s", e.Raw)
	}
	away.Store(false)
	f.heads.Store(1)
	if e := c.Call("join_room", data{"studyId": "s1"}, nil); e.String("code") != "unavailable" || strings.Contains(e.Raw, "secret") {
		t.Errorf("store away: %s", e.Raw)
	}
	c.Join("s1")
}

// eager says more in the same write as the first thing it says.
type eager struct {
	net.Conn
	more []byte
}

func (e *eager) Write(b []byte) (int, error) {
	_, err := e.Conn.Write(append(slices.Clone(b), e.more...))
	e.more = nil
	return len(b), err
}

func TestWhatComesWithTheHandshakeIsHeard(t *testing.T) {
	_, at := serve(t, coup.Options{})
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	first := wstest.Frame(0x81, []byte(`{"event":"authenticate","id":"1","data":{"token":"u1"}}`))
	c, resp, err := wstest.Handshake(t, &eager{conn, first}, u, nil)
	if err != nil || c == nil {
		t.Fatalf("%v, %v", resp, err)
	}
	c.Expect("auth_success")
	c.Join("s1")
}

func TestRoomsOfOneConnectionAreLimited(t *testing.T) {
	opts := coup.Options{}
	opts.Hub.MaxRooms = 2
	_, url := serve(t, opts)
	c := login(t, url, "u1")
	c.Join("s1")
	c.Join("s2")
	if e := c.Call("join_room", data{"studyId": "s3"}, nil); e.String("code") != "bad_request" {
		t.Errorf("a third room: %s, want bad_request", e.Raw)
	}
	c.Join("s2") // it is there already
	if e := c.Call("leave_room", data{"studyId": "s1"}, nil); e.Event != "ack" {
		t.Errorf("leave: %s", e.Raw)
	}
	c.Join("s3")
	say(c, "s3", "here")
}
