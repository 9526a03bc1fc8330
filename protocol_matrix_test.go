package coup_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// Who may do what: each kind of user, with each study, and each request. A study that exists and
// one that does not must look the same to the byte to those who are not in it.
func TestTheMatrixOfRolesStudiesAndRequests(t *testing.T) {
	requests := []struct {
		name string
		send func(study string) (event string, data map[string]any)
		// inside and outside are the answers for members and for others who have not joined.
		inside, outside string
	}{
		{"join", func(s string) (string, map[string]any) { return "join_room", data{"studyId": s} }, "ack", "forbidden"},
		{"join with after", func(s string) (string, map[string]any) { return "join_room", data{"studyId": s, "after": 0} }, "ack", "forbidden"},
		{"join with after beyond the end", func(s string) (string, map[string]any) {
			return "join_room", data{"studyId": s, "after": 9e9}
		}, "ack", "forbidden"},
		{"join with a time", func(s string) (string, map[string]any) {
			return "join_room", data{"studyId": s, "after": 1, "afterSentAt": "2026-01-01T00:00:00.000Z"}
		}, "ack", "forbidden"},
		{"leave", func(s string) (string, map[string]any) { return "leave_room", data{"studyId": s} }, "not_joined", "not_joined"},
		{"post", func(s string) (string, map[string]any) {
			return "send_message", data{"studyId": s, "content": "hello"}
		}, "not_joined", "not_joined"},
		{"post again", func(s string) (string, map[string]any) {
			return "send_message", data{"studyId": s, "content": "hello", "clientId": "known"}
		}, "not_joined", "not_joined"},
		{"post nothing", func(s string) (string, map[string]any) {
			return "send_message", data{"studyId": s, "content": " "}
		}, "not_joined", "not_joined"},
	}
	roles := []struct {
		name, user string
		inside     func(study string) bool
	}{
		{"a stranger", "", func(string) bool { return false }},
		{"a member of the study", "member", func(s string) bool { return s == "s1" }},
		{"its owner", "owner", func(s string) bool { return s == "s1" }},
		{"a member of another study", "other", func(s string) bool { return s == "s2" }},
		{"somebody in no study", "nobody", func(string) bool { return false }},
		{"a user whose name differs in case", "Member", func(string) bool { return false }},
		{"a member who was kicked", "kicked", func(string) bool { return false }},
	}
	studies := []string{"s1", "s2", "absent", "S1", "s1.", "s10"}
	members := store.MembersFunc(func(_ context.Context, s store.StudyID, u store.UserID) (string, error) {
		switch {
		case s == "s1" && u == "member", s == "s2" && u == "other":
			return "member", nil
		case s == "s1" && u == "owner":
			return "owner", nil
		}
		return "", store.ErrNotFound
	})
	eachKind(t, func(t *testing.T, k kind) {
		b := bus.NewMemory()
		defer b.Close()
		s := store.NewMemory()
		fill(t, s, "s1", 3)
		fill(t, s, "s2", 3)
		opts := coup.Options{Store: s, Members: members, Bus: b, Rate: -1}
		opts.Hub.MaxRefused = -1
		_, url := k.serve(t, opts)
		if err := (room.Publisher{Bus: b}).Announce(t.Context(), room.StudyEvent{Type: room.MemberKicked, StudyID: "s1", UserID: "kicked"}); err != nil {
			t.Fatal(err)
		}
		pairs := 0
		for _, request := range requests {
			refusals := map[string]string{} // by what was asked for: what all who are outside get
			for _, role := range roles {
				for _, study := range studies {
					c := wstest.Dial(t, url, nil)
					want := request.outside
					switch {
					case role.user == "":
						want = "unauthorized"
					case role.inside(study):
						want = request.inside
					}
					if role.user != "" {
						c.Login(role.user)
					}
					event, d := request.send(study)
					id := "1"
					c.Send(event, &id, d)
					e, err := c.Next(wstest.Timeout)
					if err != nil {
						t.Fatal(err)
					}
					pairs++
					got := e.Event
					if got == "error" {
						got = e.String("code")
					}
					if got != want {
						t.Errorf("%s asks to %s %s: %s, want %s", role.name, request.name, study, e.Raw, want)
					}
					if want == request.outside && want != "unauthorized" {
						if before, known := refusals[want]; known && before != e.Raw {
							t.Errorf("%s asks to %s %s: %s, and elsewhere %s", role.name, request.name, study, e.Raw, before)
						}
						refusals[want] = e.Raw
					}
					if want != "ack" && strings.Contains(e.Raw, study) {
						t.Errorf("%s asks to %s %s: the refusal %s names it", role.name, request.name, study, e.Raw)
					}
					c.Close()
				}
			}
		}
		if pairs != len(requests)*len(roles)*len(studies) {
			t.Errorf("%d pairs", pairs)
		}
		for _, study := range []store.StudyID{"s1", "s2"} { // nothing was stored by those who were refused
			heads, err := s.Heads(t.Context(), []store.StudyID{study})
			if err != nil || heads[study] != 3 {
				t.Errorf("study %s has %v messages, %v", study, heads, err)
			}
		}
		// Nobody who is outside hears what is said inside.
		inside := login(t, url, "member")
		inside.Join("s1")
		var outside []*wstest.Client
		for _, user := range []string{"other", "nobody", "Member", "kicked"} {
			c := login(t, url, user)
			c.Call("join_room", data{"studyId": "s1", "after": 0}, nil)
			outside = append(outside, c)
		}
		for i := range 5 {
			say(inside, "s1", fmt.Sprint("secret ", i))
		}
		for _, c := range outside {
			c.ExpectNothing()
		}
	})
}
