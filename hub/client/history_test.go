package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/hub/client"
)

func TestAMessageIsMoreThanText(t *testing.T) {
	_, line := serve(t, coup.Options{})
	mina, sora := open(t, line, "mina"), open(t, line, "sora")
	mina.mustJoin(t, "s1", client.From{})
	sora.mustJoin(t, "s1", client.From{})
	mina.mustSend(t, "s1", "hello")
	d := client.Draft{
		Content: "@sora see", ReplyTo: 1, Mentions: []string{"sora"}, Meta: json.RawMessage(`{"a":1}`),
		Attachments: []client.Attachment{{URL: "/files/1", Name: "a.png", Type: "image/png", Size: 7}},
	}
	if sent, err := mina.SendDraft(t.Context(), "s1", d); err != nil || sent.Seq != 2 {
		t.Fatalf("SendDraft = %+v, %v", sent, err)
	}
	sora.seqs(t, 1, 2)
	says := func(m client.Message, want client.Draft) {
		t.Helper()
		got := client.Draft{Content: m.Content, ReplyTo: m.ReplyTo, Mentions: m.Mentions, Attachments: m.Attachments, Meta: m.Meta}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("the message says %+v, want %+v", got, want)
		}
	}
	says(sora.got("new_message")[1].Message, d)
	d.Content, d.Mentions = "see", nil
	if c, err := mina.EditDraft(t.Context(), "s1", 2, d); err != nil || c.Seq != 3 {
		t.Fatalf("EditDraft = %+v, %v", c, err)
	}
	if _, err := sora.React(t.Context(), "s1", 2, "👍", true); err != nil {
		t.Fatal(err)
	}
	page, more, err := sora.History(t.Context(), "s1", client.Page{})
	if err != nil || more || len(page) != 2 {
		t.Fatalf("History = %+v, %v, %v", page, more, err)
	}
	says(page[1], d)
	if r := page[1].Reactions; len(r) != 1 || r[0].Emoji != "👍" || r[0].Count != 1 || r[0].UserIDs[0] != "sora" {
		t.Errorf("reactions %+v", r)
	}
	if page[1].EditedAt.IsZero() {
		t.Error("the message is not marked as edited")
	}
	if _, err := mina.SendDraft(t.Context(), "s1", client.Draft{Attachments: d.Attachments}); err != nil {
		t.Errorf("a file without a text: %v", err)
	}
}

func TestHistoryIsReadInPages(t *testing.T) {
	_, line := serve(t, coup.Options{Rate: -1})
	mina := open(t, line, "mina")
	mina.mustJoin(t, "s1", client.From{})
	for i := range 7 {
		mina.mustSend(t, "s1", fmt.Sprint(i))
	}
	for _, tt := range []struct {
		page client.Page
		want []int64
		more bool
	}{
		{client.Page{Limit: 3}, []int64{5, 6, 7}, true},
		{client.Page{Limit: 3, Before: 5}, []int64{2, 3, 4}, true},
		{client.Page{Limit: 3, Before: 2}, []int64{1}, false},
		{client.Page{Limit: 3, Oldest: true}, []int64{1, 2, 3}, true},
		{client.Page{Limit: 3, After: 3}, []int64{4, 5, 6}, true},
		{client.Page{After: 6}, []int64{7}, false},
		{client.Page{After: 2, Before: 5}, []int64{3, 4}, false},
	} {
		page, more, err := mina.History(t.Context(), "s1", tt.page)
		var got []int64
		for _, m := range page {
			got = append(got, m.Seq)
		}
		if err != nil || more != tt.more || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%+v: %v, more %v (%v), want %v, more %v", tt.page, got, more, err, tt.want, tt.more)
		}
	}
	var refused *client.Error
	if _, _, err := mina.History(t.Context(), "secret", client.Page{}); !errors.As(err, &refused) || refused.Code != "forbidden" {
		t.Errorf("the history of another study: %v, want forbidden", err)
	}
	if _, _, err := mina.History(t.Context(), "s1", client.Page{Limit: 201}); !errors.As(err, &refused) || refused.Code != "bad_request" {
		t.Errorf("201 messages: %v, want bad_request", err)
	}
}
