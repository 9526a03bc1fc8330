package coup_test

import (
	"strings"
	"testing"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/internal/wstest"
)

// The error of a bad request has the id of the request. The next good request works.
func TestEveryBadRequestGetsItsCode(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		_, url := k.serve(t, coup.Options{Rate: -1, Members: only("s1", "u1")})
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
			{"a duplicate unknown field", send(`"studyId":"s1","content":"a","x":1,"x":1`), "bad_request", "x"},
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
			{"leaving a study that was not joined", `{"event":"leave_room","id":"x","data":{"studyId":"s2"}}`, "not_joined", "x"},
			{"content missing", send(`"studyId":"s1"`), "bad_request", "x"},
			{"content null", send(`"studyId":"s1","content":null`), "bad_request", "x"},
			{"content a number", send(`"studyId":"s1","content":5`), "bad_request", "x"},
			{"sending without studyId", send(`"content":"a"`), "bad_request", "x"},
			{"sending to a study that was not joined", send(`"studyId":"s2","content":"a"`), "not_joined", "x"},
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
				if ack := say(c, "s1", "still works"); ack.Event != "ack" {
					t.Errorf("the next good request: %s", ack.Raw)
				}
				c.Expect("new_message")
				c.ExpectNothing()
			})
		}
	})
}

func TestContentIsDeliveredAsItWasSentButTrimmed(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		_, url := k.serve(t, coup.Options{Rate: -1})
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
			{"special characters of HTML and JSON", `<b>"&'\/` + "\u2028\u2029", `<b>"&'\/`},
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
	})
}

// The same clientId of the same user in the same study is one message. Of another user,
// or in another study, it is another message.
func TestAMessageWithTheSameClientIDIsStoredOnce(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		_, url := k.serve(t, coup.Options{Rate: -1})
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
	})
}

func TestWithoutAnIDOnlyErrorsAreAnswered(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		_, url := k.serve(t, coup.Options{Members: only("s1", "u1")})
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
	})
}

func TestExcludeSenderDeliversToTheOthersOnly(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		opts := coup.Options{}
		opts.Hub.ExcludeSender = true
		_, url := k.serve(t, opts)
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
	})
}
