package room_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/room"
)

// What anybody may publish, and what a user in the room is shown of it: "" is nothing. What
// cannot be read is counted, and never stops the next one.
func TestWhatIsPublishedIsCheckedFieldByField(t *testing.T) {
	long := strings.Repeat("x", 9<<10)
	type row struct{ payload, want string }
	// notice is a notification with a change; event is a study event with one.
	notification := func(rest string) string { return `{"userId":"mina","type":"t","message":"m"` + rest + `}` }
	event := func(kind, rest string) string { return `{"type":"` + kind + `","studyId":"s1"` + rest + `}` }
	channels := []struct {
		channel string
		rows    []row
	}{
		{bus.Notifications, []row{
			{notification(""), "!m"}, {notification(`,"more":{"a":1}`), "!m"}, {notification(`,"link":"/studies/1"`), "!m"}, {notification(`,"link":"javascript:alert(1)"`), "!m"},
			{notification(`,"link":7`), "!m"}, {notification(`,"link":{"a":[]}`), "!m"}, {notification(`,"link":null`), "!m"}, {notification(`,"id":"n1"`), "!m"}, {notification(`,"id":"n1"`), ""},
			{notification(`,"id":"` + long[:257] + `"`), ""}, {notification(`,"id":7`), ""}, {notification(`,"userIds":["mina","mina"]`), "!m"},
			{`{"userIds":["mina","jun"],"type":"t","message":"m"}`, "!m"}, {`{"userIds":["jun"],"type":"t","message":"m"}`, ""}, {`{"userIds":[],"type":"t","message":"m"}`, ""},
			{`{"userIds":["mina","a b"],"type":"t","message":"m"}`, ""}, {`{"userIds":"mina","type":"t","message":"m"}`, ""}, {`{"userIds":[null],"type":"t","message":"m"}`, ""},
			{`{"userId":"a b","type":"t","message":"m"}`, ""}, {`{"userId":7,"type":"t","message":"m"}`, ""}, {`{"type":"t","message":"m"}`, ""}, {`{"userId":"*","type":"t","message":"m"}`, ""},
			{`{"userId":"mina","message":"m"}`, ""}, {`{"userId":"mina","type":"","message":"m"}`, ""}, {`{"userId":"mina","type":7,"message":"m"}`, ""}, {`{"userId":"mina","type":"` + long[:129] + `","message":"m"}`, ""},
			{`{"userId":"mina","type":"t"}`, "!"}, {`{"userId":"mina","type":"t","message":7}`, ""}, {`{"userId":"mina","type":"t","message":"` + long + `"}`, ""}, {`{"userId":"mina","type":"t","message":"` + long[:8<<10] + `"}`, "!" + long[:8<<10]},
			{"", ""}, {"null", ""}, {"[]", ""}, {`"text"`, ""}, {"7", ""}, {"{", ""}, {"{}", ""}, {"\x00\xff", ""}, {notification("") + "x", ""}, {strings.Repeat("[", 20_000), ""}, {" " + notification("") + " ", "!m"},
			{`{"userId":"mina","type":"t","message":"` + strings.Repeat("x", 1<<20) + `"}`, ""},
		}},
		{bus.StudyEvents, []row{
			{event("notice", `,"message":"m"`), "!m"}, {event("notice", `,"message":"m","userId":"jun"`), "!m"}, {event("notice", ""), "!"}, {event("notice", `,"message":7`), ""}, {event("notice", `,"message":"m","id":"e1"`), "!m"}, {event("notice", `,"message":"m","id":"e1"`), ""},
			{event("anything", `,"message":"m"`), "!m"}, {event("anything", `,"message":"m","userId":"mina"`), "!m"}, {event("anything", `,"message":"m","userId":"jun"`), ""}, {event("anything", `,"message":"m","userId":"a b"`), ""},
			{event("", `,"message":"m"`), ""}, {event(long[:129], `,"message":"m"`), ""}, {`{"studyId":"s1","message":"m"}`, ""}, {`{"type":7,"studyId":"s1"}`, ""}, {`{"type":"notice"}`, ""}, {`{"type":"notice","studyId":7}`, ""},
			{`{"type":"notice","studyId":"s2","message":"m"}`, ""}, {`{"type":"notice","studyId":"S1","message":"m"}`, ""}, {`{"type":"notice","studyId":"*","message":"m"}`, ""}, {`{"type":"notice","studyId":"..","message":"m"}`, ""},
			{event("member_kicked", ""), ""}, {event("member_kicked", `,"userId":""`), ""}, {event("member_kicked", `,"userId":"jun"`), ""}, {event("member_kicked", `,"userId":"Mina"`), ""}, {event("member_approved", ""), ""}, {event("member_approved", `,"userId":"mina","message":"m"`), "!m"},
			{event("messages_erased", `,"from":-1`), ""}, {event("messages_erased", `,"to":-1`), ""}, {event("messages_erased", `,"from":3,"to":2`), ""}, {event("messages_erased", `,"from":"1"`), ""}, {event("messages_erased", `,"from":1.5`), ""}, {event("messages_erased", `,"to":1e30`), ""},
			{event("messages_erased", `,"from":1,"to":1`), "x1-1"}, {event("messages_erased", `,"from":[]`), ""}, {event("messages_erased", `,"message":"m","link":"x"`), "x1-1"},
			{"", ""}, {"null", ""}, {"[]", ""}, {"7", ""}, {"{", ""}, {"{}", ""}, {"\xff", ""}, {`{"type":"notice","studyId":"s1","message":"` + strings.Repeat("x", 1<<20) + `"}`, ""},
		}},
	}
	for _, c := range channels {
		inBubble(t, func(t *testing.T) {
			b := bus.NewMemory()
			defer b.Close()
			s := newRows()
			s.add(1)
			g := newRegistry(t, room.Options{Store: s, Bus: b})
			m := connect(t, g, "mina")
			join(t, g, m, room.JoinRequest{})
			for i, r := range c.rows {
				if err := b.Publish(t.Context(), bus.Message{Channel: c.channel, Payload: []byte(r.payload)}); err != nil {
					t.Fatal(err)
				}
				after(0)
				if got := strings.Join(m.received(), " "); got != r.want {
					t.Errorf("%s %d: %.100s shows %.100q, want %.100q", c.channel, i, r.payload, got, r.want)
				}
			}
			if g.Stats().Malformed == 0 {
				t.Error("nothing was counted")
			}
			fine := notification("")
			if err := b.Publish(t.Context(), bus.Message{Channel: bus.Notifications, Payload: []byte(fine)}); err != nil {
				t.Fatal(err)
			}
			m.expect(t, "!m")
		})
	}
	if n := len(channels[0].rows) + len(channels[1].rows); n < 60 {
		t.Error(fmt.Sprint(n, " payloads, want at least 60"))
	}
}
