package relay

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/store"
)

// maxLiveAge is how old a Live may be. An older one was held up, or somebody sends it again.
const maxLiveAge = 10 * time.Second

// A Live is what hubs tell each other of the people in a room or of a user. It is not stored:
// if the bus loses it, it is lost.
type Live struct {
	// Start, N and At are set by Publish: when the hub has started, how many it has published
	// since, and when. Times are in Unix milliseconds.
	Start int64 `json:"start"`
	N     int64 `json:"n"`
	At    int64 `json:"at"`

	// Type says what it is about. A hub ignores types that it does not know.
	Type string `json:"type"`
	// UserID is who does something, and UserName that user's name.
	UserID   store.UserID `json:"userId,omitempty"`
	UserName string       `json:"userName,omitempty"`
	// To, Kind and Data belong to a signal.
	To   store.UserID    `json:"to,omitempty"`
	Kind string          `json:"kind,omitempty"`
	Data json.RawMessage `json:"data,omitempty"`
	// Users are in the room on that hub, Count is how many there are, also if they are too many to
	// be named. Want asks the other hubs for theirs.
	Users []User `json:"users,omitempty"`
	Count int    `json:"count,omitempty"`
	Want  bool   `json:"want,omitempty"`
	// Marks are what users have read.
	Marks []Mark `json:"marks,omitempty"`
	// Notices are for the users that each names.
	Notices []json.RawMessage `json:"notices,omitempty"`
}

// A User is in a room.
type User struct {
	ID   store.UserID `json:"id"`
	Name string       `json:"name"`
}

// A Mark is how far a user has read.
type Mark struct {
	StudyID store.StudyID `json:"studyId"`
	UserID  store.UserID  `json:"userId"`
	Seq     int64         `json:"seq"`
	Unread  int           `json:"unread"`
}

// SubscribeLive calls receive with what other hubs publish about a study, and what they publish
// about users if study is empty. It drops what is too old and what came before.
func (r *Relay) SubscribeLive(study store.StudyID, receive func(from store.NodeID, l Live)) (bus.Subscription, error) {
	if r.opts.Alone {
		return nothing{}, nil
	}
	channel := r.liveChannel(study)
	var seen seen
	return r.opts.Bus.Subscribe(channel, bus.Handler{Message: func(b []byte) {
		p, err := r.keys.open(b, channel)
		if err == nil && (p.node == r.opts.Node || !p.proven) {
			return
		}
		var l Live
		if err == nil {
			if err = json.Unmarshal(p.body, &l); err == nil && (l.UserID != "" && !store.ValidID(l.UserID) || l.Type == "") {
				err = errors.New("no type, or no valid user")
			}
		}
		switch {
		case err != nil:
			r.malformed.Add(1)
			r.opts.Log.Warn("payload of another hub ignored", "study", study, "err", err)
		case time.Since(time.UnixMilli(l.At)) <= maxLiveAge && seen.add(p.node, l.Start, l.N):
			receive(p.node, l)
		}
	}})
}

// nothing is the subscription of a hub that is alone.
type nothing struct{}

func (nothing) Close() {}

// maxHubs bounds the hubs that a seen remembers.
const maxHubs = 1000

// A seen knows the newest Live of each hub on one channel. The bus calls its handlers one after the
// other.
type seen map[store.NodeID]struct{ start, n int64 }

// add reports whether a Live is newer than those before.
func (s *seen) add(node store.NodeID, start, n int64) bool {
	last := (*s)[node]
	if start < last.start || start == last.start && n <= last.n {
		return false
	}
	if *s == nil || len(*s) >= maxHubs {
		*s = seen{}
	}
	(*s)[node] = struct{ start, n int64 }{start, n}
	return true
}

// PublishLive publishes something about a study, or about users if study is empty. It returns at
// once.
func (r *Relay) PublishLive(study store.StudyID, l Live) {
	if r.opts.Alone {
		return
	}
	r.liveMu.Lock() // so that numbers have the order of the queue
	defer r.liveMu.Unlock()
	r.published++
	l.Start, l.N, l.At = r.start, r.published, time.Now().UnixMilli()
	body, err := json.Marshal(l)
	if err != nil {
		r.opts.Log.Error("not encoded for other hubs", "study", study, "type", l.Type, "err", err)
		return
	}
	channel := r.liveChannel(study)
	r.enqueue([]bus.Message{{Channel: channel, Payload: r.keys.seal(r.opts.Node, channel, body)}})
}

// liveChannel returns the channel of what is not stored. Hubs of the version before do not know it.
func (r *Relay) liveChannel(study store.StudyID) string {
	if study == "" {
		return r.opts.Prefix + "users"
	}
	return r.opts.Prefix + "live:" + string(study)
}
