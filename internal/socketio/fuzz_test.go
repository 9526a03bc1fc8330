package socketio_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/coupchat/coup/internal/native"
	"github.com/coupchat/coup/internal/socketio"
	"github.com/coupchat/coup/internal/ws"
)

// FuzzCursor checks that a cursor which is read is written again as it was.
func FuzzCursor(f *testing.F) {
	for _, seed := range []string{"s1:7:mm7q9jk5", "s1:7:,a:b:1:0:", "", ",", "s1:1:,s1:2:", "s1:01:"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		places, ok := socketio.ParseCursor(text)
		if !ok {
			return
		}
		d, frame := &socketio.Dialect{}, []byte(nil)
		for _, p := range places {
			frame = d.Moved(p.StudyID, p.Seq, p.SentAt)
		}
		if got := cursors(texts(t, frame))[0]; got != text {
			t.Fatalf("%q was written again as %q", text, got)
		}
	})
}

// FuzzPacket compares what is read of an event with encoding/json.
func FuzzPacket(f *testing.F) {
	for _, seed := range []string{
		`42["join_room",{"studyId":"s1","after":7}]`, `4217["send_message",{"studyId":"s1","content":"\ud83d\ude00"}]`, `40{"token":"t"}`, `41`, `3`,
		`451-["x",{"_placeholder":true,"num":0}]`, `40/x,{}`, `42/x,1["a"]`, `43[1]`, `2probe`, `42["x",{"content":"a","content":"b"}]`, `42["connect"]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		d := &socketio.Dialect{}
		if _, err := d.Decode([]byte("40"), false); err != nil {
			t.Fatal(err)
		}
		r, err := d.Decode(in, false)
		if _, violated := errors.AsType[*ws.Error](err); violated || r.Kind != native.Event || err != nil {
			return
		}
		_, rest, _ := strings.Cut(string(in), "[")
		var args []json.RawMessage
		if err := json.Unmarshal([]byte("["+rest), &args); err != nil || len(args) == 0 {
			t.Fatalf("Decode accepted %q: %v", in, err)
		}
		var name string
		if err := json.Unmarshal(args[0], &name); err != nil || name != r.Event {
			t.Fatalf("Decode(%q) read event %q, want %q", in, r.Event, name)
		}
		if strings.ContainsRune(r.Data.Content, 0) {
			t.Fatalf("Decode(%q) let NUL through", in)
		}
	})
}
