package room

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/store"
)

func TestAnAnnouncementIsBounded(t *testing.T) {
	space := strings.Repeat(" ", maxAnnounced)
	notice := `{"type":"notice","studyId":"s1"}`
	var e StudyEvent
	if err := parse([]byte(notice+space[:maxAnnounced-len(notice)]), &e); err != nil {
		t.Errorf("an announcement of the largest size: %v", err)
	}
	if err := parse([]byte(notice+space), &e); err == nil {
		t.Error("a larger announcement is read")
	}
	large := Notification{Type: "notice", UserIDs: slices.Repeat([]store.UserID{"somebody"}, maxAnnounced/8)}
	if err := (Publisher{Bus: bus.NewMemory()}).Notify(t.Context(), large); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("Notify with more than hubs read = %v, want ErrInvalid", err)
	}
}
