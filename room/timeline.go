package room

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/coupchat/coup/store"
)

// maxAhead bounds how many messages of a room wait for their turn. More are dropped:
// the gap before them is read from the store anyway.
const maxAhead = 1024

// keepRecent is how many delivered messages a room keeps, for clients that reconnect
// after a short time.
const keepRecent = 128

// keepReplay is how long a room keeps as many messages as a join replays, counted
// from when a join has needed them. By then all clients of a hub that restarted have
// reconnected.
const keepReplay = 30 * time.Second

// keepFor is the gap after which a room forgets the messages that it had at the
// beginning of the gap. So it keeps a message for at most twice as long: what somebody
// deleted in the database is replayed no longer than that.
const keepFor = 30 * time.Second

// A timeline puts the messages of one study in the order of their seqs. It does not
// know where messages come from and where they go. One goroutine at a time uses it.
//
// The store may lack messages that were deleted. So between two messages that follow
// each other here, seqs may be missing.
type timeline struct {
	maxReplay int // Options.MaxReplay

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
	// recent holds the messages after begin whose turn has come, as far as the store has
	// them.
	recent []*Event
	begin  int64
	// loaded is when recent was last read from the store.
	loaded time.Time
	// old is the head at the time turned. What is not newer is forgotten keepFor later.
	old    int64
	turned time.Time
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
	t.ready, t.head, t.begin = true, head, head
	for seq := range t.ahead {
		if seq <= head {
			delete(t.ahead, seq)
		}
	}
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
		if t.ahead == nil {
			t.ahead = map[int64]*Event{}
		}
		t.ahead[seq] = ev
	}
	t.learn(seq)
	return true
}

// read takes messages that the store has after head, in order. They show that those
// between them, and between head and the first, are gone.
func (t *timeline) read(msgs []store.Message) {
	for _, m := range msgs {
		if m.Seq > t.head {
			t.learn(m.Seq)
			t.pass(messageEvent(m))
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
	t.trim()
	t.recent = append(t.recent, ev)
}

func (t *timeline) passAhead() {
	for seq := range t.ahead {
		if seq <= t.head {
			delete(t.ahead, seq)
		}
	}
	for len(t.ahead) > 0 {
		ev, ok := t.ahead[t.head+1]
		if !ok {
			return
		}
		delete(t.ahead, t.head+1)
		t.pass(ev)
	}
	t.ahead = nil
}

// skip goes on with the message after seq, because those before are gone.
func (t *timeline) skip(seq int64) {
	if seq > t.head {
		t.head, t.headTime = seq, time.Time{}
		t.passAhead()
	}
}

// giveUp forgets that messages after head exist.
func (t *timeline) giveUp() { t.target, t.ahead = t.head, nil }

// reset begins anew at head: the store has another history than before.
func (t *timeline) reset(head int64) {
	*t = timeline{maxReplay: t.maxReplay, ready: true, head: head, begin: head, target: head, erasures: t.erasures + 1}
}

// erase forgets the messages from first to last, because somebody says that the store does
// not have them any more. It forgets those before them too: only the store knows which ones
// between first and last are gone. Another may have been stored there since.
func (t *timeline) erase(first, last int64) {
	gone := func(ev *Event) bool { return ev.Message.Seq >= first && ev.Message.Seq <= last }
	t.erasures++
	t.forget(min(last, t.head))
	maps.DeleteFunc(t.ahead, func(_ int64, ev *Event) bool { return gone(ev) })
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
	i := t.after(seq - 1)
	if i < len(t.recent) && t.recent[i].Message.Seq == seq {
		return t.recent[i].Message.SentAt, true, true
	}
	return time.Time{}, false, seq > t.begin && seq <= t.head
}

// sameTime reports whether two times of messages are the same on the wire. A store may keep
// more than the milliseconds that hubs tell each other.
func sameTime(a, b time.Time) bool { return a.UnixMilli() == b.UnixMilli() }

// after returns the index of the first recent message after seq.
func (t *timeline) after(seq int64) int {
	i, _ := slices.BinarySearchFunc(t.recent, seq+1, func(ev *Event, seq int64) int { return cmp.Compare(ev.Message.Seq, seq) })
	return i
}

// A stretch is what the store has from after one seq to another.
type stretch struct {
	after, to int64
	events    []*Event
}

// find is timeline.find for a stretch.
func (s stretch) find(seq int64) (at time.Time, found, known bool) {
	for _, ev := range s.events {
		if ev.Message.Seq == seq {
			return ev.Message.SentAt, true, true
		}
	}
	return time.Time{}, false, seq > s.after && seq <= s.to
}

// replay returns the messages from after seq to head: those of read, which the caller
// has read from the store, followed by recent ones. It reports false if messages may be
// missing.
func (t *timeline) replay(seq int64, read stretch) ([]*Event, bool) {
	if seq >= t.begin {
		return slices.Clone(t.recent[t.after(seq):]), true
	}
	if seq < read.after || read.to < t.begin {
		return nil, false
	}
	var events []*Event
	for _, ev := range read.events {
		if s := ev.Message.Seq; s > seq && s <= read.to && s <= t.head {
			events = append(events, ev)
		}
	}
	return append(events, t.recent[t.after(read.to):]...), true
}

// truncated reports whether more seqs follow seq than a join replays.
func (t *timeline) truncated(seq int64) bool {
	return t.maxReplay >= 0 && t.head-seq > int64(t.maxReplay)
}

// load puts read, which comes from the store, before the recent messages. It does
// nothing if messages may be missing between the two.
func (t *timeline) load(read stretch) {
	t.loaded = time.Now()
	if read.to < t.begin || read.after >= t.begin {
		return
	}
	events, _ := t.replay(read.after, read)
	if n := len(read.events); n > 0 && read.events[n-1].Message.Seq == t.head {
		t.headTime = read.events[n-1].Message.SentAt
	}
	t.recent, t.begin = events, read.after
	// All of it is as new as the read: nothing is forgotten for another keepFor.
	t.old, t.turned = read.after, t.loaded
}

// expire forgets the messages that it has had for keepFor or longer, and those over
// the number to keep.
func (t *timeline) expire() {
	t.trim()
	now := time.Now()
	if t.turned.IsZero() {
		t.old, t.turned = t.begin, now
	}
	age := now.Sub(t.turned)
	if age < keepFor {
		return
	}
	if age >= 2*keepFor {
		t.old = t.head
	}
	t.forget(t.old)
	t.old, t.turned = t.head, now
}

// forget drops the recent messages up to seq.
func (t *timeline) forget(seq int64) {
	if seq > t.begin {
		t.recent = slices.Clone(t.recent[t.after(seq):])
		t.begin = seq
	}
}

// trim drops the oldest recent messages, once there are twice as many as are kept.
func (t *timeline) trim() {
	n, keep := len(t.recent), keepRecent
	if n < 2*keep {
		return
	}
	if time.Since(t.loaded) <= keepReplay {
		keep = max(keep, t.maxReplay)
	}
	if n >= 2*keep {
		t.begin = t.recent[n-keep-1].Message.Seq
		t.recent = append(make([]*Event, 0, 2*keep), t.recent[n-keep:]...)
	}
}
