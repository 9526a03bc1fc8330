package hub

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/internal/codec"
	"github.com/coupchat/coup/internal/ws"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// requestTimeout bounds one request that has to ask somebody.
const requestTimeout = 10 * time.Second

// handlers is the event table of clients.
var handlers = map[string]func(*session, *codec.Request){
	"authenticate": (*session).authenticate,
	"join_room":    (*session).joinRoom,
	"leave_room":   (*session).leaveRoom,
	"send_message": (*session).sendMessage,
}

// request takes one text message of the client.
func (s *session) request(text []byte) {
	s.mu.Lock()
	state, who := s.state, s.identity
	s.mu.Unlock()
	if state != open {
		return
	}
	req, err := codec.Decode(text)
	switch handle := handlers[req.Event]; {
	case who == nil && req.Event != "authenticate" && (err == nil || req.Event != ""):
		s.refuse(&req, unauthorized, "authenticate first")
	case err != nil:
		s.refuse(&req, badRequest, err.Error())
	case handle == nil:
		s.refuse(&req, badRequest, "unknown event")
	default:
		handle(s, &req)
	}
}

// authenticate lets the client in, or renews its session in place.
func (s *session) authenticate(req *codec.Request) {
	if !req.Data.HasToken() {
		s.refuse(req, badRequest, "token is missing")
		return
	}
	s.await = func() {
		ctx, cancel := context.WithTimeout(s.hub.life, requestTimeout)
		defer cancel()
		who, err := s.hub.verify.Verify(ctx, req.Data.Token)
		s.admit(req, who, err)
	}
}

// admit answers authenticate.
func (s *session) admit(req *codec.Request, who auth.Identity, err error) {
	known := s.who()
	next := &identity{store.UserID(who.UserID), who.UserName, who.ExpiresAt.UnixMilli()}
	switch {
	// A leeway of the verifier is no reason to let in who would be put out at once.
	case errors.Is(err, auth.ErrExpired), err == nil && !time.Now().Before(who.ExpiresAt):
		s.reject(req, known, tokenExpired, "the token has expired")
		return
	case errors.Is(err, auth.ErrInvalid), err == nil && !(store.ValidID(who.UserID) && store.ValidUserName(who.UserName)):
		s.reject(req, known, tokenInvalid, "the token is not valid")
		return
	case err != nil:
		s.hub.opts.Log.Warn("token not checked", "err", err)
		s.send(errorFrame(req.ID, req.HasID, unavailable, "the token cannot be checked now", 0))
		return
	case known != nil && known.user != next.user:
		s.reject(req, known, userMismatch, "the token is somebody else's")
		return
	}
	s.mu.Lock()
	s.identity = next
	s.mu.Unlock()
	if known == nil {
		if err := s.hub.rooms.Connect(s); err != nil {
			if errors.Is(err, room.ErrTooMany) {
				s.close(ws.TooMany, "too many connections of one user")
			} else {
				s.close(ws.GoingAway, "the server is about to stop")
			}
			return
		}
		if s.over() { // it ended while it was being connected
			s.hub.rooms.Disconnect(s)
			return
		}
	}
	e := frame(128+len(next.name), "auth_success", req.ID, req.HasID)
	e.String("userId", string(next.user))
	e.String("userName", next.name)
	e.String("expiresAt", store.FormatTime(who.ExpiresAt))
	s.send(ws.Seal(e.End()))
	s.hub.wheel.put(s, 1)
	if known != nil {
		s.tolerate()
	}
}

// reject refuses a token. A client that has no other must go.
func (s *session) reject(req *codec.Request, known *identity, code, message string) {
	s.send(authError(req.ID, req.HasID, code, message))
	if known == nil {
		s.close(ws.Unauthenticated, message)
		return
	}
	s.tolerate()
}

func (s *session) joinRoom(req *codec.Request) {
	if !req.Data.HasStudyID() {
		s.refuse(req, badRequest, "studyId is missing")
		return
	}
	study := store.StudyID(req.Data.StudyID)
	seat, seats := s.seat(study)
	if limit := s.hub.opts.MaxRooms; limit >= 0 && seat == nil && seats >= limit {
		s.refuse(req, badRequest, "too many rooms joined by one connection")
		return
	}
	s.await = func() {
		ctx, cancel := context.WithTimeout(s.hub.life, requestTimeout)
		defer cancel()
		err := s.hub.rooms.Join(ctx, room.JoinRequest{Conn: s, StudyID: study, After: req.Data.After, HasAfter: req.Data.HasAfter, Seat: seat},
			func(j room.Joined) { s.joined(req, j, seat) })
		if err != nil {
			s.fail(req, err)
		}
		s.replayed()
	}
}

