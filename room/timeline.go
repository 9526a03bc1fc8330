package room

import (
	"time"

	"github.com/coupchat/coup/store"
)

// maxAhead bounds how many messages of a room wait for their turn. More are dropped:
// the gap before them is read from the store anyway.
const maxAhead = 1024

// A timeline puts the messages of one study in the order of their seqs. It does not
// know where messages come from and where they go. One goroutine at a time uses it.
//
// The store may lack messages that were deleted. So between two messages that follow
// each other here, seqs may be missing.
type timeline struct {
	maxReplay int // Options.MaxReplay
	// kept is what is remembered of the messages whose turn has come.
	kept kept

	// ready says that head is known. Until then all messages wait in ahead.
	ready bool
	// head is the seq of the newest message whose turn has come.
	head int64
	// headTime is when the message at head was stored. It is zero if that is not known.
	headTime time.Time
	// target is the newest seq that is known to exist.
	target int64
	// ahead holds messages whose turn has not come, by seq.
	ahead map[int64]*Event
	// aheadBytes is the memory of ahead.
	aheadBytes int64
	// out holds messages whose turn has come, and which are not delivered yet.
	out []*Event

	// erasures counts calls of erase. What was read from the store before the last one
	// may be gone.
	erasures int
	// erasedTo is the newest seq that was erased before its turn had come. A message up to
	// there counts only if the store still has it.
	erasedTo int64
}

// open sets where the timeline begins, once.
func (t *timeline) open(head int64) {
	if t.ready {
		return
	}
	t.ready, t.head = true, head
	t.kept = kept{begin: head}
	t.passAhead()
}

// add takes a message, from this hub or the bus. It reports false if its turn has been
// before.
func (t *timeline) add(ev *Event) bool {
	seq := ev.Message.Seq
	switch {
	case t.ready && seq <= t.head:
		return false
	case seq <= t.erasedTo: // the store knows whether it still exists
	case t.ready && seq == t.head+1:
		t.pass(ev)
		t.passAhead()
	case len(t.ahead) < maxAhead:
		t.wait(ev)
	}
	t.learn(seq)
	return true
}

// far reports whether seq is so far ahead that a message with it is not kept until its turn.
func (t *timeline) far(seq int64) bool { return t.ready && seq > t.head+maxAhead }

// read takes messages that the store has after head, in order. They show that those
// between them, and between head and the first, are gone.
func (t *timeline) read(msgs []store.Message) {
	for _, m := range msgs {
		if m.Seq > t.head {
			t.learn(m.Seq)
			ev := t.ahead[m.Seq] // it knows who has posted it
			if ev == nil || ev.Message.ID != m.ID || !sameTime(ev.Message.SentAt, m.SentAt) {
				ev = messageEvent(m)
			}
			t.pass(ev)
		}
	}
	t.passAhead()
}

// learn notes that seq exists.
func (t *timeline) learn(seq int64) { t.target = max(t.target, seq) }

// incomplete reports whether messages up to target are missing.
func (t *timeline) incomplete() bool { return t.ready && t.head < t.target }

// pass moves the message whose turn it is to out.
func (t *timeline) pass(ev *Event) {
	t.head, t.headTime = ev.Message.Seq, ev.Message.SentAt
	t.out = append(t.out, ev)
	t.kept.revise(&ev.Message)
	t.kept.add(ev, t.maxReplay)
}

// wait keeps a message until its turn comes.
func (t *timeline) wait(ev *Event) {
	if t.ahead == nil {
		t.ahead = map[int64]*Event{}
	}
	if t.ahead[ev.Message.Seq] == nil {
		t.ahead[ev.Message.Seq] = ev
		t.aheadBytes += ev.size()
	}
}

// drop removes the messages that wait and match.
func (t *timeline) drop(match func(seq int64) bool) {
	for seq, ev := range t.ahead {
		if match(seq) {
			delete(t.ahead, seq)
			t.aheadBytes -= ev.size()
		}
	}
	if len(t.ahead) == 0 {
		t.ahead = nil
	}
}

func (t *timeline) passAhead() {
	t.drop(func(seq int64) bool { return seq <= t.head })
	for ev := t.ahead[t.head+1]; ev != nil; ev = t.ahead[t.head+1] {
		t.pass(ev)
		delete(t.ahead, t.head)
		t.aheadBytes -= ev.size()
	}
}

// forget forgets all messages but those that are to be delivered. The store has them.
func (t *timeline) forget() {
	t.kept.forget(t.head)
	t.drop(func(int64) bool { return true })
}

// expire forgets what is too old, and what is too much.
func (t *timeline) expire() { t.kept.expire(t.head, t.maxReplay) }

// bytes is the memory of the messages that the timeline remembers.
func (t *timeline) bytes() int64 { return t.kept.bytes + t.aheadBytes }

// skip goes on with the message after seq, because those before are gone.
func (t *timeline) skip(seq int64) {
	if seq > t.head {
		t.head, t.headTime = seq, time.Time{}
		t.passAhead()
	}
}

// giveUp forgets that messages after head exist.
func (t *timeline) giveUp() {
	t.target = t.head
	t.drop(func(int64) bool { return true })
}

// reset begins anew at head: the store has another history than before.
func (t *timeline) reset(head int64) {
	*t = timeline{maxReplay: t.maxReplay, kept: kept{begin: head}, ready: true, head: head, target: head, erasures: t.erasures + 1}
}

// erase forgets the messages from first to last, because somebody says that the store does
// not have them any more. It forgets those before them too: only the store knows which ones
// between first and last are gone. Another may have been stored there since.
func (t *timeline) erase(first, last int64) {
	t.erasures++
	t.kept.forget(min(last, t.head))
	t.drop(func(seq int64) bool { return seq >= first && seq <= last })
	if last = min(last, t.head+maxAhead); last > t.head {
		t.erasedTo = max(t.erasedTo, last)
	}
}

// find returns when the message with seq was stored. found is false if there is none.
// known is false if only the store can tell.
func (t *timeline) find(seq int64) (at time.Time, found, known bool) {
	if seq == t.head && !t.headTime.IsZero() {
		return t.headTime, true, true
	}
	at, found, known = t.kept.find(seq)
	return at, found, known && seq <= t.head
}

// sameTime reports whether two times of messages are the same on the wire. A store may keep
// more than the milliseconds that hubs tell each other.
func sameTime(a, b time.Time) bool { return a.UnixMilli() == b.UnixMilli() }

// truncated reports whether more seqs follow seq than a join replays.
func (t *timeline) truncated(seq int64) bool {
	return t.maxReplay >= 0 && t.head-seq > int64(t.maxReplay)
}
