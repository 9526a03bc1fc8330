package coup_test

import (
	"testing"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/store"
)

func TestJoinRoomReplaysTheMessagesAfter(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		for _, tt := range []struct {
			name      string
			have      int
			after     any
			from, to  int64
			truncated bool
		}{
			{"an empty study", 0, 0, 1, 0, false},
			{"no after", 5, nil, 1, 0, false},
			{"from the start", 5, 0, 1, 5, false},
			{"the middle", 5, 3, 4, 5, false},
			{"nothing is missing", 5, 5, 1, 0, false},
			{"ahead of the newest: a reset", 5, 99, 1, 0, false},
			{"500 are missing", 507, 7, 8, 507, false},
			{"501 are missing", 507, 6, 1, 0, true},
			{"1,200 are missing", 1200, 0, 1, 0, true},
		} {
			t.Run(tt.name, func(t *testing.T) {
				s := store.NewMemory()
				fill(t, s, "s1", tt.have)
				_, url := k.serve(t, coup.Options{Store: s})
				for _, first := range []string{"in a new room", "in a room that exists"} {
					c := login(t, url, "u1")
					request := data{"studyId": "s1"}
					if tt.after != nil {
						request["after"] = tt.after
					}
					ack := c.Call("join_room", request, func(e wstest.Event) { t.Errorf("%s: %s before the ack", first, e.Raw) })
					if ack.Event != "ack" || ack.Int("seq") != int64(tt.have) || ack.String("studyId") != "s1" || (ack.Data["truncated"] == true) != tt.truncated || (ack.Data["reset"] == true) != (tt.after == 99) {
						t.Fatalf("%s: %s, want seq %d, truncated %v", first, ack.Raw, tt.have, tt.truncated)
					}
					expectSeqs(t, c, tt.from, tt.to)
					c.ExpectNothing()
				}
			})
		}
	})
}

func TestJoinRoomAgainAsksForMore(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		s := store.NewMemory()
		fill(t, s, "s1", 3)
		_, url := k.serve(t, coup.Options{Store: s})
		c := login(t, url, "u1")
		c.Join("s1")
		if ack := c.Call("join_room", data{"studyId": "s1", "after": 1}, nil); ack.Int("seq") != 3 {
			t.Errorf("ack = %s", ack.Raw)
		}
		expectSeqs(t, c, 2, 3)
		say(c, "s1", "live")
		expectSeqs(t, c, 4, 4)
		c.ExpectNothing() // once, though it joined twice
		if ack := c.Call("leave_room", data{"studyId": "s1"}, nil); ack.Event != "ack" || ack.String("studyId") != "s1" {
			t.Errorf("leave_room: %s", ack.Raw)
		}
		if e := say(c, "s1", "gone"); e.String("code") != "not_joined" {
			t.Errorf("after leaving: %s", e.Raw)
		}
		other := login(t, url, "u2")
		other.Join("s1")
		say(other, "s1", "unheard")
		c.ExpectNothing()
		if ack := c.Call("join_room", data{"studyId": "s1", "after": 4}, nil); ack.Int("seq") != 5 {
			t.Errorf("ack = %s", ack.Raw)
		}
		expectSeqs(t, c, 5, 5)
	})
}

func TestRoomsOfOneConnectionAreLimited(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		opts := coup.Options{}
		opts.Hub.MaxRooms = 2
		_, url := k.serve(t, opts)
		c := login(t, url, "u1")
		c.Join("s1")
		c.Join("s2")
		if e := c.Call("join_room", data{"studyId": "s3"}, nil); e.String("code") != "bad_request" {
			t.Errorf("a third room: %s, want bad_request", e.Raw)
		}
		c.Join("s2") // it is there already
		if e := c.Call("leave_room", data{"studyId": "s1"}, nil); e.Event != "ack" {
			t.Errorf("leave: %s", e.Raw)
		}
		c.Join("s3")
		say(c, "s3", "here")
	})
}
