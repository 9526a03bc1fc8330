package hub

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/coupchat/coup/internal/native"
	"github.com/coupchat/coup/internal/socketio"
	"github.com/coupchat/coup/internal/ws"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// A connector is a dialect with a CONNECT, which may carry a token and give a client back what it
// missed since an earlier connection.
type connector interface {
	dialect
	// Connected answers a CONNECT. The client gives resume back with the next one. Refused
	// answers one for good.
	Connected(resume string) []byte
	Refused(code, message string) []byte
	// Forget returns what makes a client forget how far it has come. Disconnected forgets it
	// here.
	Forget() []byte
	Disconnected()
}

// control does what a client asks for that is no event.
func (r *request) control(err error) {
	s := r.s
	switch r.Kind {
	case native.Close:
		s.end(ws.Normal, "")
	case native.Connect:
		r.open(err)
	case native.Disconnect:
		s.await = r.disconnect
		s.tolerate()
	case native.Answered:
		s.send(r.Answer)
		s.tolerate()
	case native.Nothing:
		s.tolerate()
	}
}

// open handles a CONNECT. With a token, or with an identity of the handshake, the client gets
// its rooms back if it was here before. Else it has to authenticate by event, and to join anew.
func (r *request) open(err error) {
	s, c := r.s, r.s.dialect.(connector)
	switch {
	case err != nil:
		s.send(c.Refused(badRequest, err.Error()))
		s.close(ws.Unauthenticated, err.Error())
	case r.Data.HasToken() || s.given != nil:
		s.await = func() {
			ctx, cancel := s.hub.work.Deadline(s.hub.work.Context())
			defer cancel()
			// A client that got an event before the answer would get it again after the next cut.
			s.mu.Lock()
			s.out.hold(s)
			s.mu.Unlock()
			if r.enter(ctx) {
				s.hub.wheel.put(s, 1)
				r.recover(ctx)
			}
			s.mu.Lock()
			s.out.release(s, nil, false) // if it was refused
			s.mu.Unlock()
		}
	default:
		r.welcome(false)
	}
}

// enter gives the session the user of the token, or that of the handshake.
func (r *request) enter(ctx context.Context) bool {
	if r.Data.HasToken() {
		return r.admit(r.s.hub.verify.Verify(ctx, r.Data.Token))
	}
	return r.become(r.s.given)
}

// welcome answers a CONNECT of a client that gets nothing back. drop drops what was held for it.
func (r *request) welcome(drop bool) {
	s, c := r.s, r.s.dialect.(connector)
	var first [][]byte
	if r.Data.Resume != "" { // a new id alone would leave the client with its old cursor
		first = append(first, c.Forget())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != open {
		return
	}
	first = append(first, c.Connected(socketio.NewID()))
	if who := s.identity; who != nil {
		first = append(first, c.AuthSuccess(native.RequestID{}, who.user, who.name, time.UnixMilli(who.expires)))
	}
	frames := slices.Concat(first...)
	if !s.out.release(s, [][]byte{frames}, drop) {
		s.out.push(s, frames)
	}
}

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
		first = append(first, c.Deliver(b, b.Encoded(s.encoder)))
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
				s.seats = append(s.seats, j.Seat)
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

// leaveRooms leaves all rooms, and returns when nothing of them is delivered any more.
func (r *request) leaveRooms() {
	s := r.s
	s.mu.Lock()
	seats := s.seats
	s.seats = nil
	s.mu.Unlock()
	var left sync.WaitGroup
	left.Add(len(seats))
	for _, seat := range seats {
		seat.Leave(left.Done)
	}
	left.Wait()
}

// disconnect makes a session a stranger again: its client has sent DISCONNECT, and may send
// CONNECT with another token.
func (r *request) disconnect() {
	s := r.s
	r.leaveRooms()
	known := s.who() != nil
	if known {
		s.hub.rooms.Disconnect(s)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dialect.(connector).Disconnected()
	if s.left {
		return
	}
	s.identity = nil
	if known {
		s.hub.strangers.Add(1)
	}
	if wait := s.hub.opts.AuthTimeout; wait > 0 {
		s.endBy = s.hub.wheel.now() + seconds(wait)
	}
	s.hub.wheel.put(s, 1)
}
