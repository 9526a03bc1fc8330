package coup_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/store"
)

func TestWhoIsMentionedIsNotifiedOnEveryHub(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		members := store.MembersFunc(func(_ context.Context, _ store.StudyID, user store.UserID) (string, error) {
			if user == "stranger" {
				return "", store.ErrNotFound
			}
			return "member", nil
		})
		first, second := k.two(t, coup.Options{Members: members})
		mina, jun, sora, stranger := login(t, first, "mina:Mina"), login(t, second, "jun"), login(t, first, "sora"), login(t, second, "stranger")
		mina.Join("a|b")
		long := strings.Repeat("가", 150)
		say := func(event string, d data) {
			t.Helper()
			d["studyId"] = "a|b"
			also := func(e wstest.Event) {
				if e.Event == "notification" {
					t.Errorf("mina is notified: %s", e.Raw)
				}
			}
			if e := mina.Call(event, d, also); e.Event != "ack" {
				t.Fatal(e.Raw)
			}
		}
		notified := func(c *wstest.Client, seq int, message string) {
			t.Helper()
			fields(t, c.Expect("notification"), data{
				"type": "mention", "message": message, "link": fmt.Sprint("/studies/a%7Cb?seq=", seq), "studyId": "a|b", "id": fmt.Sprint("mention:a|b:", seq),
			})
		}
		say("send_message", data{"content": long, "clientId": "c1", "mentions": []string{"jun", "stranger", "mina", "jun"}})
		notified(jun, 1, "Mina: "+long[:300]+"…")
		say("send_message", data{"content": long, "clientId": "c1", "mentions": []string{"jun"}}) // a repeat
		say("edit_message", data{"content": "shorter", "messageSeq": 1, "mentions": []string{"jun", "sora"}})
		notified(sora, 1, "Mina: shorter")
		say("send_message", data{"content": "again", "mentions": []string{"jun", "stranger"}})
		notified(jun, 3, "Mina: again")
		for _, c := range []*wstest.Client{jun, sora, stranger} {
			c.ExpectNothing()
		}
	})
}

// 50 users are notified at once, and 5 a second after that.
func TestMentionsAreLimited(t *testing.T) {
	_, url := kind{}.serve(t, coup.Options{})
	mina := login(t, url, "mina")
	mina.Join("s1")
	heard := login(t, url, "last")
	var users []string
	for i := range 49 {
		users = append(users, fmt.Sprint("u", i))
	}
	mina.Call("send_message", data{"studyId": "s1", "content": "x", "mentions": append(users, "last")}, nil)
	heard.Expect("notification") // the 50th
	mina.Call("send_message", data{"studyId": "s1", "content": "x", "mentions": append(users, "last")}, nil)
	mina.Call("send_message", data{"studyId": "s1", "content": "the end"}, nil)
	heard.ExpectNothing()
}
