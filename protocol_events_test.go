package coup_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/store"
)

// An asked is one request as text, and the answer: "ack", "auth_success", "auth_error" or an
// error code.
type asked struct{ request, answer string }

// Every field of every request with values of every kind. Each request gets one answer, and the
// connection lives on.
func TestEveryFieldOfEveryRequest(t *testing.T) {
	long := strings.Repeat("x", 2001)
	notText := []string{"null", "1", "-0.5", "true", "false", "[]", `["s1"]`, "{}", `{"a":"s1"}`}
	notID := []string{`""`, `" "`, `"a b"`, `"a/b"`, `"."`, `".."`, `"` + long[:129] + `"`, `"한글"`, `"a\u0000"`, `"a\n"`, `"a%2Fb"`, `"a\\b"`, `"a?b"`, `"a#b"`, `"a*"`, `"\ud800"`, `"a\u200b"`, `"<a>"`, `"a'b"`, `"a;b"`, `"a,b"`}
	ids := []string{`"s1"`, `"auth0|1"`, `"a+b@example.org"`, `"A=B~C"`, `"..."`, `"` + long[:128] + `"`, `"a:b.c-d_e"`, `"\u0073\u0031"`}
	var all []asked
	add := func(answer, format string, values ...string) {
		for _, v := range values {
			all = append(all, asked{strings.ReplaceAll(format, "%", v), answer})
		}
	}
	study := func(event, rest, valid string) {
		format := `{"event":"` + event + `","id":"1","data":{"studyId":%` + rest + `}}`
		add("bad_request", format, notText...)
		add("bad_request", format, notID...)
		add(valid, format, ids...)
		add("bad_request", `{"event":"`+event+`","id":"1","data":%}`, "{}", "null", "1", `"s1"`, "[]", `{"StudyId":"s1"`+rest+`}`, `{"studyid":"s1"`+rest+`}`)
		add("bad_request", `{"event":"`+event+`","id":"1"%}`, "", `,"Data":{"studyId":"s1"}`, `,"data":{"studyId":"s1","studyId":"s1"}`)
	}
	study("leave_room", "", "not_joined")
	study("send_message", `,"content":"hi"`, "not_joined")
	study("join_room", "", "ack")
	joined := `{"event":"send_message","id":"1","data":{"studyId":"s1",%}}`
	add("bad_request", `{"event":"join_room","id":"1","data":{"studyId":"s1","after":%}}`, `"1"`, "-1", "0.5", "1e400", "true", "[]", "{}", "9223372036854775807", "9223372036854775808", "-9223372036854775808", `""`, "1.5e0", "null")
	add("ack", `{"event":"join_room","id":"1","data":{"studyId":"s1","after":%}}`, "0", "1", "9007199254740991")
	add("bad_request", `{"event":"join_room","id":"1","data":{"studyId":"s1","after":0,"afterSentAt":%}}`, "null", "1", "true", "[]", "{}", `""`, `"now"`, `"2026-01-01"`, `"2026-01-01T00:00:00"`, `"2026-13-01T00:00:00Z"`, `"2026-01-01 00:00:00Z"`)
	add("ack", `{"event":"join_room","id":"1","data":{"studyId":"s1","after":0,"afterSentAt":%}}`, `"2026-01-01T00:00:00Z"`, `"2026-01-01T00:00:00.123Z"`, `"2026-01-01T09:00:00+09:00"`)
	for _, v := range notText {
		add("bad_request", joined, `"content":`+v, `"content":"hi","clientId":`+v)
	}
	add("ack", joined, `"content":" hi "`, `"content":"\ud83d\ude00"`, `"content":"한글\u3000"`, `"content":"`+long[1:]+`"`, `"content":"hi","more":{"a":[1,{"b":null}]}`, `"content":"\u202e"`, `"content":"a\tb\nc"`, `"content":"hi","clientId":"`+long[:64]+`"`, `"content":"\u200b"`, `"content":"\u0085"`)
	add("empty", joined, `"content":""`, `"content":" "`, `"content":"\t\n\r "`, `"content":"\u3000\u00a0\u2028"`, `"content":"\ufeff"`)
	add("too_large", joined, `"content":"`+long+`"`, `"content":"`+strings.Repeat("가", 2001)+`"`, `"content":"`+strings.Repeat("😀", 1001)+`"`)
	add("bad_request", joined, `"content":"a\u0000b"`, `"content":"\ud800"`, `"content":"\udc00\ud800"`, `"content":"a","content":"b"`, `"content":"hi","clientId":"`+long[:65]+`"`, `"content":"hi","clientId":"a\u0000"`, `"content":"hi","clientId":"a\n"`, `"content":"hi","clientId":"\u009f"`, `"content":"hi","clientId":"a\u200b"`, `"content":"hi","clientId":"\ud800"`, `"Content":"hi"`, `"content":"hi","clientId":"a","clientId":"a"`)
	add("bad_request", `{"event":"authenticate","id":"1","data":{"token":%}}`, notText...)
	add("bad_request", `{"event":"authenticate","id":"1","data":{"token":%}}`, `"a\u0000"`, `"\ud800"`)
	add("auth_error", `{"event":"authenticate","id":"1","data":{"token":%}}`, `"bad"`, `"old"`, `"u2"`, `""`)
	add("unavailable", `{"event":"authenticate","id":"1","data":{"token":%}}`, `"later"`)
	add("auth_success", `{"event":"authenticate","id":"1","data":{"token":%}}`, `"u1"`, `"u1:Mina"`, `"\u0075\u0031"`)
	add("bad_request", `{"event":%,"id":"1","data":{"studyId":"s1"}}`, `"none"`, `""`, `"Join_room"`, `"join_room "`, `"new_message"`, `"ack"`, `"__proto__"`, `"`+long+`"`, "null", "1", "[]", "{}", "true")
	add("bad_request", `%`, `{"id":"1"}`, `{"data":{},"id":"1"}`, `{"event":"join_room","event":"join_room","id":"1","data":{"studyId":"s1"}}`, `{"id":"1","Event":"join_room","data":{"studyId":"s1"}}`,
		`{"id":"1","event":"join_room","data":{"studyId":"s1"},"x":`+strings.Repeat("[", 15)+strings.Repeat("]", 15)+`,"y":"\ud800"}`)
	eachKind(t, func(t *testing.T, k kind) {
		s := store.NewMemory()
		opts := coup.Options{Store: s, Rate: -1}
		opts.Hub.MaxRefused, opts.Hub.MaxRooms = -1, -1
		_, url := k.serve(t, opts)
		c := login(t, url, "u1")
		acks := int64(0)
		for i, a := range all {
			c.Text(a.request)
			e, err := c.Next(wstest.Timeout)
			for err == nil && e.Event == "new_message" {
				e, err = c.Next(wstest.Timeout)
			}
			if err != nil {
				t.Fatalf("%.200s: %v", a.request, err)
			}
			got := e.Event
			if got == "error" {
				got = e.String("code")
			}
			if got != a.answer || e.ID == nil || *e.ID != "1" {
				t.Errorf("%d: %.200s is answered with %.200s, want %s", i, a.request, e.Raw, a.answer)
			}
			if got == "ack" && strings.Contains(a.request, "send_message") {
				acks++
			}
		}
		heads, err := s.Heads(t.Context(), []store.StudyID{"s1"})
		if err != nil || heads["s1"] != acks {
			t.Errorf("%d messages are stored, %d were acknowledged (%v)", heads["s1"], acks, err)
		}
	})
	if t.Logf("%d requests for each kind of session", len(all)); len(all) < 230 {
		t.Errorf("%d requests, want at least 230", len(all))
	}
}

