package hub

import (
	"github.com/coupchat/coup/internal/native"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

func (r *request) markRead() {
	d := &r.Data
	study, ok := r.study()
	switch {
	case !ok:
		return
	case !d.HasSeq:
		r.refuse(badRequest, "seq is missing")
		return
	}
	seat, _ := r.s.seat(study)
	s, id := r.s, r.ID // not r, whose content would stay in memory until then
	s.hub.rooms.MarkRead(room.MarkRequest{Conn: s, StudyID: study, Seat: seat, Seq: d.Seq}, func(state store.ReadState, err error) {
		if err != nil {
			s.answer(id, err)
			return
		}
		s.send(s.dialect.Ack(id, native.Ack{StudyID: study, Seq: state.Seq, HasSeq: true, Unread: state.Unread, Marked: true}))
	})
}
