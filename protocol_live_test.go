package coup_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// two returns two servers that share a store and a bus.
func (k kind) two(t *testing.T, opts coup.Options) (first, second string) {
	t.Helper()
	shared := bus.NewMemory()
	t.Cleanup(func() { shared.Close() })
	opts.Store, opts.Bus = store.NewMemory(), shared
	_, first = k.serve(t, opts)
	_, second = k.serve(t, opts)
	return first, second
}

func fields(t *testing.T, e wstest.Event, want data) {
	t.Helper()
	for key, value := range want {
		if fmt.Sprint(e.Data[key]) != fmt.Sprint(value) {
			t.Errorf("%s has %s %v, want %v", e.Event, key, e.Data[key], value)
		}
	}
	if len(e.Data) != len(want) {
		t.Errorf("%s has the fields %v, want %v", e.Event, e.Data, want)
	}
}

func TestWhatIsNotStoredReachesTheOtherHub(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		first, second := k.two(t, coup.Options{})
		mina, jun := login(t, first, "mina:Mina"), login(t, second, "jun:Jun")
		ack := mina.Call("join_room", data{"studyId": "s1", "presence": true}, nil)
		fields(t, ack, data{"studyId": "s1", "seq": 0, "online": "[map[userId:mina userName:Mina]]", "onlineCount": 1})
		jun.Join("s1")
		fields(t, mina.Expect("presence"), data{"studyId": "s1", "userId": "jun", "userName": "Jun", "online": true})

		fields(t, jun.Call("typing", data{"studyId": "s1"}, nil), data{"studyId": "s1"})
		fields(t, mina.Expect("user_typing"), data{"studyId": "s1", "userId": "jun", "userName": "Jun"})

		fields(t, mina.Call("signal", data{"studyId": "s1", "to": "jun", "kind": "offer", "data": data{"sdp": "v=0"}}, nil), data{"studyId": "s1"})
		fields(t, jun.Expect("signal"), data{"studyId": "s1", "from": "mina", "fromName": "Mina", "kind": "offer", "data": "map[sdp:v=0]"})
		fields(t, mina.Call("signal", data{"studyId": "s1", "to": "nobody", "kind": "offer", "data": nil}, nil), data{"studyId": "s1"})

		jun.Close()
		fields(t, mina.Expect("presence"), data{"studyId": "s1", "userId": "jun", "userName": "Jun", "online": false})
	})
}

func TestMarksFollowTheUser(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		first, second := k.two(t, coup.Options{Room: room.Options{Receipts: true}})
		mina, phone, jun := login(t, first, "mina:Mina"), login(t, second, "mina:Mina"), login(t, second, "jun:Jun")
		mina.Join("s1")
		marked := false // their first mark, which may come before the ack
		joined := jun.Call("join_room", data{"studyId": "s1", "reads": true}, func(e wstest.Event) { marked = e.Event == "read_marked" })
		fields(t, joined, data{"studyId": "s1", "seq": 0, "readSeq": 0, "unread": 0})
		if !marked {
			jun.Expect("read_marked")
		}
		mina.Expect("read_marked")
		for i := range 3 {
			say(mina, "s1", fmt.Sprint("message ", i))
			jun.Expect("new_message")
			mina.Expect("new_message")
		}
		// The phone has not joined.
		fields(t, phone.Call("mark_read", data{"studyId": "s1", "seq": 2}, func(e wstest.Event) {
			fields(t, e, data{"studyId": "s1", "userId": "mina", "seq": 2, "unread": 0})
		}), data{"studyId": "s1", "seq": 2, "unread": 0})
		fields(t, mina.Expect("read_marked"), data{"studyId": "s1", "userId": "mina", "seq": 2, "unread": 0})
		fields(t, jun.Expect("read_marked"), data{"studyId": "s1", "userId": "mina", "seq": 2})

		ack := jun.Call("mark_read", data{"studyId": "s1", "seq": 1}, func(e wstest.Event) {
			fields(t, e, data{"studyId": "s1", "userId": "jun", "seq": 1, "unread": 2})
		})
		fields(t, ack, data{"studyId": "s1", "seq": 1, "unread": 2})
		fields(t, mina.Expect("read_marked"), data{"studyId": "s1", "userId": "jun", "seq": 1})
		again := login(t, first, "jun:Jun")
		joined = again.Call("join_room", data{"studyId": "s1", "reads": true, "after": 3}, nil)
		fields(t, joined, data{"studyId": "s1", "seq": 3, "sentAt": joined.Data["sentAt"], "readSeq": 1, "unread": 2})
	})
}

