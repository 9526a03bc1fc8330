package coup_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/store"
)

// buggy is a Store that can be made to panic.
type buggy struct {
	store.Store
	panics *atomic.Bool
}

func (b *buggy) Append(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
	if b.panics.Load() {
		panic("a bug in the Store")
	}
	return b.Store.Append(ctx, msgs)
}

func TestAPanicEndsOneSessionOnly(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		var panics atomic.Bool
		opts := coup.Options{
			Store: &buggy{Store: store.NewMemory(), panics: &panics},
			Verifier: auth.VerifierFunc(func(ctx context.Context, token string) (auth.Identity, error) {
				if token == "boom" {
					panic("a bug in the Verifier")
				}
				return plain(ctx, token)
			}),
			Members: store.MembersFunc(func(_ context.Context, study store.StudyID, _ store.UserID) (string, error) {
				if study == "boom" {
					panic("a bug in Members")
				}
				return "", nil
			}),
		}
		opts.Rate, opts.Room.PostBudget = -1, -1
		s, url := k.serve(t, opts)
		other := login(t, url, "u2")
		other.Join("s1")
		c := wstest.Dial(t, url, nil)
		c.Send("authenticate", nil, data{"token": "boom"})
		c.ExpectClose(1011)
		c = login(t, url, "u1")
		c.Join("s1")
		if got := s.Stats().Panics; got != 1 {
			t.Errorf("%d panics counted, want 1", got)
		}
		// A backend that panics counts as unavailable.
		if e := c.Call("join_room", data{"studyId": "boom"}, nil); e.String("code") != "unavailable" || strings.Contains(e.Raw, "bug") {
			t.Errorf("Members panicked: %s, want unavailable", e.Raw)
		}
		panics.Store(true)
		if e := say(c, "s1", "hi"); e.String("code") != "unavailable" || strings.Contains(e.Raw, "bug") {
			t.Errorf("the Store panicked: %s, want unavailable", e.Raw)
		}
		panics.Store(false)
		// After a failure, the next post that is stored ends the refusals.
		var e wstest.Event
		for deadline := time.Now().Add(wstest.Timeout); e.Event != "ack" && time.Now().Before(deadline); {
			e = say(other, "s1", "still works")
		}
		if e.Event != "ack" {
			t.Errorf("another session: %s", e.Raw)
		}
	})
}
