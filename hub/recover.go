package hub

import (
	"context"
	"errors"
	"time"

	"github.com/coupchat/coup/internal/native"
	"github.com/coupchat/coup/internal/socketio"
	"github.com/coupchat/coup/internal/ws"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// maxRecovered is how many entries a client may get back, of all its rooms.
const maxRecovered = 2000

// maxResume is how long an id may be that a client gives back.
const maxResume = 64

// errLost says that a client has missed more than it can get back.
var errLost = errors.New("hub: not recoverable")

// recover answers a CONNECT of a client that may have been here before. It joins the rooms that
// the client was in, on whatever hub that was, and delivers what came since. The hub knows
// nothing of the client but what it says: it gains nothing that join_room would not give it.
func (r *request) recover(ctx context.Context) {
	s, c := r.s, r.s.dialect.(connector)
	places, ok := socketio.ParseCursor(r.Data.Cursor)
	if limit := s.hub.opts.MaxRooms; !ok || r.Data.Resume == "" || len(r.Data.Resume) > maxResume || limit >= 0 && len(places) > limit {
		r.welcome(false)
		return
	}
	back, err := r.rejoin(ctx, places)
	if err != nil {
		r.leaveRooms()
		s.mu.Lock()
		c.Disconnected()
		s.mu.Unlock()
		if err == errLost {
			r.welcome(true)
			return
		}
		s.close(ws.TryLater, "what was missed cannot be read now")
		return
	}
	r.welcomeBack(back.gone)
	for _, catchUp := range back.replays {
		if err := catchUp(); err != nil {
			s.close(ws.TryLater, "the replay could not be completed")
		}
		_ = r.waitForReplay()
	}
}

// welcomeBack answers a CONNECT of a client that has its rooms back, but for those in gone.
func (r *request) welcomeBack(gone []store.StudyID) {
	s, c := r.s, r.s.dialect.(connector)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != open {
		return
	}
	first := [][]byte{
		c.Connected(r.Data.Resume),
		c.AuthSuccess(native.RequestID{}, s.identity.user, s.identity.name, time.UnixMilli(s.identity.expires)),
	}
	for _, study := range gone {
		b := &room.Batch{Events: []*room.Event{{Kind: room.Left, StudyID: study, Reason: room.MembershipLost}}}
		first = append(first, c.Deliver(b, b.Encoded(c.Encoder())))
	}
	s.out.release(s, first, false)
}

// recovered is what a client gets back.
type recovered struct {
	replays []func() error
	gone    []store.StudyID // where the user is not a member any more
}

// rejoin joins the rooms that a client was in. It returns errLost if the client has missed too
// much, or too many rooms are joined in too short a time.
func (r *request) rejoin(ctx context.Context, places []socketio.Place) (back recovered, err error) {
	s, missed := r.s, int64(0)
	for _, p := range places {
		lost := false
		err := s.hub.rooms.Join(ctx, room.JoinRequest{
			Conn: s, StudyID: p.StudyID, After: p.Seq, HasAfter: true, AfterSentAt: p.SentAt,
			Sent: r.waitForReplay, Later: true,
		}, func(j room.Joined) {
			s.mu.Lock()
			late := s.state == ended
			if !late {
				s.seats.Add(j.Seat)
				s.dialect.Moved(p.StudyID, p.Seq, p.SentAt)
			}
			s.mu.Unlock()
			if late {
				j.Seat.Leave(func() {})
			}
			missed += j.Seq - p.Seq
			lost = j.CatchUp == nil || missed > maxRecovered
			back.replays = append(back.replays, j.CatchUp)
		})
		var rate *room.RateError
		switch {
		case errors.Is(err, room.ErrForbidden):
			back.gone = append(back.gone, p.StudyID)
		case errors.As(err, &rate), lost:
			return back, errLost
		case err != nil:
			return back, err
		}
	}
	return back, nil
}
