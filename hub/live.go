package hub

import (
	"github.com/coupchat/coup/internal/native"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// maxLive is how many bytes may wait for a client that still gets what is not stored.
const maxLive = 64 << 10

// UserName returns the name of the user of the connection. See room.Named.
func (s *session) UserName() string {
	if who := s.who(); who != nil {
		return who.name
	}
	return ""
}

func (r *request) typing() {
	if seat := r.joinedSeat(); seat != nil {
		r.answerLive(seat, seat.Typing(r.s.who().name))
	}
}

func (r *request) signal() {
	d := &r.Data
	switch {
	case d.To == "":
		r.refuse(badRequest, "to is missing")
		return
	case d.SignalKind == "":
		r.refuse(badRequest, "kind is missing")
		return
	case d.Signal == nil:
		r.refuse(badRequest, "data is missing")
		return
	}
	if seat := r.joinedSeat(); seat != nil {
		r.answerLive(seat, seat.Signal(room.SignalRequest{
			UserName: r.s.who().name, To: store.UserID(d.To), Kind: d.SignalKind, Data: d.Signal,
		}))
	}
}

// answerLive answers a request whose effect is not stored.
func (r *request) answerLive(seat *room.Seat, err error) {
	if err != nil {
		r.fail(err)
		return
	}
	r.s.send(r.s.dialect.Ack(r.ID, native.Ack{StudyID: seat.StudyID()}))
}

// joinedSeat returns the seat of the session in the study that the request names, or refuses it.
func (r *request) joinedSeat() *room.Seat {
	study, ok := r.study()
	if !ok {
		return nil
	}
	seat, _ := r.s.seat(study)
	if seat == nil {
		r.refuse(notJoined, "join the study first")
	}
	return seat
}

// study returns the study that the request names, or refuses it.
func (r *request) study() (id store.StudyID, ok bool) {
	id = store.StudyID(r.Data.StudyID)
	switch {
	case !r.Data.HasStudyID():
		r.refuse(badRequest, "studyId is missing")
		return "", false
	case !store.ValidID(id):
		r.refuse(badRequest, "studyId is not a valid id")
		return "", false
	}
	return id, true
}
