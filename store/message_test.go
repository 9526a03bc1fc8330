package store_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/coupchat/coup/store"
)

var sent = store.Message{
	ID: "a:7", StudyID: "a", Seq: 7, UserID: "u1", UserName: "민아", Content: "hello 👋",
	SentAt: time.Date(2026, 11, 22, 10, 0, 0, 120_000_000, time.UTC), ClientID: "c1",
}

func TestMessageHasTheFieldsOfTheProtocol(t *testing.T) {
	const want = `{"id":"a:7","studyId":"a","seq":7,"userId":"u1","userName":"민아","content":"hello 👋","sentAt":"2026-11-22T10:00:00.120Z","clientId":"c1"}`
	got, err := json.Marshal(sent)
	if err != nil || string(got) != want {
		t.Errorf("Marshal = %s, %v; want %s", got, err, want)
	}
}

func TestMessageComesBackFromJSON(t *testing.T) {
	b, err := json.Marshal(sent)
	if err != nil {
		t.Fatal(err)
	}
	var got store.Message
	if err := json.Unmarshal(b, &got); err != nil || !reflect.DeepEqual(got, sent) {
		t.Errorf("Unmarshal(%s) = %+v, %v; want %+v", b, got, err, sent)
	}
}

func TestMessageInJSONLeavesOutAGeneratedClientID(t *testing.T) {
	m := sent
	m.ClientID = store.NewClientID()
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(b, &fields); err != nil {
		t.Fatal(err)
	}
	if id, there := fields["clientId"]; there {
		t.Errorf("clientId = %q, want none", id)
	}
}

func TestMessageRefusesJSONThatIsNotAMessage(t *testing.T) {
	for _, text := range []string{`[]`, `{"seq":"1","sentAt":"2026-11-22T10:00:00Z"}`, `{"sentAt":"yesterday"}`, `{}`} {
		var m store.Message
		if err := json.Unmarshal([]byte(text), &m); err == nil {
			t.Errorf("Unmarshal(%s) = %+v, want an error", text, m)
		}
	}
}

func TestFormatTimeIsUTCWithThreeDecimals(t *testing.T) {
	seoul := time.FixedZone("KST", 9*60*60)
	for _, c := range []struct {
		name string
		time time.Time
		want string
	}{
		{"whole seconds", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), "2026-01-02T03:04:05.000Z"},
		{"another zone", time.Date(2026, 1, 2, 3, 4, 5, 6_000_000, seoul), "2026-01-01T18:04:05.006Z"},
		{"finer than milliseconds", time.Date(2026, 1, 2, 3, 4, 5, 999_999_999, time.UTC), "2026-01-02T03:04:05.999Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := store.FormatTime(c.time); got != c.want {
				t.Errorf("FormatTime(%s) = %s, want %s", c.time, got, c.want)
			}
		})
	}
}
