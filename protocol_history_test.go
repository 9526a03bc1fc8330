package coup_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

func TestJoinRoomSaysThatTheStoreHasAnotherHistory(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		s := store.NewMemory()
		fill(t, s, "s1", 5)
		msgs, err := s.History(t.Context(), store.Query{StudyID: "s1", Limit: 5})
		if err != nil {
			t.Fatal(err)
		}
		sentAt := store.FormatTime(msgs[2].SentAt)
		_, url := k.serve(t, coup.Options{Store: s})
		for _, tt := range []struct {
			name   string
			sentAt any
			answer string
			reset  bool
		}{
			{"the same time", sentAt, "ack", false},
			{"the same time, written otherwise", msgs[2].SentAt.In(time.FixedZone("", 3600)).Format(time.RFC3339Nano), "ack", false},
			{"another time", store.FormatTime(msgs[2].SentAt.Add(-time.Hour)), "ack", true},
			{"no time", "yesterday", "error", false},
			{"a number", 5, "error", false},
		} {
			t.Run(tt.name, func(t *testing.T) {
				c := login(t, url, "u1")
				ack := c.Call("join_room", data{"studyId": "s1", "after": 3, "afterSentAt": tt.sentAt}, nil)
				if ack.Event != tt.answer || (ack.Data["reset"] == true) != tt.reset {
					t.Fatalf("%s, want %s with reset %v", ack.Raw, tt.answer, tt.reset)
				}
				if tt.answer == "ack" && !tt.reset {
					if at := ack.String("sentAt"); at != store.FormatTime(msgs[4].SentAt) {
						t.Errorf("%s, want sentAt %s", ack.Raw, msgs[4].SentAt)
					}
					expectSeqs(t, c, 4, 5)
				}
				c.ExpectNothing()
			})
		}
	})
}

// A memory store that is made anew has no messages.
func TestClientsLearnThatTheStoreBeganAnew(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		s := &replaced{}
		s.now.Store(store.NewMemory())
		fill(t, s, "s1", 5)
		_, url := k.serve(t, coup.Options{Store: s})
		c := login(t, url, "u1")
		c.Join("s1")
		s.now.Store(store.NewMemory())
		if ack := say(c, "s1", "the first again"); ack.Int("seq") != 1 {
			t.Fatalf("%s, want seq 1", ack.Raw)
		}
		if e := c.Expect("room_reset"); e.String("studyId") != "s1" || e.Int("seq") != 1 {
			t.Fatalf("%s, want seq 1", e.Raw)
		}
		say(c, "s1", "the second")
		expectSeqs(t, c, 2, 2)
	})
}

// replaced is a store that is exchanged under a hub.
type replaced struct{ now atomic.Pointer[store.Memory] }

func (r *replaced) Append(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
	return r.now.Load().Append(ctx, msgs)
}

func (r *replaced) History(ctx context.Context, q store.Query) ([]store.Message, error) {
	return r.now.Load().History(ctx, q)
}

func (r *replaced) Heads(ctx context.Context, studies []store.StudyID) (map[store.StudyID]int64, error) {
	return r.now.Load().Heads(ctx, studies)
}

func (r *replaced) SetStatus(ctx context.Context, reports []store.Status) error {
	return r.now.Load().SetStatus(ctx, reports)
}

func (r *replaced) Presence(ctx context.Context, users []store.UserID) (map[store.UserID]store.Presence, error) {
	return r.now.Load().Presence(ctx, users)
}

func (r *replaced) RenewNode(ctx context.Context, node store.NodeID, ttl time.Duration) error {
	return r.now.Load().RenewNode(ctx, node, ttl)
}

func TestTheRoomLearnsThatMessagesWereErased(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		b := bus.NewMemory()
		defer b.Close()
		s := store.NewMemory()
		fill(t, s, "s1", 5)
		_, url := k.serve(t, coup.Options{Store: s, Bus: b})
		c := login(t, url, "u1")
		c.Join("s1")
		for _, tt := range []struct{ event, want string }{
			{`{"type":"messages_erased","studyId":"s1","from":2,"to":3}`, `{"event":"messages_erased","data":{"studyId":"s1","from":2,"to":3}}`},
			{`{"type":"messages_erased","studyId":"s1"}`, `{"event":"messages_erased","data":{"studyId":"s1","from":1,"to":5}}`},
		} {
			if err := b.Publish(t.Context(), bus.Message{Channel: bus.StudyEvents, Payload: []byte(tt.event)}); err != nil {
				t.Fatal(err)
			}
			if e := c.Expect("messages_erased"); string(e.Raw) != tt.want {
				t.Errorf("%s, want %s", e.Raw, tt.want)
			}
		}
		if err := (room.Publisher{Bus: b}).Announce(t.Context(), room.StudyEvent{Type: room.MessagesErased, StudyID: "s1", From: 4, To: 3}); err == nil {
			t.Error("a range that is none was published")
		}
	})
}

// The store went back, and the room does not know it yet.
func TestTheAckOfAResetHasTheSeqOfTheStore(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		s := &replaced{}
		old, older := store.NewMemory(), store.NewMemory()
		fill(t, old, "s1", 5)
		fill(t, older, "s1", 3)
		s.now.Store(old)
		opts := coup.Options{Store: s}
		opts.Room.CheckHeads = -1
		_, url := k.serve(t, opts)
		login(t, url, "u1").Join("s1")
		s.now.Store(older)
		ack := login(t, url, "u2").Call("join_room", data{"studyId": "s1", "after": 5}, nil)
		if ack.Int("seq") != 3 || ack.Data["reset"] != true {
			t.Errorf("%s, want seq 3 and reset", ack.Raw)
		}
	})
}
