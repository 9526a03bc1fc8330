package hub

import (
	"github.com/coupchat/coup/internal/native"
	"github.com/coupchat/coup/room"
)

func (r *request) getHistory() {
	d := &r.Data
	study, ok := r.study()
	switch {
	case !ok:
		return
	case d.HasBefore && d.Before < 1:
		r.refuse(badRequest, "before must be a whole number from 1")
		return
	case d.HasLimit && (d.Limit < 1 || d.Limit > 200):
		r.refuse(badRequest, "limit must be a whole number from 1 to 200")
		return
	}
	r.await(func() {
		ctx, cancel := r.s.hub.work.Deadline(r.s.hub.work.Context())
		defer cancel()
		page, err := r.s.hub.rooms.History(ctx, room.HistoryRequest{
			Conn: r.s, StudyID: study, After: d.After, HasAfter: d.HasAfter, Before: d.Before, Limit: int(d.Limit),
		})
		if err != nil {
			r.fail(err)
			return
		}
		r.s.send(r.s.dialect.Ack(r.ID, native.Ack{
			StudyID: study, Seq: page.Seq, HasSeq: true, History: &native.History{Messages: page.Messages, More: page.More},
		}))
	})
}
