package native

import (
	"github.com/coupchat/coup/internal/json"
	"github.com/coupchat/coup/room"
)

// writeLive writes the data of an event that is not stored.
func writeLive(o *json.Object, ev *room.Event) {
	l := ev.Live
	o.String("studyId", string(ev.StudyID))
	if ev.Kind == room.Present && l.Count > 0 {
		o.Int("onlineCount", int64(l.Count))
		return
	}
	if ev.Kind == room.Signal {
		o.String("from", string(l.UserID))
		o.String("fromName", l.UserName)
		o.String("kind", l.Kind)
		o.Raw("data", l.Data)
		return
	}
	o.String("userId", string(l.UserID))
	switch ev.Kind {
	case room.Typing:
		o.String("userName", l.UserName)
	case room.ReadMarked:
		o.Int("seq", l.Seq)
		if l.Unread >= 0 {
			o.Int("unread", int64(l.Unread))
		}
	case room.Present:
		o.String("userName", l.UserName)
		if l.Online {
			o.True("online")
		} else {
			o.False("online")
		}
	}
}

// writeOnline writes who is in a room.
func writeOnline(o *json.Object, users []room.OnlineUser, count int) {
	list := []byte{'['}
	for i, u := range users {
		if i > 0 {
			list = append(list, ',')
		}
		one := json.Begin(list)
		one.String("userId", string(u.UserID))
		one.String("userName", u.UserName)
		list = one.End()
	}
	o.Raw("online", append(list, ']'))
	o.Int("onlineCount", int64(count))
}
