package room

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"unicode/utf8"

	"github.com/coupchat/coup/internal/relay"
	"github.com/coupchat/coup/store"
)

// Mentioned is the type of the notification that a user gets who is mentioned in a message.
const Mentioned = "mention"

const (
	// mentionText is how many characters of the message a notification shows.
	mentionText = 100
	// liveNotify is the type of what hubs tell each other of notifications.
	liveNotify = "notify"
)

// notifyMentioned notifies the users that messages mention, until the work group ends.
func notifyMentioned(g *Registry) {
	for {
		select {
		case <-g.work.Context().Done():
			return
		case e := <-g.mentions:
			if err := notifyUsers(g, &e); err != nil {
				g.shared.opts.Log.Warn("mentioned users not notified", "study", e.StudyID, "err", err)
			}
		}
	}
}

// notifyUsers notifies the members that an entry mentions, but its author.
func notifyUsers(g *Registry, e *store.Entry) error {
	var of []store.Membership
	for i, user := range e.Mentions {
		m := store.Membership{StudyID: e.StudyID, UserID: user}
		if user == e.UserID || slices.Contains(e.Mentions[:i], user) {
			continue
		}
		if g.shared.rare.mention(e.UserID, g.shared.now(), g.shared.opts.Rate) != nil {
			break
		}
		of = append(of, m)
	}
	n := Notification{Type: Mentioned, Message: mentionMessage(e), Link: mentionLink(e), ID: mentionID(e)}
	for m, answer := range g.shared.members.CheckAll(of) {
		if answer.Err == nil {
			n.UserIDs = append(n.UserIDs, m.UserID)
		}
	}
	if len(n.UserIDs) == 0 {
		return nil
	}
	told := notice{n, e.StudyID}
	told.deliver(&g.listener)
	b, err := json.Marshal(told)
	if err != nil {
		return err
	}
	g.relay.PublishLive("", relay.Live{Type: liveNotify, Notices: []json.RawMessage{b}})
	return nil
}

// A notice is a notification of a hub, as hubs tell it each other.
type notice struct {
	Notification
	StudyID store.StudyID `json:"studyId"`
}

// deliver notifies the users on this hub.
func (n *notice) deliver(l *listener) {
	ev := notificationEvent(n.Type, n.Message, n.Link, n.ID, n.StudyID)
	for _, user := range n.UserIDs {
		l.notify(user, ev)
	}
}

// hearNotices delivers what another hub tells.
func hearNotices(l *listener, notices []json.RawMessage) {
	for _, b := range notices {
		var n notice
		if err := json.Unmarshal(b, &n); err == nil && n.check() == nil {
			n.deliver(l)
		}
	}
}

// messageSeq returns the seq of the message that e is or edits.
func messageSeq(e *store.Entry) int64 {
	if e.Kind == store.KindEdit {
		return e.MessageSeq
	}
	return e.Seq
}

// mentionID names the notification. An edit has that of its message: whoever was notified then is
// not notified again.
func mentionID(e *store.Entry) string { return fmt.Sprintf("mention:%s:%d", e.StudyID, messageSeq(e)) }

func mentionLink(e *store.Entry) string {
	return fmt.Sprintf("/studies/%s?seq=%d", url.PathEscape(string(e.StudyID)), messageSeq(e))
}

// mentionMessage returns the name of the author and the beginning of the message.
func mentionMessage(e *store.Entry) string {
	text := e.Content
	if utf8.RuneCountInString(text) > mentionText {
		n := 0
		for i := range text {
			if n == mentionText {
				text = text[:i] + "…"
				break
			}
			n++
		}
	}
	if e.UserName == "" {
		return text
	}
	return e.UserName + ": " + text
}

// hearOfUsers acts on what another hub tells of users.
func hearOfUsers(g *Registry, l relay.Live) {
	switch l.Type {
	case liveRead:
		hearMarks(g, l.Marks)
	case liveNotify:
		hearNotices(&g.listener, l.Notices)
	}
}
