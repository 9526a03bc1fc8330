package native

import (
	"time"

	"github.com/coupchat/coup/internal/json"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// The names and fields of this file are those of every dialect.

// Name returns the name of an event, and about how many bytes its data takes.
func Name(ev *room.Event) (name string, size int) {
	switch ev.Kind {
	case room.NewMessage:
		m := &ev.Message
		return entryNames[m.Kind], 192 + len(m.Content) + len(m.UserName) + 2*len(m.StudyID) + len(m.UserID)
	case room.Left:
		return "room_left", 64
	case room.Reset:
		return "room_reset", 64
	case room.Erased:
		return "messages_erased", 64
	case room.Typing:
		return "user_typing", 128
	case room.Signal:
		return "signal", 128 + len(ev.Live.Data)
	case room.ReadMarked:
		return "read_marked", 128
	case room.Present:
		return "presence", 128
	default:
		return "notification", 128 + len(ev.Notice.Message) + len(ev.Notice.Link)
	}
}

// WriteEvent writes the data of an event.
func WriteEvent(o *json.Object, ev *room.Event) {
	switch ev.Kind {
	case room.NewMessage:
		writeEntry(o, &ev.Message)
	case room.Left:
		o.String("studyId", string(ev.StudyID))
		o.String("reason", ev.Reason)
	case room.Reset:
		o.String("studyId", string(ev.StudyID))
		o.Int("seq", ev.Seq)
	case room.Erased:
		o.String("studyId", string(ev.StudyID))
		o.Int("from", ev.First)
		o.Int("to", ev.Last)
	case room.Typing, room.Signal, room.ReadMarked, room.Present:
		writeLive(o, ev)
	default:
		n := ev.Notice
		o.String("type", n.Type)
		o.String("message", n.Message)
		o.Optional("link", n.Link)
		o.Optional("studyId", string(ev.StudyID))
		o.Optional("id", n.ID)
	}
}

// Write writes the fields of an ack.
func (a *Ack) Write(o *json.Object) {
	o.Optional("id", a.MessageID)
	o.String("studyId", string(a.StudyID))
	if a.History != nil {
		a.History.write(o)
	}
	if a.HasSeq {
		o.Int("seq", a.Seq)
	}
	writeTime(o, "sentAt", a.SentAt)
	o.Optional("clientId", a.ClientID)
	if a.MessageSeq > 0 {
		o.Int("messageSeq", a.MessageSeq)
	}
	writeTime(o, "editedAt", a.EditedAt)
	writeTime(o, "deletedAt", a.DeletedAt)
	if a.HasCount {
		o.Int("count", int64(a.Count))
	}
	if a.Online != nil {
		writeOnline(o, a.Online, a.OnlineCount)
	}
	if a.Read != nil {
		o.Int("readSeq", a.Read.Seq)
		o.Int("unread", int64(a.Read.Unread))
	}
	if a.Marked {
		o.Int("unread", int64(a.Unread))
	}
	if a.Truncated {
		o.True("truncated")
	}
	if a.Reset {
		o.True("reset")
	}
}

// Write writes the fields of an error.
func (e *Error) Write(o *json.Object) {
	o.String("code", e.Code)
	o.String("message", e.Message)
	if e.RetryAfter > 0 {
		o.Int("retryAfterMs", int64((e.RetryAfter+time.Millisecond-1)/time.Millisecond))
	}
}

// WriteUser writes the fields of auth_success.
func WriteUser(o *json.Object, user store.UserID, name string, expires time.Time) {
	o.String("userId", string(user))
	o.String("userName", name)
	o.Time("expiresAt", expires)
}
