package storetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/coupchat/coup/store"
)

var changes = []logTest{
	{"keeps all that a message has", func(t *testing.T, s store.Log) {
		m := full("hello")
		stored := post(t, s, m)[0]
		m.ID, m.Seq, m.SentAt = stored.ID, stored.Seq, stored.SentAt
		checkSame(t, stored, m)
		checkSame(t, message(t, s, 1), m)
		checkSame(t, entries(t, s)[0], m)
		again := post(t, s, m)[0]
		if !again.Repeated {
			t.Error("the second one is not marked Repeated")
		}
		checkSame(t, again, m)
	}},
	{"keeps files without a text", func(t *testing.T, s store.Log) {
		m := full("")
		post(t, s, m)
		if got := message(t, s, 1); got.Content != "" || len(got.Attachments) != 2 {
			t.Errorf("History = %+v, want two files and no text", got)
		}
	}},
	{"edits a message", func(t *testing.T, s store.Log) {
		post(t, s, full("old"), said("a", "between"))
		e := edited(1, "new")
		e.Mentions = []store.UserID{"u4"}
		e = post(t, s, e)[0]
		if e.Seq != 3 || !e.EditedAt.Equal(e.SentAt) || e.SentAt.IsZero() {
			t.Errorf("the edit has seq %d, EditedAt %s, SentAt %s; want seq 3 and both times equal", e.Seq, stamp(e.EditedAt), stamp(e.SentAt))
		}
		m := message(t, s, 1)
		if m.Content != "new" || fmt.Sprint(m.Mentions) != "[u4]" || len(m.Attachments) != 0 || m.Meta != "" || m.ReplyTo != 1 || !m.EditedAt.Equal(e.SentAt) {
			t.Errorf("the edited message is %+v, want what the edit says, ReplyTo as before and EditedAt %s", m, stamp(e.SentAt))
		}
		checkSame(t, entries(t, s)[2], e)
	}},
	{"deletes a message with all that it said", func(t *testing.T, s store.Log) {
		sent := full("secret")
		post(t, s, sent, reacted(1, "u2", "👍", true), edited(1, "also secret"))
		e := post(t, s, other(store.KindDelete, 1))[0]
		if e.Seq != 4 || !e.DeletedAt.Equal(e.SentAt) {
			t.Errorf("the deletion has seq %d, DeletedAt %s, SentAt %s; want seq 4 and both times equal", e.Seq, stamp(e.DeletedAt), stamp(e.SentAt))
		}
		m := message(t, s, 1)
		want := store.Message{ID: m.ID, StudyID: "a", Seq: 1, UserID: "u1", UserName: m.UserName, SentAt: m.SentAt, ClientID: sent.ClientID, DeletedAt: e.SentAt}
		checkSame(t, m, want)
		for _, e := range entries(t, s) {
			if strings.Contains(fmt.Sprintf("%+v", e), "secret") || len(e.Attachments)+len(e.Mentions) > 0 {
				t.Errorf("the %s at seq %d still has %+v", e.Kind, e.Seq, e)
			}
		}
		if again := post(t, s, sent)[0]; !again.Repeated || again.Content != "" || !again.DeletedAt.Equal(e.SentAt) {
			t.Errorf("a repeat of the deleted message is %+v, want the deleted one", again)
		}
	}},
}
