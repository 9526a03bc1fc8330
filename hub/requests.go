package hub

import (
	"errors"

	"github.com/coupchat/coup/internal/native"
	"github.com/coupchat/coup/internal/ws"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// A request is one event of a client, and the session that answers it.
type request struct {
	s *session
	native.Request
}

// handlers are the events that clients may send.
var handlers = map[string]func(*request){
	"authenticate": (*request).authenticate,
	"join_room":    (*request).joinRoom,
	"leave_room":   (*request).leaveRoom,

	"send_message":   (*request).sendMessage,
	"edit_message":   (*request).editMessage,
	"delete_message": (*request).deleteMessage,
	"react":          (*request).react,
	"get_history":    (*request).getHistory,

	"mark_read": (*request).markRead,

	"typing": (*request).typing,
	"signal": (*request).signal,
}

// request handles one message of the client.
func (s *session) request(message []byte, binary bool) {
	s.mu.Lock()
	state, who := s.state, s.identity
	s.mu.Unlock()
	if state != open {
		return
	}
	decoded, err := s.dialect.Decode(message, binary)
	if violated, is := errors.AsType[*ws.Error](err); is {
		s.end(violated.Code, violated.Reason)
		return
	}
	r := &request{s, decoded}
	if r.Kind != native.Event {
		r.control(err)
		return
	}
	switch handle := handlers[r.Event]; {
	case who == nil && r.Event != "authenticate" && (err == nil || r.Event != ""):
		r.refuse(unauthorized, "authenticate first")
	case err != nil:
		r.refuse(badRequest, err.Error())
	case handle == nil:
		r.refuse(badRequest, "unknown event")
	default:
		handle(r)
	}
}

func (r *request) joinRoom() {
	if !r.Data.HasStudyID() {
		r.refuse(badRequest, "studyId is missing")
		return
	}
	study := store.StudyID(r.Data.StudyID)
	seat, seats := r.s.seat(study)
	if limit := r.s.hub.opts.MaxRooms; limit >= 0 && seat == nil && seats >= limit {
		r.refuse(badRequest, "too many rooms joined by one connection")
		return
	}
	r.await(func() {
		ctx, cancel := r.s.hub.work.Deadline(r.s.hub.work.Context())
		defer cancel()
		answered := false
		err := r.s.hub.rooms.Join(ctx, room.JoinRequest{
			Conn: r.s, StudyID: study, Seat: seat,
			Presence: r.Data.Presence, Reads: r.Data.Reads,
			After: r.Data.After, HasAfter: r.Data.HasAfter, AfterSentAt: r.Data.AfterSentAt,
			Sent: r.waitForReplay,
		}, func(j room.Joined) {
			answered = true
			r.joined(j, seat)
		})
		switch {
		case err == nil:
		case answered:
			r.s.close(ws.TryLater, "the replay could not be completed")
		default:
			r.fail(err)
		}
		_ = r.waitForReplay() // the session reads on even if it has ended
	})
}

// joined keeps a new seat and answers the join, in the order of the room. before is the
// seat that the session had in this study.
func (r *request) joined(j room.Joined, before *room.Seat) {
	seq, at := j.Seq, j.SentAt // how far the client has come now
	if r.Data.HasAfter && !j.Truncated && !j.Reset {
		seq, at = r.Data.After, r.Data.AfterSentAt
	}
	r.s.mu.Lock()
	late := r.s.state == ended
	if !late {
		if j.Seat != before {
			r.s.seats.Add(j.Seat)
		}
		r.s.moved(j.Seat.StudyID(), seq, at)
	}
	r.s.mu.Unlock()
	if late {
		j.Seat.Leave(func() {})
		return
	}
	r.s.send(r.s.dialect.Ack(r.ID, native.Ack{
		StudyID: j.Seat.StudyID(), Seq: j.Seq, HasSeq: true, SentAt: j.SentAt, Truncated: j.Truncated, Reset: j.Reset,
		Online: j.Online, OnlineCount: j.OnlineCount, Read: j.Read,
	}))
	if len(j.Replay) > 0 {
		r.sendReplay(j.Replay)
	}
}

// sendReplay sends the messages that a join replays.
func (r *request) sendReplay(events []*room.Event) {
	s := r.s
	b := &room.Batch{Events: events}
	shared := s.dialect.Encoder().EncodeBatch(b)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == open {
		s.out.pushReplay(s, s.dialect.Deliver(b, shared))
	}
}

// errOver says that a session ended while a replay was sent.
var errOver = errors.New("hub: the session has ended")

// waitForReplay waits until the page of a replay has been sent, or returns errOver. Until then
// nothing is read from the client: it could ask for one replay after the other, and fill the
// memory.
func (r *request) waitForReplay() error {
	s := r.s
	s.mu.Lock()
	var sent chan struct{}
	if s.out.backlog != nil {
		sent = s.out.backlog.replay
	}
	s.mu.Unlock()
	if sent != nil {
		select {
		case <-sent:
		case <-s.hub.work.Context().Done():
			return errOver
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != open {
		return errOver
	}
	return nil
}

func (r *request) leaveRoom() {
	seat := r.joinedSeat()
	if seat == nil {
		return
	}
	s, study := r.s, seat.StudyID()
	s.mu.Lock()
	s.seats.Remove(seat)
	s.mu.Unlock()
	r.await(func() {
		left := make(chan struct{})
		seat.Leave(func() {
			defer close(left)
			s.mu.Lock()
			if frame := s.dialect.Left(study); frame != nil && s.state == open {
				s.out.push(s, frame)
			}
			s.mu.Unlock()
			s.send(s.dialect.Ack(r.ID, native.Ack{StudyID: study}))
		})
		<-left
	})
}

// refuse answers with an error of the client, which counts toward MaxRefused.
func (r *request) refuse(code, message string) {
	sendError(r.s, r.ID, native.Error{Code: code, Message: message})
	r.s.tolerate()
}

// fail answers with an error of the rooms. ErrUnavailable does not count toward
// MaxRefused.
func (r *request) fail(err error) {
	r.s.answer(r.ID, err)
	if !isUnavailable(err) {
		r.s.tolerate()
	}
}

// reject refuses a token. Without another identity the session is closed. It reports false.
func (r *request) reject(known *identity, code, message string) bool {
	if r.Kind == native.Connect {
		r.s.send(r.s.dialect.(connector).Refused(code, message))
		r.s.close(ws.Unauthenticated, message)
		return false
	}
	r.s.send(r.s.dialect.AuthError(r.ID, code, message))
	if known == nil {
		r.s.close(ws.Unauthenticated, message)
		return false
	}
	r.s.tolerate()
	return false
}

// postpone says that a token cannot be checked now. It reports false.
func (r *request) postpone(message string) bool {
	if r.Kind == native.Connect { // an error would be final: the client comes back without one
		r.s.close(ws.TryLater, message)
		return false
	}
	sendError(r.s, r.ID, native.Error{Code: unavailable, Message: message})
	return false
}
