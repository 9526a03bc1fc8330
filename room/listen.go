package room

import (
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/coupchat/coup/bus"
)

// maxAnnounced bounds an announcement, in bytes.
const maxAnnounced = 1 << 20

// listen subscribes to what the business server publishes.
func (g *Registry) listen() error {
	g.wire.header = g.newsHeader()
	for channel, take := range map[string]func([]byte) error{
		NotificationsChannel: g.notification,
		StudyEventsChannel:   g.studyEvent,
	} {
		h := bus.Handler{Message: func(payload []byte) {
			if err := take(payload); err != nil {
				g.stats.junk.Add(1)
				g.opts.Log.LogAttrs(g.life, slog.LevelWarn, "announcement skipped", slog.String("channel", channel), slog.Any("err", err))
			}
		}}
		if channel == StudyEventsChannel {
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

// notification takes a payload of the notifications channel.
func (g *Registry) notification(payload []byte) error {
	var n Notification
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
	told := make(map[UserID]bool, len(ids))
	for _, id := range ids {
		if !told[id] {
			told[id] = true
			g.notify(id, ev)
		}
	}
	return nil
}

// notified makes the event of a notification. A link that is no link is dropped.
func notified(kind, message, link, id string, study StudyID) *Event {
	if !ValidLink(link) {
		link = ""
	}
	return &Event{Kind: Notified, StudyID: study, Notice: Notification{Type: kind, Message: message, Link: link, ID: id}}
}

// notify tells all connections of a user, once for each id of a notification.
func (g *Registry) notify(user UserID, ev *Event) {
	members := g.users.of(user)
	if len(members) == 0 || !g.shown.first("u"+string(user), ev.Notice.ID) {
		return
	}
	batch := &Batch{Events: []*Event{ev}}
	for _, m := range members {
		m.Deliver(batch)
	}
}

// studyEvent takes a payload of the study-events channel.
func (g *Registry) studyEvent(payload []byte) error {
	var e StudyEvent
	if err := parse(payload, &e); err != nil {
		return err
	}
	if err := e.check(); err != nil {
		return err
	}
	ev := notified(e.Type, e.Message, e.Link, e.ID, e.StudyID)
	switch {
	case e.Type == MemberKicked:
		g.revoke(e.StudyID, e.UserID)
		g.inRoom(e.StudyID, func(r *Room) {
			r.expel(Kicked, func(s *Seat) bool { return s.user.id == e.UserID })
		}, func() { g.notify(e.UserID, ev) })
	case e.Type == StudyDeleted:
		g.revoke(e.StudyID, "")
		g.inRoom(e.StudyID, func(r *Room) {
			r.expel(Deleted, func(*Seat) bool { return true })
		}, nil)
	case e.Type == MemberApproved:
		g.members.forget(membership{e.StudyID, e.UserID})
		g.notify(e.UserID, ev)
	case e.UserID != "" && e.Type != Notice:
		g.notify(e.UserID, ev)
	case g.lookup(e.StudyID) != nil && g.shown.first("r"+string(e.StudyID), e.ID):
		g.inRoom(e.StudyID, func(r *Room) { r.tell(ev) }, nil)
	}
	return nil
}

// inRoom does fn in the order of a room, if there is one, and next after it.
func (g *Registry) inRoom(study StudyID, fn func(*Room), next func()) {
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
