package coup_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/store"
)

// An asker sends a request and returns the code of its error, or "".
type asker func(event string, d data) (code string)

// askers are users who have joined the study s1, each over another protocol.
func askers(t *testing.T, url, user string) map[string]asker {
	c := login(t, url, user)
	c.Join("s1")
	p := dialPolling(t, url, nil)
	play(t, p, fmt.Sprintf("< 0*\n> 40{\"token\":%q}\n< 40*\n< 42[\"auth_success\"*\n> 421[\"join_room\",{\"studyId\":\"s1\"}]\n< 42[\"cursor\"*\n< 431*\n", user))
	n := 1
	return map[string]asker{
		"native": func(event string, d data) string {
			return c.Call(event, d, nil).String("code")
		},
		"Socket.IO": func(event string, d data) string {
			n++
			text, err := json.Marshal([]any{event, d})
			if err != nil {
				t.Fatal(err)
			}
			p.write(fmt.Sprintf("42%d%s", n, text))
			for {
				packet, err := p.read()
				if err != nil {
					t.Fatalf("%s over Socket.IO: %v", event, err)
				}
				answer, ok := strings.CutPrefix(packet, fmt.Sprintf("43%d", n))
				if !ok {
					continue
				}
				var got []struct{ Error struct{ Code string } }
				if err := json.Unmarshal([]byte(answer), &got); err != nil || len(got) != 1 {
					t.Fatalf("%s was answered with %s", event, answer)
				}
				return got[0].Error.Code
			}
		},
	}
}

func TestMessagesAreEditedDeletedAndReactedTo(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		_, url := k.serve(t, coup.Options{})
		mina, jun := login(t, url, "mina:Mina"), login(t, url, "jun:Jun")
		for _, c := range []*wstest.Client{mina, jun} {
			c.Join("s1")
		}
		ask := func(c *wstest.Client, event string, d data) wstest.Event {
			t.Helper()
			d["studyId"] = "s1"
			return c.Call(event, d, nil)
		}
		heard := func(event string, want data) {
			t.Helper()
			for _, c := range []*wstest.Client{mina, jun} {
				e := c.Expect(event)
				for key, value := range want {
					if fmt.Sprint(e.Data[key]) != fmt.Sprint(value) {
						t.Errorf("%s has %s %v, want %v", event, key, e.Data[key], value)
					}
				}
			}
		}
		ask(mina, "send_message", data{
			"content": "hello", "replyTo": 9, "mentions": []string{"yuna"}, "meta": data{"a": 1},
			"attachments": []data{{"url": "/files/1", "name": "a.png", "type": "image/png", "size": 12}},
		})
		heard("new_message", data{
			"seq": 1, "content": "hello", "replyTo": 9, "mentions": "[yuna]", "meta": "map[a:1]",
			"attachments": "[map[name:a.png size:12 type:image/png url:/files/1]]", "editedAt": nil, "deletedAt": nil,
		})
		edit := ask(mina, "edit_message", data{"messageSeq": 1, "content": " better ", "mentions": []string{"sora"}})
		if edit.Event != "ack" || edit.Int("seq") != 2 || edit.Int("messageSeq") != 1 || edit.String("editedAt") == "" {
			t.Errorf("edit = %+v", edit)
		}
		heard("message_edited", data{"seq": 2, "messageSeq": 1, "userId": "mina", "content": "better", "mentions": "[sora]", "meta": nil, "editedAt": edit.Data["editedAt"], "sentAt": edit.Data["editedAt"]})
		for i, on := range []bool{true, true, false} {
			r := ask(jun, "react", data{"messageSeq": 1, "emoji": "👍🏽", "on": on})
			seq, count := []int64{3, 0, 4}[i], []int64{1, 1, 0}[i]
			if r.Event != "ack" || r.Int("seq") != seq || r.Int("count") != count || r.Int("messageSeq") != 1 {
				t.Errorf("react %d = %+v, want seq %d and count %d", i, r, seq, count)
			}
			if seq > 0 {
				heard("message_reaction", data{"seq": seq, "messageSeq": 1, "userId": "jun", "userName": "Jun", "emoji": "👍🏽", "on": on, "count": count})
			}
		}
		gone := ask(mina, "delete_message", data{"messageSeq": 1})
		if gone.Event != "ack" || gone.Int("seq") != 5 || gone.String("deletedAt") == "" {
			t.Errorf("delete = %+v", gone)
		}
		heard("message_deleted", data{"seq": 5, "messageSeq": 1, "userId": "mina", "deletedAt": gone.Data["deletedAt"]})

		// Whoever comes back gets all of it, as it is now.
		late := login(t, url, "late")
		late.Call("join_room", data{"studyId": "s1", "after": 0}, nil)
		for i, want := range []string{"new_message", "message_edited", "message_reaction", "message_reaction", "message_deleted"} {
			e, err := late.Next(wstest.Timeout)
			if err != nil || e.Event != want || e.Int("seq") != int64(i+1) {
				t.Fatalf("replay %d is %+v (%v), want %s", i, e, err, want)
			}
			if i < 2 && (e.String("content") != "" || e.String("deletedAt") == "" || e.Data["mentions"] != nil) {
				t.Errorf("the replay shows a deleted message: %+v", e)
			}
		}
	})
}

