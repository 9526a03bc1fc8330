package native_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/coupchat/coup/internal/native"
)

func TestDecodeReadsEveryField(t *testing.T) {
	deep := strings.Repeat("[", 14) + strings.Repeat("]", 14)
	for _, tt := range []struct {
		name, in string
		check    func(r native.Request) bool
	}{
		{"an event with data and an id last", `{"event":"join_room","data":{"studyId":"s1","after":7},"id":"a"}`, func(r native.Request) bool {
			return r.Event == "join_room" && r.ID.Text == "a" && r.ID.Given && r.Data.StudyID == "s1" && r.Data.HasAfter && r.Data.After == 7
		}},
		{"an empty id is an id", `{"id":"","event":"x"}`, func(r native.Request) bool { return r.ID.Given && r.ID.Text == "" }},
		{"no id", ` { "event" : "x" } `, func(r native.Request) bool { return !r.ID.Given && !r.Data.HasContent() }},
		{"escapes and surrogate pairs", `{"event":"x","data":{"content":"\u00e9\ud83d\ude00\n\"\\\/"}}`, func(r native.Request) bool { return r.Data.Content == "é😀\n\"\\/" }},
		{"raw emoji and Hangul", `{"event":"x","data":{"content":"😀 한글"}}`, func(r native.Request) bool { return r.Data.Content == "😀 한글" }},
		{"unknown fields of any kind", `{"event":"x","more":[1,{"a":null},true,-1.5e+3],"data":{"x":` + deep + `}}`, func(r native.Request) bool { return r.Event == "x" }},
		{"names in another case are other names", `{"event":"x","Event":"y","data":{"STUDYID":"s"}}`, func(r native.Request) bool { return r.Event == "x" && !r.Data.HasStudyID() }},
		{"an empty content is there", `{"event":"x","data":{"content":""}}`, func(r native.Request) bool { return r.Data.HasContent() }},
		{"after zero", `{"event":"x","data":{"after":0}}`, func(r native.Request) bool { return r.Data.HasAfter }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := (native.Dialect{}).Decode([]byte(tt.in), false)
			if err != nil || !tt.check(r) {
				t.Errorf("Decode(%s) = %+v, %v", tt.in, r, err)
			}
		})
	}
}

func TestDecodeRefusesAFrameThatIsNotOneObject(t *testing.T) {
	for _, in := range []string{
		``, ` `, `null`, `[]`, `"x"`, `1`, `{`, `{}x`, `{"event":"x"}{}`, `{"event":"x",}`, `{"event" "x"}`, `{event:"x"}`, `{'event':'x'}`,
		`{"event":"x","n":01}`, `{"event":"x","n":1.}`, `{"event":"x","n":.5}`, `{"event":"x","n":+1}`, `{"event":"x","n":1e}`, `{"event":"x","n":NaN}`,
		`{"event":"x","s":"\x"}`, `{"event":"x","s":"\u12"}`, `{"event":"x","s":"\u12zz"}`, "{\"event\":\"x\",\"s\":\"a\nb\"}", `{"event":"x","s":"`,
		"{\"event\":\"x\",\"s\":\"\xff\"}", "{\"event\":\"x\",\"s\":\"\\n\xff\"}", `{"event":"x","a":[1,]}`, `{"event":"x","a":[1 2]}`, `{"event":"x","a":tru}`,
		`{"event":"x","a":` + strings.Repeat("[", 100000) + `}`, `{"event":"x"}` + "\x00", "\ufeff{}",
	} {
		if r, err := (native.Dialect{}).Decode([]byte(in), false); err == nil {
			t.Errorf("Decode(%.60q) = %+v, want an error", in, r)
		}
	}
}

func TestDecodeKeepsTheIDOfAMalformedRequest(t *testing.T) {
	for _, tt := range []struct{ name, in string }{
		{"no event", `{"id":"7"}`},
		{"event of a wrong type", `{"event":1,"id":"7"}`},
		{"data of a wrong type", `{"event":"x","data":[],"id":"7"}`},
		{"null data", `{"event":"x","data":null,"id":"7"}`},
		{"content of a wrong type", `{"event":"x","data":{"content":{}},"id":"7"}`},
		{"NUL in the content", `{"event":"x","data":{"content":"a\u0000b"},"id":"7"}`},
		{"a lone high surrogate", `{"event":"x","data":{"content":"\ud83d"},"id":"7"}`},
		{"a lone low surrogate", `{"event":"x","data":{"content":"\ude00\ud83d"},"id":"7"}`},
		{"a high surrogate before something else", `{"event":"x","data":{"content":"\ud83d\n"},"id":"7"}`},
		{"a duplicate key", `{"event":"x","event":"x","id":"7"}`},
		{"a duplicate key below", `{"event":"x","data":{"content":"a","content":"b"},"id":"7"}`},
		{"a duplicate key after many", `{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"i":1,"event":"x","id":"7"}`},
		{"after as a string", `{"event":"x","data":{"after":"3"},"id":"7"}`},
		{"after below zero", `{"event":"x","data":{"after":-1},"id":"7"}`},
		{"after with a fraction", `{"event":"x","data":{"after":1.5},"id":"7"}`},
		{"a huge after", `{"event":"x","data":{"after":99999999999999999999},"id":"7"}`},
		{"a null after", `{"event":"x","data":{"after":null},"id":"7"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := (native.Dialect{}).Decode([]byte(tt.in), false)
			if err == nil || !r.ID.Given || r.ID.Text != "7" {
				t.Errorf("Decode(%s) = %+v, %v; want an error and the id", tt.in, r, err)
			}
		})
	}
}

// FuzzDecode compares Decode with encoding/json: what Decode accepts must be JSON, and
// its strings must be those that encoding/json reads.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"event":"join_room","data":{"studyId":"s1","after":7},"id":"a"}`))
	f.Add([]byte(`{"event":"x","data":{"content":"\ud83d\ude00\n\"\\\/"}}`))
	f.Add([]byte(`{"a":[{"b":[1e5,-0.1,true,null]}],"event":"e"}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := (native.Dialect{}).Decode(in, false)
		if err != nil {
			return
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(in, &want); err != nil {
			t.Fatalf("Decode accepted %q: %v", in, err)
		}
		var event string
		if err := json.Unmarshal(want["event"], &event); err != nil || event != r.Event || !utf8.ValidString(r.Event) {
			t.Fatalf("Decode(%q) read event %q, want %q (%v)", in, r.Event, event, err)
		}
		if strings.ContainsRune(r.Data.Content, 0) {
			t.Fatalf("Decode(%q) let NUL through", in)
		}
	})
}
