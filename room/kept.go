package room

import (
	"cmp"
	"slices"
	"time"

	"github.com/coupchat/coup/store"
)

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

// pageBytes bounds the messages that a replay sends at once, in bytes of memory.
const pageBytes = 256 << 10

// A stretch is what the store has from after one seq to another, in order.
type stretch struct {
	after, to int64
	events    []*Event
}

// newStretch returns the stretch of messages that were read from after one seq on. to is where
// it ends if the read was not cut short by a limit.
func newStretch(after, to int64, msgs []store.Message, limit int) stretch {
	s := stretch{after: after, to: to, events: make([]*Event, len(msgs))}
	for i, m := range msgs {
		s.events[i] = messageEvent(m)
	}
	if n := len(msgs); n == limit {
		s.to = msgs[n-1].Seq
	}
	return s
}

// covers reports whether the stretch has the message after seq, if there is one.
func (s *stretch) covers(seq int64) bool { return seq >= s.after && seq < s.to }

// index returns the index of the first event after seq.
func (s *stretch) index(seq int64) int {
	i, _ := slices.BinarySearchFunc(s.events, seq+1, func(ev *Event, seq int64) int { return cmp.Compare(ev.Message.Seq, seq) })
	return i
}

// find returns when the message with seq was stored. found is false if there is none. known
// is false if only the store can tell.
func (s *stretch) find(seq int64) (at time.Time, found, known bool) {
	if !s.covers(seq - 1) {
		return time.Time{}, false, false
	}
	if i := s.index(seq - 1); i < len(s.events) && s.events[i].Message.Seq == seq {
		return s.events[i].Message.SentAt, true, true
	}
	return time.Time{}, false, true
}

// page returns the messages after seq, as many as are sent at once. Up to the seq to there are no
// others.
func (s *stretch) page(seq int64) (events []*Event, to int64) {
	rest, size := s.events[s.index(seq):], int64(0)
	for i, ev := range rest {
		if size += ev.size(); size > pageBytes && i > 0 {
			return slices.Clone(rest[:i]), rest[i-1].Message.Seq
		}
	}
	return slices.Clone(rest), s.to
}

// bytes is the memory of the events.
func (s *stretch) bytes() (n int64) {
	for _, ev := range s.events {
		n += ev.size()
	}
	return n
}

// kept is what a room remembers of the messages that it has delivered.
type kept struct {
	// recent holds the messages after begin, as far as the store has them.
	recent []*Event
	begin  int64
	// older holds messages further back, which were read for replays.
	older stretch
	bytes int64 // the memory of all

	// loaded is when messages were last read from the store.
	loaded time.Time
	// old is the newest seq at the time turned. What is not newer is forgotten keepFor later.
	old    int64
	turned time.Time
}

// add adds the next message. maxReplay is Options.MaxReplay.
func (k *kept) add(ev *Event, maxReplay int) {
	k.trim(maxReplay)
	k.recent = append(k.recent, ev)
	k.bytes += ev.size()
}

// revise shows an edit or a deletion in what is kept.
func (k *kept) revise(by *store.Entry) {
	k.bytes += reviseAll(k.recent, by) + reviseAll(k.older.events, by)
}

// newest returns what follows begin, up to head.
func (k *kept) newest(head int64) *stretch { return &stretch{k.begin, head, k.recent} }

// find is stretch.find for what is kept.
func (k *kept) find(seq int64) (at time.Time, found, known bool) {
	if seq > k.begin {
		return k.newest(seq).find(seq)
	}
	return k.older.find(seq)
}

// page is stretch.page for what is kept, and for read, which the caller has read from the
// store. ok is false if the store must be asked first.
func (k *kept) page(seq, head int64, read stretch) (events []*Event, to int64, ok bool) {
	switch {
	case seq >= k.begin:
		events, to = k.newest(head).page(seq)
	case k.older.covers(seq):
		events, to = k.older.page(seq)
	case read.covers(seq):
		events, to = read.page(seq)
	default:
		return nil, 0, false
	}
	return events, to, true
}

// missing returns up to which seq messages must be read to know those after seq.
func (k *kept) missing(seq int64) (to int64) {
	if k.older.after > seq {
		return min(k.older.after, k.begin)
	}
	return k.begin
}

// load takes what the store has from after one seq up to that of missing, or a part of it.
func (k *kept) load(read stretch) {
	k.loaded = time.Now()
	switch o := &k.older; {
	case o.to == read.after:
		o.to, o.events = read.to, append(slices.Clip(o.events), read.events...)
	case o.after == read.to:
		o.after, o.events = read.after, append(slices.Clip(read.events), o.events...)
	default:
		*o = read
	}
	for _, ev := range k.recent { // the read may be older than an edit
		reviseAll(k.older.events, &ev.Message)
	}
	if k.older.to == k.begin {
		if len(k.recent) == 0 { // all of it is as new as the read
			k.old, k.turned = k.older.after, k.loaded
		}
		k.recent = append(slices.Clip(k.older.events), k.recent...)
		k.begin, k.older = k.older.after, stretch{}
	}
	k.count()
}

// count counts the bytes anew.
func (k *kept) count() { k.bytes = k.older.bytes() + (&stretch{events: k.recent}).bytes() }

// expire forgets the messages that it has had for keepFor or longer, and those over
// the number to keep. head is the newest seq.
func (k *kept) expire(head int64, maxReplay int) {
	k.trim(maxReplay)
	now := time.Now()
	if k.turned.IsZero() {
		k.old, k.turned = k.begin, now
	}
	age := now.Sub(k.turned)
	if age < keepFor {
		return
	}
	if age >= 2*keepFor {
		k.old = head
	}
	k.forget(k.old)
	k.old, k.turned = head, now
}

// forget drops the messages up to seq, and those that were read for replays.
func (k *kept) forget(seq int64) {
	if seq > k.begin {
		k.recent = slices.Clone(k.recent[k.newest(seq).index(seq):])
		k.begin = seq
	}
	k.older = stretch{}
	k.count()
}

// trim drops the oldest recent messages, once there are twice as many as are kept.
func (k *kept) trim(maxReplay int) {
	n, keep := len(k.recent), keepRecent
	if n < 2*keep {
		return
	}
	if time.Since(k.loaded) <= keepReplay {
		keep = max(keep, maxReplay)
	}
	if n >= 2*keep {
		k.begin = k.recent[n-keep-1].Message.Seq
		k.recent = append(make([]*Event, 0, 2*keep), k.recent[n-keep:]...)
		k.older = stretch{}
		k.count()
	}
}
