package hub

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/internal/few"
	"github.com/coupchat/coup/internal/native"
	"github.com/coupchat/coup/internal/socketio"
	"github.com/coupchat/coup/internal/ws"
	"github.com/coupchat/coup/room"
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
		r.await(r.disconnect)
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
	case r.Data.HasToken() && r.Data.Resume == "": // nothing to give back
		r.verify(func(who auth.Identity, err error) {
			r.answerConnect(func() bool { return r.admit(who, err) }, func() { r.welcome(false) })
		})
	case r.Data.HasToken() || s.given() != nil:
		r.await(func() {
			ctx, cancel := s.hub.work.Deadline(s.hub.work.Context())
			defer cancel()
			r.answerConnect(func() bool { return r.enter(ctx) }, func() { r.recover(ctx) })
		})
	default:
		r.welcome(false)
	}
}

// answerConnect answers a CONNECT with welcome if enter says that the session has a user now. Until then
// everything else waits: a client that got an event before the answer would get it again after the next cut.
func (r *request) answerConnect(enter func() bool, welcome func()) {
	s := r.s
	s.mu.Lock()
	s.out.hold(s)
	s.mu.Unlock()
	if enter() {
		s.hub.wheel.put(s, 1)
		welcome()
	}
	s.mu.Lock()
	s.out.release(s, nil, false) // if it was refused
	s.mu.Unlock()
}

// enter gives the session the user of the token, or that of the handshake.
func (r *request) enter(ctx context.Context) bool {
	if r.Data.HasToken() {
		return r.admit(r.s.hub.verify.Verify(ctx, r.Data.Token))
	}
	return r.become(r.s.given())
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

// leaveRooms leaves all rooms, and returns when nothing of them is delivered any more.
func (r *request) leaveRooms() {
	s := r.s
	s.mu.Lock()
	seats := s.seats.All()
	s.seats = few.Set[*room.Seat]{}
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