func TestWhatMayNotBeChangedIsRefused(t *testing.T) {
	_, url := kind{}.serve(t, coup.Options{Rate: -1})
	mina := login(t, url, "mina")
	mina.Join("s1")
	say(mina, "s1", "hello")   // 1
	say(mina, "s1", "deleted") // 2
	if e := mina.Call("delete_message", data{"studyId": "s1", "messageSeq": 2}, nil); e.Event != "ack" {
		t.Fatal(e)
	}
	long := strings.Repeat("x", 300)
	many := func(n int, v any) (list []any) {
		for range n {
			list = append(list, v)
		}
		return list
	}
	send := func(more data) data {
		d := data{"studyId": "s1", "content": "x"}
		for k, v := range more {
			d[k] = v
		}
		return d
	}
	rows := []struct {
		name, event string
		data        data
		code        string
	}{
		{"another's message is edited", "edit_message", send(data{"messageSeq": 1}), "forbidden"},
		{"another's message is deleted", "delete_message", data{"studyId": "s1", "messageSeq": 1}, "forbidden"},
		{"a deleted message is edited", "edit_message", send(data{"messageSeq": 2}), "not_found"},
		{"a deleted message is deleted", "delete_message", data{"studyId": "s1", "messageSeq": 2}, "not_found"},
		{"an edit is edited", "edit_message", send(data{"messageSeq": 3}), "not_found"},
		{"nothing is reacted to", "react", data{"studyId": "s1", "messageSeq": 99, "emoji": "x", "on": true}, "not_found"},
		{"another room", "react", data{"studyId": "s2", "messageSeq": 1, "emoji": "x", "on": true}, "not_joined"},
		{"no study", "delete_message", data{"messageSeq": 1}, "bad_request"},
		{"no messageSeq", "edit_message", send(nil), "bad_request"},
		{"messageSeq 0", "edit_message", send(data{"messageSeq": 0}), "bad_request"},
		{"messageSeq below 0", "edit_message", send(data{"messageSeq": -1}), "bad_request"},
		{"a fraction", "delete_message", data{"studyId": "s1", "messageSeq": 1.5}, "bad_request"},
		{"a text", "delete_message", data{"studyId": "s1", "messageSeq": "1"}, "bad_request"},
		{"no content", "edit_message", data{"studyId": "s1", "messageSeq": 1}, "bad_request"},
		{"empty content", "edit_message", data{"studyId": "s1", "messageSeq": 1, "content": " "}, "empty"},
		{"long content", "edit_message", data{"studyId": "s1", "messageSeq": 1, "content": strings.Repeat("x", 2001)}, "too_large"},
		{"no emoji", "react", data{"studyId": "s1", "messageSeq": 1, "on": true}, "bad_request"},
		{"no on", "react", data{"studyId": "s1", "messageSeq": 1, "emoji": "x"}, "bad_request"},
		{"on is a text", "react", data{"studyId": "s1", "messageSeq": 1, "emoji": "x", "on": "true"}, "bad_request"},
		{"two emoji", "react", data{"studyId": "s1", "messageSeq": 1, "emoji": "👍👍", "on": true}, "bad_request"},
		{"an empty emoji", "react", data{"studyId": "s1", "messageSeq": 1, "emoji": "", "on": true}, "bad_request"},
		{"a space", "react", data{"studyId": "s1", "messageSeq": 1, "emoji": " ", "on": true}, "bad_request"},
		{"an invisible emoji", "react", data{"studyId": "s1", "messageSeq": 1, "emoji": "\u200b", "on": true}, "bad_request"},
		{"33 bytes", "react", data{"studyId": "s1", "messageSeq": 1, "emoji": "e" + strings.Repeat("\u0301", 16), "on": true}, "bad_request"},
		{"replyTo a text", "send_message", send(data{"replyTo": "1"}), "bad_request"},
		{"replyTo too large", "send_message", send(data{"replyTo": 1 << 53}), "bad_request"},
		{"51 mentions", "send_message", send(data{"mentions": many(51, "u1")}), "bad_request"},
		{"mentions is a text", "send_message", send(data{"mentions": "u1"}), "bad_request"},
		{"a mention is a number", "send_message", send(data{"mentions": []int{1}}), "bad_request"},
		{"a mention is no id", "send_message", send(data{"mentions": []string{"a b"}}), "bad_request"},
		{"11 files", "send_message", send(data{"attachments": many(11, data{"url": "/a"})}), "bad_request"},
		{"files are no array", "send_message", send(data{"attachments": data{"url": "/a"}}), "bad_request"},
		{"a file is a text", "send_message", send(data{"attachments": []string{"/a"}}), "bad_request"},
		{"a file without url", "send_message", send(data{"attachments": []data{{"name": "a"}}}), "bad_request"},
		{"a script", "send_message", send(data{"attachments": []data{{"url": "javascript:alert(1)"}}}), "bad_request"},
		{"another scheme", "send_message", send(data{"attachments": []data{{"url": "http://example.com/a"}}}), "bad_request"},
		{"a long name", "send_message", send(data{"attachments": []data{{"url": "/a", "name": long}}}), "bad_request"},
		{"a name with a line break", "send_message", send(data{"attachments": []data{{"url": "/a", "name": "a\nb"}}}), "bad_request"},
		{"a long type", "send_message", send(data{"attachments": []data{{"url": "/a", "type": long}}}), "bad_request"},
		{"a size below 0", "send_message", send(data{"attachments": []data{{"url": "/a", "size": -1}}}), "bad_request"},
		{"a size of 2^53", "send_message", send(data{"attachments": []data{{"url": "/a", "size": 1 << 53}}}), "bad_request"},
		{"meta is a text", "send_message", send(data{"meta": "x"}), "bad_request"},
		{"meta is an array", "send_message", send(data{"meta": []int{1}}), "bad_request"},
		{"a large meta", "send_message", send(data{"meta": data{"a": strings.Repeat("x", 4096)}}), "bad_request"},
		{"all of it too large", "send_message", send(data{"attachments": many(10, data{"url": "/" + strings.Repeat("x", 2000)})}), "too_large"},
		{"no content and no files", "send_message", data{"studyId": "s1", "attachments": []data{}}, "bad_request"},
	}
	for protocol, ask := range askers(t, url, "jun") {
		for _, tt := range rows {
			if code := ask(tt.event, tt.data); code != tt.code {
				t.Errorf("%s, %s: %q, want %s", protocol, tt.name, code, tt.code)
			}
		}
		for i := range store.MaxEmojis + 1 {
			want := ""
			if i == store.MaxEmojis {
				want = "bad_request"
			}
			if code := ask("react", data{"studyId": "s1", "messageSeq": 1, "emoji": string(rune('a' + i)), "on": true}); code != want {
				t.Errorf("%s, reaction %d: %q, want %q", protocol, i, code, want)
			}
		}
	}
}
