package native

import (
	stdjson "encoding/json"
	"time"

	"github.com/coupchat/coup/internal/json"
	"github.com/coupchat/coup/store"
)

// entryNames are the names of the events of entries.
var entryNames = [...]string{
	store.KindMessage: "new_message", store.KindEdit: "message_edited", store.KindDelete: "message_deleted",
	store.KindReaction: "message_reaction", store.KindErase: "messages_erased",
}

// writeEntry writes the data of the event of an entry.
func writeEntry(o *json.Object, e *store.Entry) {
	if e.Kind != store.KindMessage {
		writeOther(o, e)
		return
	}
	o.String("id", e.ID)
	o.String("studyId", string(e.StudyID))
	o.Int("seq", e.Seq)
	o.String("userId", string(e.UserID))
	o.String("userName", e.UserName)
	o.String("content", e.Content)
	o.Time("sentAt", e.SentAt)
	o.Optional("clientId", e.ClientID)
	if e.Plain() {
		return
	}
	if e.ReplyTo > 0 {
		o.Int("replyTo", e.ReplyTo)
	}
	writeMore(o, e)
	writeTime(o, "editedAt", e.EditedAt)
	writeTime(o, "deletedAt", e.DeletedAt)
	writeList(o, "reactions", e.Reactions)
}

// writeOther writes an entry that is no message.
func writeOther(o *json.Object, e *store.Entry) {
	o.String("studyId", string(e.StudyID))
	o.Int("seq", e.Seq)
	o.Time("sentAt", e.SentAt)
	if e.Kind == store.KindErase {
		o.Int("from", e.From)
		o.Int("to", e.To)
		return
	}
	o.Int("messageSeq", e.MessageSeq)
	o.String("userId", string(e.UserID))
	switch e.Kind {
	case store.KindEdit:
		o.String("content", e.Content)
		writeMore(o, e)
		writeTime(o, "editedAt", e.EditedAt)
		writeTime(o, "deletedAt", e.DeletedAt)
	case store.KindDelete:
		writeTime(o, "deletedAt", e.DeletedAt)
	case store.KindReaction:
		o.String("userName", e.UserName)
		o.String("emoji", e.Emoji)
		if e.On {
			o.True("on")
		} else {
			o.False("on")
		}
		o.Int("count", int64(e.Count))
	}
}

// writeMore writes what a message or an edit says besides text.
func writeMore(o *json.Object, e *store.Entry) {
	writeList(o, "mentions", e.Mentions)
	writeList(o, "attachments", e.Attachments)
	if e.Meta != "" {
		o.Raw("meta", []byte(e.Meta))
	}
}

// writeList writes a field with a list, unless it is empty.
func writeList[T any](o *json.Object, name string, list []T) {
	if len(list) == 0 {
		return
	}
	if b, err := stdjson.Marshal(list); err == nil { // strings and numbers always marshal
		o.Raw(name, b)
	}
}

// writeTime writes a field with a time, unless it is zero.
func writeTime(o *json.Object, name string, t time.Time) {
	if !t.IsZero() {
		o.Time(name, t)
	}
}
