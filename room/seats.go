package room

// broadcast delivers one event to every seat.
func (r *room) broadcast(ev *Event) {
	batch := &Batch{Events: []*Event{ev}}
	for _, s := range r.seats {
		s.conn.Deliver(batch)
	}
}

// seat adds a seat. The caller has a reference to the room for it.
func (r *room) seat(c Conn, u *user) *Seat {
	s := &Seat{room: r, conn: c, user: u, index: len(r.seats)}
	r.seats = append(r.seats, s)
	r.entered(s)
	return s
}

// remove removes a seat. It reports false if that has been done before.
func (r *room) remove(s *Seat) bool {
	if s.gone.Swap(true) {
		return false
	}
	last := len(r.seats) - 1
	r.seats[s.index] = r.seats[last]
	r.seats[s.index].index = s.index
	r.seats[last] = nil
	r.seats = r.seats[:last]
	r.exited(s)
	r.shared.release(r)
	return true
}

// expel removes the seats that match, and tells their clients why.
func (r *room) expel(reason string, match func(*Seat) bool) {
	batch := &Batch{Events: []*Event{{Kind: Left, StudyID: r.study, Reason: reason}}}
	for i := len(r.seats) - 1; i >= 0; i-- {
		if s := r.seats[i]; match(s) && r.remove(s) {
			s.conn.Deliver(batch)
		}
	}
}
