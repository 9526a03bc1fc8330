package socketio_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coupchat/coup/internal/native"
	"github.com/coupchat/coup/internal/socketio"
	"github.com/coupchat/coup/internal/ws"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

var at = time.Date(2026, 3, 1, 12, 30, 0, 5e6, time.UTC)

func message(study store.StudyID, seq int64) *room.Event {
	return &room.Event{Kind: room.NewMessage, Message: store.Message{ID: "m", StudyID: study, Seq: seq, UserID: "u1", UserName: "Mina", Content: `"], 한글`, SentAt: at}}
}

// texts returns the texts of the frames in b, separated by line breaks.
func texts(t *testing.T, b []byte) string {
	t.Helper()
	var all []string
	for len(b) > 0 {
		op, payload, size := ws.ServerFrame(b)
		if op != ws.Text {
			t.Fatalf("a frame of type %d", op)
		}
		all = append(all, string(payload))
		b = b[size:]
	}
	return strings.Join(all, "\n")
}

// The packets of the server, as docs/protocol.md writes them.
func TestPackets(t *testing.T) {
	d, enc := &socketio.Dialect{}, socketio.Encoder{}
	id := native.RequestID{Text: "7", Given: true}
	for _, tt := range []struct {
		name string
		got  []byte
		want string
	}{
		{"open", socketio.Open("x", []string{"websocket"}, 25*time.Second, 10*time.Second, 65536),
			`0{"sid":"x","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":10000,"maxPayload":65536}`},
		{"open without upgrades", socketio.Open("x", nil, time.Second, time.Second, 1), `0{"sid":"x","upgrades":[],"pingInterval":1000,"pingTimeout":1000,"maxPayload":1}`},
		{"new_message", enc.EncodeEvent(message("s1", 7)),
			`42["new_message",{"id":"m","studyId":"s1","seq":7,"userId":"u1","userName":"Mina","content":"\"], 한글","sentAt":"2026-03-01T12:30:00.005Z"},"s1:7:mm7q9jk5"]`},
		{"notification", enc.EncodeEvent(&room.Event{Kind: room.Notified, Notice: &room.Notification{Type: "x", Message: "text"}}), `42["notification",{"type":"x","message":"text"}]`},
		{"ack of a post", d.Ack(id, native.Ack{MessageID: "m1", StudyID: "s1", Seq: 7, HasSeq: true, SentAt: at, ClientID: "c1"}),
			`437[{"ok":true,"id":"m1","studyId":"s1","seq":7,"sentAt":"2026-03-01T12:30:00.005Z","clientId":"c1"}]`},
		{"error by the callback", d.Error(id, native.Error{Code: "rate_limited", Message: "too fast", RetryAfter: time.Second}),
			`437[{"ok":false,"error":{"code":"rate_limited","message":"too fast","retryAfterMs":1000}}]`},
		{"error by an event", d.Error(native.RequestID{}, native.Error{Code: "empty", Message: "content is empty"}), `42["error",{"code":"empty","message":"content is empty"}]`},
		{"auth_success", d.AuthSuccess(id, "u1", "Mina", at),
			`42["auth_success",{"userId":"u1","userName":"Mina","expiresAt":"2026-03-01T12:30:00.005Z"}]` + "\n" +
				`437[{"ok":true,"userId":"u1","userName":"Mina","expiresAt":"2026-03-01T12:30:00.005Z"}]`},
		{"auth_error", d.AuthError(native.RequestID{}, "token_expired", "the token has expired"), `42["auth_error",{"message":"the token has expired","code":"token_expired"}]`},
		{"refused", d.Refused("token_invalid", "the token is not valid"), `44{"message":"the token is not valid","data":{"code":"token_invalid"}}`},
		{"ping", d.Ping(), "2"},
		{"forget", d.Forget(), `42["cursor",""]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := texts(t, tt.got); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	if b := d.Ack(native.RequestID{}, native.Ack{StudyID: "s1"}); b != nil {
		t.Errorf("Ack without an id = %q, want none", b)
	}
	if first, second := texts(t, d.Connected("p")), texts(t, d.Connected("p")); !strings.HasSuffix(first, `,"pid":"p"}`) || first == second {
		t.Errorf("Connected = %s, then %s; want the pid, and another sid each time", first, second)
	}
}

func TestOnlyAClientThatShouldNotComeBackGetsADisconnect(t *testing.T) {
	for code, final := range map[ws.Code]bool{
		ws.Policy: true, ws.Unauthenticated: true, ws.TooMany: true,
		ws.Normal: false, ws.GoingAway: false, ws.Internal: false, ws.TryLater: false, ws.AuthTimeout: false, ws.TooBig: false, ws.Protocol: false,
	} {
		got := (&socketio.Dialect{}).Close(code, "reason")
		op, payload, size := ws.ServerFrame(got)
		if has := op == ws.Text && string(payload) == "41"; has != final {
			t.Errorf("close %d: DISCONNECT %v, want %v", code, has, final)
		}
		if final {
			got = got[size:]
		}
		if op, payload, size := ws.ServerFrame(got); op != ws.Close || size != len(got) || string(payload[:2]) != string(code.Bytes()) {
			t.Errorf("close %d ends with %q", code, got)
		}
	}
}

// deliver returns what a client gets of events.
func deliver(t *testing.T, d *socketio.Dialect, events ...*room.Event) string {
	t.Helper()
	b := &room.Batch{Events: events}
	return texts(t, d.Deliver(b, b.Encoded(socketio.Encoder{})))
}

// cursors returns the last arguments of the packets in text, those that are strings.
func cursors(text string) (all []string) {
	for line := range strings.SplitSeq(text, "\n") {
		cursor := "none"
		if rest, ok := strings.CutSuffix(line, `"]`); ok {
			cursor = rest[strings.LastIndexByte(rest, '"')+1:]
		}
		all = append(all, cursor)
	}
	return all
}

