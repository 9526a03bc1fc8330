package coup_test

import (
	"encoding/json"
	"testing"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// The application stores something itself, and says so. It is delivered at once.
func TestWhatIsStoredWithoutAHubIsDelivered(t *testing.T) {
	s, b := store.NewMemory(), bus.NewMemory()
	opts := coup.Options{Store: s, Bus: b}
	opts.Room.CheckHeads = -1 // nobody looks without being told
	var readers []*wstest.Client
	for range 2 { // hubs
		_, url := kind{}.serve(t, opts)
		c := login(t, url, "u1")
		c.Join("s1")
		readers = append(readers, c)
	}
	fill(t, s, "s1", 3)
	fill(t, s, "s2", 1)
	payload, err := json.Marshal(map[string]any{"type": "messages_stored", "studyId": "s1", "seq": 3})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Publish(t.Context(), bus.Message{Channel: bus.StudyEvents, Payload: payload}); err != nil {
		t.Fatal(err)
	}
	for _, c := range readers {
		expectSeqs(t, c, 1, 3)
	}
	edit := store.Entry{Kind: store.KindEdit, StudyID: "s1", UserID: "u9", UserName: "Park", MessageSeq: 2, Content: "new", ClientID: store.NewClientID()}
	if _, err := s.Append(t.Context(), []store.Entry{edit}); err != nil {
		t.Fatal(err)
	}
	// A study without connections here, and the same news twice, cost nothing.
	for _, study := range []store.StudyID{"s2", "s1", "s1"} {
		if err := (room.Publisher{Bus: b}).Announce(t.Context(), room.StudyEvent{Type: room.MessagesStored, StudyID: study}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range readers {
		if e := c.Expect("message_edited"); e.Int("seq") != 4 || e.Int("messageSeq") != 2 || e.String("content") != "new" {
			t.Errorf("message_edited: %+v", e)
		}
	}
}
