package client_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/hub/client"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

func TestTwoUsersChat(t *testing.T) {
	s, line := serve(t, coup.Options{})
	mina, sora := open(t, line, "mina"), open(t, line, "sora")
	if j := mina.mustJoin(t, "s1", client.From{}); j.Seq != 0 || j.Missed {
		t.Errorf("joined: %+v", j)
	}
	sora.mustJoin(t, "s1", client.From{})
	if sent := mina.mustSend(t, "s1", " hello 한글 👋 "); sent.Seq != 1 || sent.ID == "" || time.Since(sent.SentAt) > time.Minute {
		t.Errorf("sent: %+v", sent)
	}
	sora.seqs(t, 1, 1)
	if m := sora.got("new_message")[0].Message; m.Content != "hello 한글 👋" || m.UserID != "mina" || m.StudyID != "s1" {
		t.Errorf("message: %+v", m)
	}
	if err := s.Publisher().Notify(t.Context(), room.Notification{UserID: "sora", Type: "x", Message: "text", Link: "/a", ID: "n"}); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the notification", func() bool { return len(sora.got("notification")) == 1 })
	if n := sora.got("notification")[0].Notification; n != (client.Notification{Type: "x", Message: "text", Link: "/a", ID: "n"}) {
		t.Errorf("notification: %+v", n)
	}
	if err := sora.Leave(t.Context(), "s1"); err != nil {
		t.Error(err)
	}
	mina.mustSend(t, "s1", "alone")
	mina.seqs(t, 1, 2)
	if n := len(sora.got("new_message")); n != 1 {
		t.Errorf("after it left, sora has %d messages", n)
	}
	if err := s.Publisher().Announce(t.Context(), room.StudyEvent{Type: room.MemberKicked, StudyID: "s1", UserID: "mina"}); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the kick", func() bool { return len(mina.got("room_left")) == 1 })
	if e := mina.got("room_left")[0]; e.Reason != "kicked" || e.StudyID != "s1" {
		t.Errorf("room_left: %+v", e)
	}
	var refused *client.Error
	if _, err := mina.Send(t.Context(), "s1", "x"); !errors.As(err, &refused) || refused.Code != "not_joined" {
		t.Errorf("send after a kick: %v", err)
	}
}

func TestMessagesAreChanged(t *testing.T) {
	_, line := serve(t, coup.Options{})
	mina, sora := open(t, line, "mina"), open(t, line, "sora")
	mina.mustJoin(t, "s1", client.From{})
	sora.mustJoin(t, "s1", client.From{})
	mina.mustSend(t, "s1", "hello")
	if c, err := mina.Edit(t.Context(), "s1", 1, "better"); err != nil || c.Seq != 2 {
		t.Errorf("Edit = %+v, %v", c, err)
	}
	if c, err := sora.React(t.Context(), "s1", 1, "👍", true); err != nil || c.Seq != 3 || c.Count != 1 {
		t.Errorf("React = %+v, %v", c, err)
	}
	var refused *client.Error
	if _, err := sora.Delete(t.Context(), "s1", 1); !errors.As(err, &refused) || refused.Code != "forbidden" {
		t.Errorf("Delete of another's message: %v", err)
	}
	if c, err := mina.Delete(t.Context(), "s1", 1); err != nil || c.Seq != 4 {
		t.Errorf("Delete = %+v, %v", c, err)
	}
	for _, u := range []*user{mina, sora} {
		waitFor(t, "the deletion", func() bool { return len(u.got("message_deleted")) == 1 })
		if e := u.got("message_edited")[0]; e.Message.Content != "better" || e.MessageSeq != 1 || e.Message.Seq != 2 || e.Message.EditedAt.IsZero() {
			t.Errorf("message_edited: %+v", e)
		}
		if e := u.got("message_reaction")[0]; e.Emoji != "👍" || !e.On || e.Count != 1 || e.Message.UserName != "sora" {
			t.Errorf("message_reaction: %+v", e)
		}
	}
}

func TestConnectionsThatAreCutLoseNothing(t *testing.T) {
	_, line := serve(t, coup.Options{Rate: -1})
	mina, sora := open(t, line, "mina"), open(t, line, "sora")
	mina.mustJoin(t, "s1", client.From{})
	sora.mustJoin(t, "s1", client.From{})
	for i := range 60 {
		if i%20 == 10 {
			line.Cut()
		}
		if sent := mina.mustSend(t, "s1", fmt.Sprint(i)); sent.Seq != int64(i+1) {
			t.Fatalf("message %d has seq %d", i, sent.Seq)
		}
	}
	mina.seqs(t, 1, 60)
	sora.seqs(t, 1, 60)
	for i, e := range sora.got("new_message") {
		if e.Message.Content != fmt.Sprint(i) {
			t.Errorf("message %d says %q", i, e.Message.Content)
		}
	}
}

func TestAMembershipThatEndsWhileTheClientIsAway(t *testing.T) {
	var gone sync.Map
	_, line := serve(t, coup.Options{Members: store.MembersFunc(func(context.Context, store.StudyID, store.UserID) (string, error) {
		if _, is := gone.Load("it"); is {
			return "", store.ErrNotFound
		}
		return "member", nil
	}), Room: room.Options{MemberCache: time.Millisecond}})
	mina := open(t, line, "mina")
	mina.mustJoin(t, "s1", client.From{})
	gone.Store("it", true)
	line.Cut()
	waitFor(t, "room_left", func() bool { return len(mina.got("room_left")) == 1 })
	if e := mina.got("room_left")[0]; e.Reason != "membership_lost" {
		t.Errorf("room_left: %+v", e)
	}
}
