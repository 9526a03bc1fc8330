package room

// maxAhead bounds how many messages wait for their turn in a room. Beyond it
// they are dropped: the store has them, and the gap before them is being read.
const maxAhead = 1024

// keepRecent is how many delivered messages a room remembers, so that those who
// come back after a moment are not sent to the store.
const keepRecent = 128

// take brings a message to its turn: repeats are dropped, what comes too early
// waits. It is news of a seq; the store is the truth.
func (r *room) take(ev *Event) {
	seq := ev.Message.Seq
	switch {
	case r.ready && seq <= r.head:
		return
	case r.ready && seq == r.head+1:
		r.pass(ev)
		r.passAhead()
	case len(r.ahead) < maxAhead:
		if r.ahead == nil {
			r.ahead = map[int64]*Event{}
		}
		r.ahead[seq] = ev
	}
	r.learn(seq, r.reg.opts.ReorderWait)
}

// pass delivers the message whose turn it is, at the next flush.
func (r *room) pass(ev *Event) {
	r.head = ev.Message.Seq
	r.out = append(r.out, ev)
	r.trim()
	r.recent = append(r.recent, ev)
}

func (r *room) passAhead() {
	for len(r.ahead) > 0 {
		ev, ok := r.ahead[r.head+1]
		if !ok {
			return
		}
		delete(r.ahead, r.head+1)
		r.pass(ev)
	}
	r.ahead = nil
}

// open sets where deliveries begin in a room that has just been made.
func (r *room) open(head int64) {
	if r.ready {
		return
	}
	r.ready, r.head = true, head
	for seq := range r.ahead {
		if seq <= head {
			delete(r.ahead, seq)
		}
	}
	r.passAhead()
	r.learn(r.head, r.reg.opts.ReorderWait)
}

// since returns the recent messages after seq, if they reach back that far.
func (r *room) since(seq int64) ([]*Event, bool) {
	missing := r.head - seq
	if missing <= 0 {
		return nil, true
	}
	if missing > int64(len(r.recent)) {
		return nil, false
	}
	return r.recent[int64(len(r.recent))-missing:], true
}
