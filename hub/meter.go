package hub

// refusedPerSecond is how much each second takes off the count of MaxRefused.
const refusedPerSecond = 10

// A meter counts what should be rare. The count falls with time.
type meter struct {
	n    int32
	last int32 // when n was changed, by the wheel
}

// add counts one, after it has taken perSecond off for each second since the last
// call. It reports whether the count is at most limit.
func (m *meter) add(now int32, perSecond, limit int) bool {
	left := int64(m.n) - int64(now-m.last)*int64(perSecond)
	m.n = int32(min(max(0, left)+1, int64(limit)+1))
	m.last = now
	return int(m.n) <= limit
}