// What is no request at all has no id to answer with.
func TestWhatIsNoRequestIsRefused(t *testing.T) {
	deep := strings.Repeat("[", 17) + strings.Repeat("]", 17)
	texts := []string{
		"", " ", "\n", "null", "true", "1", `"text"`, "[]", `[{"event":"join_room"}]`, "{", "}", "{]", `{"event"}`, `{"event":}`, `{"event":"join_room"`, `{"event":"join_room",}`,
		`{event:"join_room"}`, `{'event':'join_room'}`, `{"event":"join_room"} {}`, `{"event":"join_room"}x`, `{"event":"join_room","data":{"studyId":"s1"}`, "\ufeff{}", `{"a":01}`, `{"a":+1}`, `{"a":.5}`, `{"a":1.}`,
		`{"a":NaN}`, `{"a":undefined}`, `{"a":"` + "\t" + `"}`, `{"a":"\x"}`, `{"a":"\u12"}`, `{"a":` + deep + `}`, "// comment\n{}", "{}\x00", "42[\"join_room\"]", "GET / HTTP/1.1",
	}
	eachKind(t, func(t *testing.T, k kind) {
		opts := coup.Options{Rate: -1}
		opts.Hub.MaxRefused = -1
		_, url := k.serve(t, opts)
		c := login(t, url, "u1")
		for _, text := range texts {
			c.Text(text)
			if e := c.Expect("error"); e.String("code") != "bad_request" {
				t.Errorf("%q: %s", text, e.Raw)
			}
		}
		if e := c.Join("s1"); e.Event != "ack" {
			t.Error(fmt.Sprint("after all that: ", e.Raw))
		}
	})
}
