package coup_test

import (
	"context"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/hub"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/store"
)

// observed is a Store that signals when presence is reported and when a join asks for
// the newest seq.
type observed struct {
	store.Store
	presence, join chan struct{}
}

func (s *observed) SetStatus(ctx context.Context, reports []store.Status) error {
	select {
	case s.presence <- struct{}{}:
	default:
	}
	return s.Store.SetStatus(ctx, reports)
}

func (s *observed) Heads(ctx context.Context, studies []store.StudyID) (map[store.StudyID]int64, error) {
	select {
	case s.join <- struct{}{}:
	default:
	}
	return s.Store.Heads(ctx, studies)
}

// A client that disconnects while its request is under way leaves nothing behind.
func TestAClientThatDisconnectsDuringARequestLeavesNothingBehind(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		asked, answer := make(chan struct{}, 1), make(chan struct{})
		wait := func() {
			asked <- struct{}{}
			<-answer
		}
		st := &observed{store.NewMemory(), make(chan struct{}, 1), make(chan struct{}, 1)}
		s, url := k.serve(t, coup.Options{
			Store: st,
			Verifier: auth.VerifierFunc(func(ctx context.Context, token string) (auth.Identity, error) {
				if token == "slow" {
					wait()
				}
				return plain(ctx, token)
			}),
			Members: store.MembersFunc(func(_ context.Context, study store.StudyID, _ store.UserID) (string, error) {
				if study == "slow" {
					wait()
				}
				return "", nil
			}),
		})
		until := func(what string, done func(hub.Stats) bool) {
			t.Helper()
			for deadline := time.Now().Add(wstest.Timeout); !done(s.Stats()); runtime.Gosched() {
				if time.Now().After(deadline) {
					t.Fatalf("not within the deadline: %s (%+v)", what, s.Stats())
				}
			}
		}
		disconnect := func(c *wstest.Client) {
			t.Helper()
			<-asked
			c.Conn.(*net.TCPConn).SetLinger(0) // with a reset, which an epoll set reports at once
			c.Conn.Close()
			if !k.goroutines { // with a goroutine, the end is read only after the request
				until("the connection is gone", func(s hub.Stats) bool { return s.Connections == 0 })
			}
			answer <- struct{}{}
		}

		c := wstest.Dial(t, url, nil)
		c.Send("authenticate", nil, data{"token": "slow"})
		disconnect(c)
		<-st.presence // it was connected
		until("nobody is connected", func(s hub.Stats) bool { return s.Room.Users == 0 })

		c = login(t, url, "u1")
		c.Send("join_room", nil, data{"studyId": "slow"})
		disconnect(c)
		<-st.join // the room exists
		until("the room is removed and nobody is connected", func(s hub.Stats) bool { return s.Room.Rooms == 0 && s.Room.Users == 0 })
	})
}

func TestPresenceLastsUntilTheLastConnectionIsGone(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		w := newCluster(t, k, nil)
		is := func(user store.UserID) bool {
			p, err := w.store.Presence(t.Context(), []store.UserID{user})
			if err != nil {
				t.Fatal(err)
			}
			return p[user].Online
		}
		online := func() bool { return is("u1") }
		if online() {
			t.Error("u1 is online before they came")
		}
		a, twin, far := login(t, w.urls[0], "u1"), login(t, w.urls[0], "u1"), login(t, w.urls[1], "u1")
		w.eventually("u1 online", online)
		a.Close()
		twin.Close()
		// The first hub reports it after its last connection. The second still has one.
		next := login(t, w.urls[0], "u2")
		w.eventually("u2 online", func() bool { return is("u2") })
		next.Close()
		w.eventually("u2 offline", func() bool { return !is("u2") })
		if !online() {
			t.Error("u1 is offline with a connection on the other hub")
		}
		far.Close()
		w.eventually("u1 offline", func() bool { return !online() })
	})
}