// replayed waits until a replay has left. Nothing more of a client that does not
// read is read, so it cannot have replay upon replay pile up here.
func (s *session) replayed() {
	s.mu.Lock()
	var gone chan struct{}
	if s.out.backlog != nil {
		gone = s.out.replay
	}
	s.mu.Unlock()
	if gone != nil {
		select {
		case <-gone:
		case <-s.hub.life.Done():
		}
	}
}

// joined notes a seat and acknowledges it, in the order of the room.
func (s *session) joined(req *codec.Request, j room.Joined, before *room.Seat) {
	s.mu.Lock()
	late := s.state == ended
	if !late && j.Seat != before {
		s.seats = append(s.seats, j.Seat)
	}
	s.mu.Unlock()
	if late {
		j.Seat.Leave(func() {})
		return
	}
	if req.HasID {
		e := frame(160, "ack", req.ID, true)
		e.String("studyId", string(j.Seat.StudyID()))
		e.Int("seq", j.Seq)
		if j.Truncated {
			e.True("truncated")
		}
		s.send(ws.Seal(e.End()))
	}
	if len(j.Replay) > 0 {
		s.replay(j.Replay)
	}
}

// seat returns the session's seat in a study, if any, and how many it has.
func (s *session) seat(study store.StudyID) (*room.Seat, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, seat := range s.seats {
		if seat.StudyID() == study {
			return seat, len(s.seats)
		}
	}
	return nil, len(s.seats)
}

func (s *session) leaveRoom(req *codec.Request) {
	if !req.Data.HasStudyID() {
		s.refuse(req, badRequest, "studyId is missing")
		return
	}
	study := store.StudyID(req.Data.StudyID)
	if !store.ValidID(study) {
		s.refuse(req, badRequest, "studyId is not a valid id")
		return
	}
	seat, _ := s.seat(study)
	if seat == nil {
		s.refuse(req, notJoined, "join the study first")
		return
	}
	s.mu.Lock()
	for i, have := range s.seats {
		if have == seat {
			s.seats = append(s.seats[:i], s.seats[i+1:]...)
			break
		}
	}
	s.mu.Unlock()
	s.await = func() {
		left := make(chan struct{})
		seat.Leave(func() {
			defer close(left)
			if req.HasID {
				e := frame(160, "ack", req.ID, true)
				e.String("studyId", string(study))
				s.send(ws.Seal(e.End()))
			}
		})
		<-left
	}
}

func (s *session) sendMessage(req *codec.Request) {
	d := &req.Data
	switch {
	case !d.HasStudyID():
		s.refuse(req, badRequest, "studyId is missing")
		return
	case !d.HasContent():
		s.refuse(req, badRequest, "content is missing")
		return
	case !store.ValidID(d.StudyID):
		s.refuse(req, badRequest, "studyId is not a valid id")
		return
	case d.HasClientID() && !store.ValidClientID(d.ClientID):
		s.refuse(req, badRequest, "clientId must be 1 to 64 characters, none of them a control character")
		return
	}
	seat, _ := s.seat(store.StudyID(d.StudyID))
	if seat == nil {
		s.refuse(req, notJoined, "join the study first")
		return
	}
	if s.hub.Draining() { // an ack would come too late
		s.answer(req.ID, req.HasID, store.ErrUnavailable)
		return
	}
	id, hasID := req.ID, req.HasID
	err := seat.Post(room.Post{UserName: s.who().name, Content: d.Content, ClientID: d.ClientID}, func(m store.Message, err error) {
		switch {
		case err != nil:
			s.answer(id, hasID, err)
		case hasID:
			e := frame(160+2*len(m.StudyID)+len(m.ClientID), "ack", id, true)
			e.String("id", m.ID)
			e.String("studyId", string(m.StudyID))
			e.Int("seq", m.Seq)
			e.String("sentAt", store.FormatTime(m.SentAt))
			e.Optional("clientId", m.ClientID)
			s.send(ws.Seal(e.End()))
		}
	})
	if err != nil {
		s.fail(req, err)
	}
}

// trim leaves out what an error says about its kind: the code does.
func trim(err error) string {
	return strings.TrimSpace(strings.TrimLeft(strings.TrimPrefix(err.Error(), store.ErrInvalid.Error()), ":\n"))
}
