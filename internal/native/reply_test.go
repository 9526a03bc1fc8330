package native_test

import (
	"testing"
	"time"

	"github.com/coupchat/coup/internal/native"
	"github.com/coupchat/coup/internal/ws"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// The frames of the server, as docs/protocol.md writes them.
func TestFrames(t *testing.T) {
	var d native.Dialect
	at := time.Date(2026, 3, 1, 12, 30, 0, 5e6, time.UTC)
	id := native.RequestID{Text: "a\"1", Given: true}
	message := store.Message{ID: "m1", StudyID: "s1", Seq: 7, UserID: "u1", UserName: "Mina", Content: "\t</b> 한글", SentAt: at, ClientID: "c1"}
	for _, tt := range []struct {
		name string
		got  []byte
		want string
	}{
		{"new_message", d.EncodeEvent(&room.Event{Kind: room.NewMessage, Message: message}),
			`{"event":"new_message","data":{"id":"m1","studyId":"s1","seq":7,"userId":"u1","userName":"Mina","content":"\t</b> 한글","sentAt":"2026-03-01T12:30:00.005Z","clientId":"c1"}}`},
		{"room_left", d.EncodeEvent(&room.Event{Kind: room.Left, StudyID: "s1", Reason: room.Kicked}),
			`{"event":"room_left","data":{"studyId":"s1","reason":"kicked"}}`},
		{"notification", d.EncodeEvent(&room.Event{Kind: room.Notified, StudyID: "s1", Notice: &room.Notification{Type: "x", Message: "text", Link: "/a", ID: "n1"}}),
			`{"event":"notification","data":{"type":"x","message":"text","link":"/a","studyId":"s1","id":"n1"}}`},
		{"notification without a link", d.EncodeEvent(&room.Event{Kind: room.Notified, Notice: &room.Notification{Type: "x"}}),
			`{"event":"notification","data":{"type":"x","message":""}}`},
		{"ack of a post", d.Ack(id, native.Ack{MessageID: "m1", StudyID: "s1", Seq: 7, HasSeq: true, SentAt: at, ClientID: "c1"}),
			`{"event":"ack","id":"a\"1","data":{"id":"m1","studyId":"s1","seq":7,"sentAt":"2026-03-01T12:30:00.005Z","clientId":"c1"}}`},
		{"ack of a join", d.Ack(id, native.Ack{StudyID: "s1", HasSeq: true, Truncated: true}),
			`{"event":"ack","id":"a\"1","data":{"studyId":"s1","seq":0,"truncated":true}}`},
		{"ack of a leave", d.Ack(id, native.Ack{StudyID: "s1"}), `{"event":"ack","id":"a\"1","data":{"studyId":"s1"}}`},
		{"error", d.Error(native.RequestID{}, native.Error{Code: "empty", Message: "content is empty"}),
			`{"event":"error","data":{"code":"empty","message":"content is empty"}}`},
		{"error with a wait", d.Error(native.RequestID{Given: true}, native.Error{Code: "rate_limited", Message: "too fast", RetryAfter: 1500 * time.Microsecond}),
			`{"event":"error","id":"","data":{"code":"rate_limited","message":"too fast","retryAfterMs":2}}`},
		{"auth_success", d.AuthSuccess(id, "u1", "Mina", at),
			`{"event":"auth_success","id":"a\"1","data":{"userId":"u1","userName":"Mina","expiresAt":"2026-03-01T12:30:00.005Z"}}`},
		{"auth_error", d.AuthError(native.RequestID{}, "token_expired", "the token has expired"),
			`{"event":"auth_error","data":{"message":"the token has expired","code":"token_expired"}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := ws.Seal(append(make([]byte, ws.HeaderSpace), tt.want...))
			if string(tt.got) != string(want) {
				t.Errorf("got  %q\nwant %q", tt.got, want)
			}
		})
	}
	if b := d.Ack(native.RequestID{}, native.Ack{StudyID: "s1"}); b != nil {
		t.Errorf("Ack without an id = %q, want none", b)
	}
}

func TestABatchIsTheFramesOfItsEvents(t *testing.T) {
	var d native.Dialect
	a, b := &room.Event{Kind: room.Left, StudyID: "s1"}, &room.Event{Kind: room.Left, StudyID: "s2"}
	got := string(d.EncodeBatch(&room.Batch{Events: []*room.Event{a, b}}))
	if want := string(d.EncodeEvent(a)) + string(d.EncodeEvent(b)); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
