package room

import (
	"github.com/coupchat/coup/internal/relay"
	"github.com/coupchat/coup/store"
)

// subscribe makes a room receive what other hubs store in its study and tell of it. check makes the
// hub compare a study with the store.
func (r *room) subscribe(from *relay.Relay, check func(store.StudyID)) error {
	sub, err := from.Subscribe(r.study, relay.Listener{
		Messages: func(msgs []store.Message) {
			if r.inbox.full() {
				check(r.study) // the store has them
				r.overflow()
				return
			}
			r.inbox.putLater(messageItems(msgs)...)
		},
		Hint: func(seq int64) {
			if !r.inbox.full() {
				r.inbox.later(func() { r.hint(seq) })
			}
		},
		Gap: func() { check(r.study) },
	})
	if err != nil {
		return err
	}
	r.subs[0] = sub
	sub, err = from.SubscribeLive(r.study, func(from store.NodeID, l relay.Live) {
		if !r.inbox.full() {
			r.inbox.later(func() { r.hear(from, l) })
		}
	})
	if err != nil {
		r.unsubscribe()
		return err
	}
	r.subs[1] = sub
	return nil
}

func (r *room) unsubscribe() {
	for _, sub := range r.subs {
		if sub != nil {
			sub.Close()
		}
	}
}

// hear acts on what another hub tells.
func (r *room) hear(from store.NodeID, l relay.Live) {
	switch l.Type {
	case liveTyping:
		if l.UserID != "" {
			r.showTyping(l.UserID, l.UserName)
		}
	case liveSignal:
		if l.UserID != "" {
			r.signal(l.To, &Live{UserID: l.UserID, UserName: l.UserName, Kind: l.Kind, Data: l.Data})
		}
	case livePresence:
		r.hearUsers(from, l)
	}
}
