package hub

// forgiven is how many refusals of one client a second takes back.
const forgiven = 10

// meter counts what should not happen often.
type meter struct {
	n    int32
	last int32 // by the wheel
}

// add counts one, takes perSecond back for each second that has passed, and reports
// whether what is left is within the limit.
func (m *meter) add(now int32, perSecond, limit int) bool {
	left := int64(m.n) - int64(now-m.last)*int64(perSecond)
	m.n = int32(min(max(0, left)+1, int64(limit)+1))
	m.last = now
	return int(m.n) <= limit
}
