package room

import (
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/internal/membership"
	"github.com/coupchat/coup/store"
)

// A listener acts on what the application publishes on the public channels.
type listener struct {
	users   *users
	members *membership.Checker
	// room returns the room of a study, or nil.
	room func(store.StudyID) *room
	// stored is called when the store has something of a study that no hub has stored.
	stored func(store.StudyID)
	// missed is called when study events may be missing.
	missed func()
	stats  *counters
	log    *slog.Logger

	delivered idCache
	subs      []bus.Subscription
}

// subscribe subscribes to the public channels.
func (l *listener) subscribe(b bus.Bus) error {
	for _, c := range []struct {
		channel string
		act     func([]byte) error
		gap     func()
	}{
		{bus.Notifications, l.notification, nil},
		{bus.StudyEvents, l.studyEvent, l.missed},
		{bus.UserEvents, l.userEvent, nil},
	} {
		sub, err := b.Subscribe(c.channel, bus.Handler{Gap: c.gap, Message: func(payload []byte) {
			if err := c.act(payload); err != nil {
				l.stats.malformed.Add(1)
				l.log.Warn("announcement ignored", "channel", c.channel, "err", err)
			}
		}})
		if err != nil {
			l.close()
			return fmt.Errorf("subscribe to %s: %w", c.channel, err)
		}
		l.subs = append(l.subs, sub)
	}
	return nil
}

func (l *listener) close() {
	for _, sub := range l.subs {
		sub.Close()
	}
}

// parse reads the JSON of an announcement.
func parse(payload []byte, v any) error {
	if len(payload) > maxAnnounced {
		return fmt.Errorf("over %d bytes", maxAnnounced)
	}
	return json.Unmarshal(payload, v)
}

// A lenient reads a field of any JSON type. One of another type must not cost the rest of the
// announcement: it is invalid, and its value is zero.
type lenient[T any] struct {
	value   T
	invalid bool
}

// UnmarshalJSON never fails.
func (l *lenient[T]) UnmarshalJSON(b []byte) error {
	var v T
	if l.invalid = json.Unmarshal(b, &v) != nil; !l.invalid {
		l.value = v
	}
	return nil
}

// notification acts on a payload of bus.Notifications.
func (l *listener) notification(payload []byte) error {
	var n struct {
		Notification
		Link lenient[string] `json:"link"` // instead of the Link of Notification
	}
	if err := parse(payload, &n); err != nil {
		return err
	}
	if err := n.check(); err != nil {
		return err
	}
	ids := n.UserIDs
	if n.UserID != "" {
		ids = append(ids, n.UserID)
	}
	ev := notificationEvent(n.Type, n.Message, n.Link.value, n.ID, "")
	done := make(map[store.UserID]bool, len(ids))
	for _, id := range ids {
		if !done[id] {
			done[id] = true
			l.notify(id, ev)
		}
	}
	return nil
}

// notificationEvent returns the event of a notification. It drops an invalid link.
func notificationEvent(kind, message, link, id string, study store.StudyID) *Event {
	if !ValidLink(link) {
		link = ""
	}
	return &Event{Kind: Notified, StudyID: study, Notice: &Notification{Type: kind, Message: message, Link: link, ID: id}}
}

// notify delivers ev to all connections of a user, unless a notification with this ID
// has been delivered before.
func (l *listener) notify(user store.UserID, ev *Event) {
	conns := l.users.of(user)
	if len(conns) == 0 || !l.delivered.add("u"+string(user), ev.Notice.ID) {
		return
	}
	batch := &Batch{Events: []*Event{ev}}
	for _, c := range conns {
		c.Deliver(batch)
	}
}

// studyEvent acts on a payload of bus.StudyEvents. If the texts are invalid it returns
// an error, but the end of a membership takes effect all the same.
func (l *listener) studyEvent(payload []byte) error {
	var e struct {
		StudyEvent
		// Instead of the fields of StudyEvent.
		Link lenient[string] `json:"link"`
		From lenient[int64]  `json:"from"`
		To   lenient[int64]  `json:"to"`
	}
	if err := parse(payload, &e); err != nil {
		return err
	}
	e.StudyEvent.From, e.StudyEvent.To = e.From.value, e.To.value
	if e.From.invalid || e.To.invalid {
		e.StudyEvent.From = -1 // which is no range, if the event has one
	}
	if err := e.checkIDs(); err != nil {
		return err
	}
	invalid := checkTexts(e.Type, e.Message, e.ID)
	ev := notificationEvent(e.Type, e.Message, e.Link.value, e.ID, e.StudyID)
	notify := func() {
		if invalid == nil {
			l.notify(e.UserID, ev)
		}
	}
	member := store.Membership{StudyID: e.StudyID, UserID: e.UserID}
	switch {
	case e.Type == MemberKicked:
		l.members.Revoke(member)
		l.inRoom(e.StudyID, func(r *room) {
			r.expel(Kicked, func(s *Seat) bool { return s.user.id == e.UserID })
		}, notify)
	case e.Type == StudyDeleted:
		l.members.Revoke(store.Membership{StudyID: e.StudyID})
		l.inRoom(e.StudyID, func(r *room) {
			r.expel(Deleted, func(*Seat) bool { return true })
		}, nil)
	case e.Type == MessagesErased:
		l.inRoom(e.StudyID, func(r *room) { r.erase(e.StudyEvent.From, e.StudyEvent.To) }, nil)
	case e.Type == MessagesStored:
		if l.room(e.StudyID) != nil {
			l.stored(e.StudyID)
		}
	case e.Type == MemberApproved:
		l.members.Forget(member)
		notify()
	case invalid != nil:
	case e.UserID != "" && e.Type != Notice:
		l.notify(e.UserID, ev)
	case l.room(e.StudyID) != nil && l.delivered.add("r"+string(e.StudyID), e.ID):
		l.inRoom(e.StudyID, func(r *room) { r.broadcast(ev) }, nil)
	}
	return invalid
}

// userEvent acts on a payload of bus.UserEvents.
func (l *listener) userEvent(payload []byte) error {
	var e struct {
		UserEvent
		Message lenient[string] `json:"message"` // a text of another type must not keep a session alive
	}
	if err := parse(payload, &e); err != nil {
		return err
	}
	e.UserEvent.Message = e.Message.value
	if len(e.UserEvent.Message) > maxText {
		e.UserEvent.Message = ""
	}
	if err := e.check(); err != nil {
		return err
	}
	batch := &Batch{Events: []*Event{{Kind: Revoked, Notice: &Notification{Message: e.UserEvent.Message}}}}
	for _, c := range l.users.of(e.UserID) {
		c.Deliver(batch)
	}
	return nil
}

// inRoom calls fn in the order of a room, if there is one, and then next, if it is not
// nil.
func (l *listener) inRoom(study store.StudyID, fn func(*room), next func()) {
	r := l.room(study)
	if r == nil {
		if next != nil {
			next()
		}
		return
	}
	r.inbox.later(func() { // the goroutine of the bus must not run deliveries
		fn(r)
		if next != nil {
			next()
		}
	})
}
