package hub

// A sessionSet holds sessions in any order. Each knows its place, so the set costs one pointer a session.
type sessionSet []*session

func (ss *sessionSet) add(s *session) {
	s.slot = int32(len(*ss))
	*ss = append(*ss, s)
}

// remove removes a session, which is in the set.
func (ss *sessionSet) remove(s *session) {
	last := len(*ss) - 1
	moved := (*ss)[last]
	(*ss)[s.slot], moved.slot = moved, s.slot
	(*ss)[last] = nil
	*ss = (*ss)[:last]
}