func TestWhatIsNotStoredIsRefusedWhereItMakesNoSense(t *testing.T) {
	private := store.MembersFunc(func(_ context.Context, study store.StudyID, _ store.UserID) (string, error) {
		if study == "secret" {
			return "", store.ErrNotFound
		}
		return "member", nil
	})
	_, url := kind{}.serve(t, coup.Options{Rate: -1, Members: private})
	signal := func(more data) data {
		d := data{"studyId": "s1", "to": "jun", "kind": "offer", "data": 1}
		for k, v := range more {
			d[k] = v
		}
		return d
	}
	without := func(key string) data { d := signal(nil); delete(d, key); return d }
	rows := []struct {
		name, event string
		data        data
		code        string
	}{
		{"typing", "typing", data{"studyId": "s1"}, ""},
		{"typing without a study", "typing", data{}, "bad_request"},
		{"typing in another room", "typing", data{"studyId": "s2"}, "not_joined"},
		{"typing in no room", "typing", data{"studyId": "a b"}, "bad_request"},
		{"a signal", "signal", signal(nil), ""},
		{"a signal of 16 levels", "signal", signal(data{"data": deep(16)}), ""},
		{"a signal of 17 levels", "signal", signal(data{"data": deep(17)}), "bad_request"},
		{"a signal of 16 KiB", "signal", signal(data{"data": strings.Repeat("x", 16<<10-2)}), ""},
		{"a signal of more", "signal", signal(data{"data": strings.Repeat("x", 16<<10-1)}), "too_large"},
		{"a signal to nobody", "signal", without("to"), "bad_request"},
		{"a signal to a number", "signal", signal(data{"to": 7}), "bad_request"},
		{"a signal to no id", "signal", signal(data{"to": "a b"}), "bad_request"},
		{"a signal of no kind", "signal", without("kind"), "bad_request"},
		{"a signal of a kind of 64 characters", "signal", signal(data{"kind": strings.Repeat("가", 64)}), ""},
		{"a signal of a longer kind", "signal", signal(data{"kind": strings.Repeat("가", 65)}), "bad_request"},
		{"a signal of an empty kind", "signal", signal(data{"kind": ""}), "bad_request"},
		{"a signal of a long kind", "signal", signal(data{"kind": strings.Repeat("x", 65)}), "bad_request"},
		{"a signal without data", "signal", without("data"), "bad_request"},
		{"a signal in another room", "signal", signal(data{"studyId": "s2"}), "not_joined"},
		{"a signal without a study", "signal", without("studyId"), "bad_request"},
		{"a mark", "mark_read", data{"studyId": "s1", "seq": 0}, ""},
		{"a mark above the head", "mark_read", data{"studyId": "s1", "seq": 1 << 40}, ""},
		{"a mark where one has not joined", "mark_read", data{"studyId": "s2", "seq": 0}, ""},
		{"a mark without a seq", "mark_read", data{"studyId": "s1"}, "bad_request"},
		{"a mark below 0", "mark_read", data{"studyId": "s1", "seq": -1}, "bad_request"},
		{"a mark that is a text", "mark_read", data{"studyId": "s1", "seq": "1"}, "bad_request"},
		{"a mark without a study", "mark_read", data{"seq": 1}, "bad_request"},
		{"a mark in no study", "mark_read", data{"studyId": "a b", "seq": 1}, "bad_request"},
		{"a mark in the study of others", "mark_read", data{"studyId": "secret", "seq": 1}, "forbidden"},
		{"presence that is a text", "join_room", data{"studyId": "s1", "presence": "yes"}, "bad_request"},
		{"reads that is a number", "join_room", data{"studyId": "s1", "reads": 1}, "bad_request"},
		{"a join that asks for both", "join_room", data{"studyId": "s1", "reads": true, "presence": true}, ""},
	}
	for protocol, ask := range askers(t, url, "mina") {
		for _, tt := range rows {
			if code := ask(tt.event, tt.data); code != tt.code {
				t.Errorf("%s, %s: %q, want %q", protocol, tt.name, code, tt.code)
			}
		}
	}
}

// deep returns n arrays, one in the other.
func deep(n int) any {
	var v any = 1
	for range n {
		v = []any{v}
	}
	return v
}

// A store that keeps messages only makes marks unsupported, and joins go on.
func TestMarksNeedAStoreThatKeepsThem(t *testing.T) {
	_, url := kind{}.serve(t, coup.Options{Store: struct{ store.Store }{store.NewMemory()}})
	c := login(t, url, "mina")
	fields(t, c.Call("join_room", data{"studyId": "s1", "reads": true}, nil), data{"studyId": "s1", "seq": 0})
	if e := c.Call("mark_read", data{"studyId": "s1", "seq": 0}, nil); e.String("code") != "unsupported" {
		t.Errorf("mark_read = %+v, want unsupported", e)
	}
}

// A store that fails makes marks unavailable.
func TestAMarkThatIsNotStoredIsNotAcknowledged(t *testing.T) {
	_, url := kind{}.serve(t, coup.Options{Store: failingMarks{store.NewMemory()}})
	c := login(t, url, "mina")
	c.Call("join_room", data{"studyId": "s1", "reads": true}, nil)
	if e := c.Call("mark_read", data{"studyId": "s1", "seq": 0}, nil); e.String("code") != "unavailable" {
		t.Errorf("mark_read = %+v, want unavailable", e)
	}
}

type failingMarks struct{ *store.Memory }

func (failingMarks) MarkRead(context.Context, []store.ReadMark) error { return errors.New("disk full") }