func TestTheCursorNamesAllRooms(t *testing.T) {
	d := &socketio.Dialect{}
	left := func(study store.StudyID) *room.Event {
		return &room.Event{Kind: room.Left, StudyID: study, Reason: room.Kicked}
	}
	for i, step := range []struct{ got, want string }{
		{texts(t, d.Moved("s1", 6, at)), "s1:6:mm7q9jk5"},
		{deliver(t, d, message("s1", 7)), "s1:7:mm7q9jk5"},
		{deliver(t, d, &room.Event{Kind: room.Notified, StudyID: "s1", Notice: &room.Notification{}}), "none"},
		{texts(t, d.Moved("a:b:1", 0, time.Time{})), "s1:7:mm7q9jk5,a:b:1:0:"},
		{deliver(t, d, message("s1", 8), message("s1", 9)), "s1:8:mm7q9jk5,a:b:1:0: s1:9:mm7q9jk5,a:b:1:0:"},
		{deliver(t, d, message("a:b:1", 1)), "s1:9:mm7q9jk5,a:b:1:1:mm7q9jk5"},
		{deliver(t, d, &room.Event{Kind: room.Erased, StudyID: "s1", First: 1, Last: 2}), "none"},
		{deliver(t, d, &room.Event{Kind: room.Reset, StudyID: "a:b:1", Seq: 3}), "none s1:9:mm7q9jk5,a:b:1:3:"},
		{deliver(t, d, left("s1")), "none a:b:1:3:"},
		{deliver(t, d, message("a:b:1", 4), message("a:b:1", 5)), "a:b:1:4:mm7q9jk5 a:b:1:5:mm7q9jk5"},
		{texts(t, d.Left("a:b:1")), ""},
	} {
		if got := strings.Join(cursors(step.got), " "); got != step.want {
			t.Errorf("step %d: %s\nwant %s", i, got, step.want)
		}
	}
}

func TestACursorThatWouldBeTooLongIsEmpty(t *testing.T) {
	d := &socketio.Dialect{}
	for i := range 38 {
		d.Moved(store.StudyID(fmt.Sprintf("%036d", i)), 12345, at)
	}
	if got := cursors(deliver(t, d, message(store.StudyID(fmt.Sprintf("%036d", 0)), 12346)))[0]; len(got) < 38*48 || len(got) > 2048 {
		t.Errorf("the cursor of 38 rooms has %d bytes", len(got))
	}
	d.Moved(store.StudyID(strings.Repeat("x", 120)), 1, at)
	if got := cursors(deliver(t, d, message("s1", 1)))[0]; got != "" {
		t.Errorf("the cursor of too many rooms is %q", got)
	}
}

func TestParseCursorReadsWhatWasWritten(t *testing.T) {
	d := &socketio.Dialect{}
	d.Moved("a:b=|~", 7, at)
	text := cursors(texts(t, d.Moved("s2", 0, time.Time{})))[0]
	got, ok := socketio.ParseCursor(text)
	want := []socketio.Place{{StudyID: "a:b=|~", Seq: 7, SentAt: at}, {StudyID: "s2"}}
	if !ok || len(got) != 2 || got[0].StudyID != want[0].StudyID || got[0].Seq != 7 || !got[0].SentAt.Equal(at) || got[1] != want[1] {
		t.Errorf("ParseCursor(%q) = %v, %v", text, got, ok)
	}
	for _, forged := range []string{
		"", "s1", "s1:1", ":1:", "s1::", "s1:1:x y", "s1:-1:", "s1:+1:", "s1:01:", "s1:9007199254740992:", "s1:1:MM", "s1:1:,", ",s1:1:", "s1:1:,s1:2:",
		"s 1:1:", "..:1:", "s1:1:\x00", "s1:1:00", strings.Repeat("x", 129) + ":1:", "s1:1:" + strings.Repeat("z", 3000), "s1:1e3:", "s1:1:zzzzzzzzzzzz",
	} {
		if got, ok := socketio.ParseCursor(forged); ok {
			t.Errorf("ParseCursor(%q) = %v", forged, got)
		}
	}
}
