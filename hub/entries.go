package hub

import (
	"github.com/coupchat/coup/internal/native"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

func (r *request) sendMessage() {
	d := &r.Data
	if !d.HasContent() && len(d.Attachments) == 0 {
		r.refuse(badRequest, "content is missing")
		return
	}
	r.post(room.Post{ReplyTo: d.ReplyTo}, func(m *store.Entry) native.Ack {
		return native.Ack{MessageID: m.ID, StudyID: m.StudyID, Seq: m.Seq, HasSeq: true, SentAt: m.SentAt, ClientID: m.ClientID}
	})
}

func (r *request) editMessage() {
	d := &r.Data
	if !d.HasContent() && len(d.Attachments) == 0 {
		r.refuse(badRequest, "content is missing")
		return
	}
	r.change(room.Post{Kind: store.KindEdit}, func(e *store.Entry) native.Ack {
		return native.Ack{StudyID: e.StudyID, Seq: e.Seq, HasSeq: true, MessageSeq: e.MessageSeq, EditedAt: e.SentAt}
	})
}

func (r *request) deleteMessage() {
	r.change(room.Post{Kind: store.KindDelete}, func(e *store.Entry) native.Ack {
		return native.Ack{StudyID: e.StudyID, Seq: e.Seq, HasSeq: true, MessageSeq: e.MessageSeq, DeletedAt: e.SentAt}
	})
}

func (r *request) react() {
	switch d := &r.Data; {
	case !d.HasEmoji():
		r.refuse(badRequest, "emoji is missing")
	case !d.HasOn:
		r.refuse(badRequest, "on is missing")
	default:
		r.change(room.Post{Kind: store.KindReaction, Emoji: d.Emoji, On: d.On}, func(e *store.Entry) native.Ack {
			return native.Ack{StudyID: e.StudyID, Seq: e.Seq, HasSeq: true, MessageSeq: e.MessageSeq, Count: e.Count, HasCount: true}
		})
	}
}

// change posts what changes a message.
func (r *request) change(p room.Post, ack func(*store.Entry) native.Ack) {
	if !r.Data.HasMessageSeq {
		r.refuse(badRequest, "messageSeq is missing")
		return
	}
	p.MessageSeq = r.Data.MessageSeq
	r.post(p, ack)
}

// post posts an entry, with the fields that several kinds have, and answers with its ack.
func (r *request) post(p room.Post, ack func(*store.Entry) native.Ack) {
	d := &r.Data
	if d.HasClientID() && !store.ValidClientID(d.ClientID) {
		r.refuse(badRequest, "clientId must be 1 to 64 characters, none of them a control character")
		return
	}
	seat := r.joinedSeat()
	if seat == nil {
		return
	}
	if r.s.hub.Draining() { // the ack could not arrive any more
		r.s.answer(r.ID, store.ErrUnavailable)
		return
	}
	p.UserName, p.ClientID = r.s.who().name, d.ClientID
	if p.Kind == store.KindMessage || p.Kind == store.KindEdit {
		p.Content, p.Mentions, p.Attachments, p.Meta = d.Content, d.Mentions, d.Attachments, d.Meta
	}
	if seat.Reviews(p.Kind) {
		r.await(func() {
			if err := seat.Review(&p); err != nil {
				r.s.answer(r.ID, err)
				return
			}
			r.store(seat, p, ack)
		})
		return
	}
	r.store(seat, p, ack)
}

// store stores a post and answers the request.
func (r *request) store(seat *room.Seat, p room.Post, ack func(*store.Entry) native.Ack) {
	s, id := r.s, r.ID // not r, whose content would stay in memory until then
	err := seat.Post(p, func(e store.Entry, err error) {
		if err != nil {
			s.answer(id, err)
			return
		}
		s.send(s.dialect.Ack(id, ack(&e)))
	})
	if err != nil {
		r.fail(err)
	}
}
