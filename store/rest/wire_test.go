package rest

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/coupchat/coup/store"
)

func TestAppendMessageWritesWhatMarshalJSONWrites(t *testing.T) {
	at := time.Date(2026, 11, 22, 10, 0, 0, 123e6, time.UTC)
	full := store.Message{ID: "7", StudyID: "s1", Seq: 3, UserID: "u1", UserName: "A <b>", Content: "안녕 👋 \"\\\n\x01\u2028&", SentAt: at, ClientID: "c1"}
	generated, whole, zoned := full, full, full
	generated.ClientID = store.NewClientID()
	whole.SentAt = at.Truncate(time.Second)
	zoned.SentAt = at.In(time.FixedZone("", 9*3600))
	for _, m := range []store.Message{full, generated, whole, zoned} {
		want, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		got := appendMessage(nil, &m)
		var gotAny, wantAny any
		if err := json.Unmarshal(got, &gotAny); err != nil {
			t.Fatalf("appendMessage(%+v) = %s: %v", m, got, err)
		}
		_ = json.Unmarshal(want, &wantAny)
		if !reflect.DeepEqual(gotAny, wantAny) {
			t.Errorf("appendMessage(%+v) = %s, want %s", m, got, want)
		}
		v, err := parse(got)
		if err != nil {
			t.Fatalf("parse(%s): %v", got, err)
		}
		back, err := readMessage(v, &store.Message{})
		if want := (m.Public()); err != nil || back.ClientID != want.ClientID || back.Content != want.Content || !back.SentAt.Equal(want.SentAt) {
			t.Errorf("readMessage(%s) = %+v, %v, want %+v", got, back, err, want)
		}
	}
}
