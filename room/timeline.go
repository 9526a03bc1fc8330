package room

import (
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

// A timeline puts the messages of one study in the order of their seqs. It does not
// know where messages come from and where they go. One goroutine at a time uses it.
type timeline struct {
	maxReplay int // Options.MaxReplay

	// ready says that head is known. Until then all messages wait in ahead.
	ready bool
	// head is the seq of the newest message whose turn has come.
	head int64
	// target is the newest seq that is known to exist.
	target int64
	// ahead holds messages whose turn has not come, by seq.
	ahead map[int64]*Event
	// recent holds the newest messages whose turn has come. It ends with head and has
	// no gaps.
	recent []*Event
	// loaded is when recent was last read from the store.
	loaded time.Time
	// out holds messages whose turn has come, and which are not delivered yet.
	out []*Event
}

// open sets where the timeline begins, once.
func (t *timeline) open(head int64) {
	if t.ready {
		return
	}
	t.ready, t.head = true, head
	for seq := range t.ahead {
		if seq <= head {
			delete(t.ahead, seq)
		}
	}
	t.passAhead()
}

// add takes a message, from this hub, the bus or the store. It reports false if the
// message is a repeat.
func (t *timeline) add(ev *Event) bool {
	seq := ev.Message.Seq
	switch {
	case t.ready && seq <= t.head:
		return false
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

// learn notes that seq exists.
func (t *timeline) learn(seq int64) { t.target = max(t.target, seq) }

// incomplete reports whether messages up to target are missing.
func (t *timeline) incomplete() bool { return t.ready && t.head < t.target }

// pass moves the message whose turn it is to out.
func (t *timeline) pass(ev *Event) {
	t.head = ev.Message.Seq
	t.out = append(t.out, ev)
	t.trim()
	t.recent = append(t.recent, ev)
}

func (t *timeline) passAhead() {
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

// skip goes on with the message after seq, because the store does not have those
// before.
func (t *timeline) skip(seq int64) { t.head, t.recent = max(t.head, seq), nil }

// giveUp forgets that messages after head exist.
func (t *timeline) giveUp() { t.target, t.ahead = t.head, nil }

// since returns the messages from after seq to head, if recent has them.
func (t *timeline) since(seq int64) ([]*Event, bool) {
	missing := t.head - seq
	if missing <= 0 {
		return nil, true
	}
	if missing > int64(len(t.recent)) {
		return nil, false
	}
	return t.recent[int64(len(t.recent))-missing:], true
}

// replay returns the messages from after seq to head: those of read, which the caller
// has read from the store, followed by recent ones. It reports false if messages are
// missing between the two.
func (t *timeline) replay(seq int64, read []*Event) ([]*Event, bool) {
	if recent, ok := t.since(seq); ok {
		return slices.Clone(recent), true
	}
	if len(read) == 0 {
		return nil, false
	}
	recent, ok := t.since(read[len(read)-1].Message.Seq)
	if !ok {
		return read, false
	}
	for len(read) > 0 && read[len(read)-1].Message.Seq > t.head {
		read = read[:len(read)-1]
	}
	return append(slices.Clip(read), recent...), true
}

// truncated reports whether more messages after seq exist than a join replays.
func (t *timeline) truncated(seq int64) bool {
	return t.maxReplay >= 0 && t.head-seq > int64(t.maxReplay)
}

// load puts msgs, which were read from the store, before the recent messages. It does
// nothing if there would be a gap.
func (t *timeline) load(msgs []store.Message) {
	t.loaded = time.Now()
	begin := t.head - int64(len(t.recent)) + 1
	for len(msgs) > 0 && msgs[len(msgs)-1].Seq >= begin {
		msgs = msgs[:len(msgs)-1]
	}
	older := make([]*Event, len(msgs), len(msgs)+len(t.recent))
	for i, m := range msgs {
		if m.Seq != begin-int64(len(msgs)-i) {
			return
		}
		older[i] = messageEvent(m)
	}
	t.recent = append(older, t.recent...)
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
		t.recent = append(make([]*Event, 0, 2*keep), t.recent[n-keep:]...)
	}
}
