package hub

// forgiven is how many refusals a second takes back.
const forgiven = 10

// meter counts what a client should not do often.
type meter struct {
	n    int32
	last int32 // by the wheel
}

// add counts one, and reports whether it is still within the limit.
func (m *meter) add(now int32, limit int) bool {
	m.n = max(0, m.n-(now-m.last)*forgiven) + 1
	m.last = now
	return int(m.n) <= limit
}
