package storetest

import (
	"fmt"
	"testing"

	"github.com/coupchat/coup/store"
)

var reactions = []logTest{
	{"adds and takes away reactions", func(t *testing.T, s store.Log) {
		post(t, s, said("a", "hello"))
		for i, tt := range []struct {
			user  store.UserID
			emoji string
			on    bool
			count int
			seq   int64
			want  string
		}{
			{"u2", "👍", true, 1, 2, "[{👍 1 [u2]}]"},
			{"u3", "👍", true, 2, 3, "[{👍 2 [u2 u3]}]"},
			{"u3", "❤️", true, 1, 4, "[{👍 2 [u2 u3]} {❤️ 1 [u3]}]"},
			{"u3", "👍", true, 2, 0, "[{👍 2 [u2 u3]} {❤️ 1 [u3]}]"},
			{"u2", "👍", false, 1, 5, "[{👍 1 [u3]} {❤️ 1 [u3]}]"},
			{"u2", "👍", false, 1, 0, "[{👍 1 [u3]} {❤️ 1 [u3]}]"},
			{"u2", "🎉", false, 0, 0, "[{👍 1 [u3]} {❤️ 1 [u3]}]"},
			{"u3", "👍", false, 0, 6, "[{❤️ 1 [u3]}]"},
			{"u3", "👍", true, 1, 7, "[{❤️ 1 [u3]} {👍 1 [u3]}]"},
		} {
			e := post(t, s, reacted(1, tt.user, tt.emoji, tt.on))[0]
			if e.Seq != tt.seq || e.Count != tt.count || e.Emoji != tt.emoji || e.On != tt.on {
				t.Fatalf("reaction %d = seq %d, count %d, want seq %d, count %d", i, e.Seq, e.Count, tt.seq, tt.count)
			}
			if got := fmt.Sprint(message(t, s, 1).Reactions); got != tt.want {
				t.Fatalf("after reaction %d the message has %s, want %s", i, got, tt.want)
			}
			if e.Seq > 0 {
				checkSame(t, entries(t, s)[e.Seq-1], e)
			}
		}
	}},
	{"names the first users of a reaction, and counts all", func(t *testing.T, s store.Log) {
		post(t, s, said("a", "hello"))
		var users []store.UserID
		for i := range store.MaxReactors + 5 {
			users = append(users, store.UserID(fmt.Sprint("user-", i)))
			post(t, s, reacted(1, users[i], "👍", true))
		}
		got := message(t, s, 1).Reactions
		if len(got) != 1 || got[0].Count != len(users) || fmt.Sprint(got[0].UserIDs) != fmt.Sprint(users[:store.MaxReactors]) {
			t.Errorf("Reactions = %v, want count %d and the first %d users", got, len(users), store.MaxReactors)
		}
	}},
	{"refuses one reaction more than MaxEmojis, and takes those that are there", func(t *testing.T, s store.Log) {
		post(t, s, said("a", "hello"))
		for i := range store.MaxEmojis {
			post(t, s, reacted(1, "u1", string(rune('a'+i)), true))
		}
		refuses(t, s, reacted(1, "u2", "👍", true), store.ErrReactions)
		post(t, s, reacted(1, "u2", "a", true), reacted(1, "u1", "b", false), reacted(1, "u2", "👍", true))
	}},
}
