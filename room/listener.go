package room

import (
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/store"
)

// maxAnnounced bounds an announcement, in bytes.
const maxAnnounced = 1 << 20

// listen subscribes to what the business server publishes.
func (g *Registry) listen() error {
	g.wire.header = g.newsHeader()
	for channel, take := range map[string]func([]byte) error{
		bus.Notifications: g.notification,
		bus.StudyEvents:   g.studyEvent,
	} {
		h := bus.Handler{Message: func(payload []byte) {
			if err := take(payload); err != nil {
				g.stats.junk.Add(1)
				g.opts.Log.LogAttrs(g.life, slog.LevelWarn, "announcement skipped", slog.String("channel", channel), slog.Any("err", err))
			}
		}}
		if channel == bus.StudyEvents {
			h.Gap = g.missedNews
		}
		sub, err := g.opts.Bus.Subscribe(channel, h)
		if err != nil {
			for _, sub := range g.subs {
				sub.Close()
			}
			return fmt.Errorf("subscribe to %s: %w", channel, err)
		}
		g.subs = append(g.subs, sub)
	}
	return nil
}

func parse(payload []byte, v any) error {
	if len(payload) > maxAnnounced {
		return fmt.Errorf("over %d bytes", maxAnnounced)
	}
	return json.Unmarshal(payload, v)
}

// A looseLink is a link as others write it. What is no text is no link either, and
// costs the event nothing else.
type looseLink string

func (l *looseLink) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*l = looseLink(s)
	}
	return nil
}

// notification takes a payload of the notifications channel.
func (g *Registry) notification(payload []byte) error {
	var n struct {
		Notification
		Link looseLink `json:"link"` // instead of that of Notification
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
	ev := notified(n.Type, n.Message, n.Link, n.ID, "")
	told := make(map[store.UserID]bool, len(ids))
	for _, id := range ids {
		if !told[id] {
			told[id] = true
			g.notify(id, ev)
		}
	}
	return nil
}

// notified makes the event of a notification. A link that is no link is dropped.
func notified(kind, message string, loose looseLink, id string, study store.StudyID) *Event {
	link := string(loose)
	if !ValidLink(link) {
		link = ""
	}
	return &Event{Kind: Notified, StudyID: study, Notice: Notification{Type: kind, Message: message, Link: link, ID: id}}
}

// notify tells all connections of a user, once for each id of a notification.
func (g *Registry) notify(user store.UserID, ev *Event) {
	members := g.users.of(user)
	if len(members) == 0 || !g.shown.first("u"+string(user), ev.Notice.ID) {
		return
	}
	batch := &Batch{Events: []*Event{ev}}
	for _, m := range members {
		m.Deliver(batch)
	}
}

// studyEvent takes a payload of the study-events channel. What becomes of a
// membership does not hang on the words that come with it: if they cannot be shown,
// that is an error, and nothing else is left out.
func (g *Registry) studyEvent(payload []byte) error {
	var e struct {
		StudyEvent
		Link looseLink `json:"link"` // instead of that of StudyEvent
	}
	if err := parse(payload, &e); err != nil {
		return err
	}
	if err := e.checkIDs(); err != nil {
		return err
	}
	wrong := checkTexts(e.Type, e.Message, e.ID)
	ev := notified(e.Type, e.Message, e.Link, e.ID, e.StudyID)
	tell := func() {
		if wrong == nil {
			g.notify(e.UserID, ev)
		}
	}
	switch {
	case e.Type == MemberKicked:
		g.revoke(e.StudyID, e.UserID)
		g.inRoom(e.StudyID, func(r *room) {
			r.expel(Kicked, func(s *Seat) bool { return s.user.id == e.UserID })
		}, tell)
	case e.Type == StudyDeleted:
		g.revoke(e.StudyID, "")
		g.inRoom(e.StudyID, func(r *room) {
			r.expel(Deleted, func(*Seat) bool { return true })
		}, nil)
	case e.Type == MemberApproved:
		g.members.forget(membership{e.StudyID, e.UserID})
		tell()
	case wrong != nil:
	case e.UserID != "" && e.Type != Notice:
		g.notify(e.UserID, ev)
	case g.lookup(e.StudyID) != nil && g.shown.first("r"+string(e.StudyID), e.ID):
		g.inRoom(e.StudyID, func(r *room) { r.tell(ev) }, nil)
	}
	return wrong
}

// inRoom does fn in the order of a room, if there is one, and next after it.
func (g *Registry) inRoom(study store.StudyID, fn func(*room), next func()) {
	r := g.lookup(study)
	if r == nil {
		if next != nil {
			next()
		}
		return
	}
	r.later(func() { // the bus is not to wait for deliveries
		fn(r)
		if next != nil {
			next()
		}
	})
}
