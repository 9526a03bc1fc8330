package coup_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/store"
)

// fault is a Store that can be made to fail.
type fault struct {
	store.Store
	before, after, heads atomic.Int32 // how many calls still fail
}

func (f *fault) Append(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
	if f.before.Add(-1) >= 0 {
		return nil, errFault
	}
	stored, err := f.Store.Append(ctx, msgs)
	if f.after.Add(-1) >= 0 {
		return nil, errFault
	}
	return stored, err
}

func (f *fault) Heads(ctx context.Context, studies []store.StudyID) (map[store.StudyID]int64, error) {
	if f.heads.Add(-1) >= 0 {
		return nil, errFault
	}
	return f.Store.Heads(ctx, studies)
}

var errFault = errors.New("secret detail of the driver")

func TestAStoreThatFailsIsAnsweredWithUnavailableAndStoresNothingTwice(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		for _, tt := range []struct {
			name          string
			before, after int32
			clientID      bool
			code          string
			stored        int64 // afterwards, with one retry by the client if it was refused
		}{
			{"one failure is retried", 1, 0, false, "", 1},
			{"one answer lost, without a clientId", 0, 1, false, "", 1},
			{"one answer lost, with a clientId", 0, 1, true, "", 1},
			{"two answers lost", 0, 2, false, "", 1},
			{"the store does not answer", 1000, 0, true, "unavailable", 1},
			{"every answer is lost", 0, 1000, true, "unavailable", 1},
		} {
			t.Run(tt.name, func(t *testing.T) {
				f := &fault{Store: store.NewMemory()}
				opts := coup.Options{Store: f}
				opts.Room.PostBudget = 300 * time.Millisecond
				_, url := k.serve(t, opts)
				c := login(t, url, "u1")
				c.Join("s1")
				f.before.Store(tt.before)
				f.after.Store(tt.after)
				message := data{"studyId": "s1", "content": "hi"}
				if tt.clientID {
					message["clientId"] = "c1"
				}
				e := c.Call("send_message", message, nil)
				if e.String("code") != tt.code || strings.Contains(e.Raw, "secret") {
					t.Fatalf("got %s, want code %q", e.Raw, tt.code)
				}
				f.before.Store(0)
				f.after.Store(0)
				if tt.code != "" {
					if e := c.Call("send_message", message, nil); e.Event != "ack" || e.Int("seq") != 1 {
						t.Errorf("the retry: %s", e.Raw)
					}
				}
				expectSeqs(t, c, 1, tt.stored)
				if ack := say(c, "s1", "next"); ack.Int("seq") != tt.stored+1 {
					t.Errorf("the next message: %s, want seq %d", ack.Raw, tt.stored+1)
				}
			})
		}
	})
}

func TestJoinIsUnavailableWhileNothingCanBeChecked(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		f := &fault{Store: store.NewMemory()}
		var down atomic.Bool
		opts := coup.Options{Store: f, Members: store.MembersFunc(func(context.Context, store.StudyID, store.UserID) (string, error) {
			if down.Load() {
				return "", fmt.Errorf("ask the business server: %w", errFault)
			}
			return "member", nil
		})}
		opts.Room.CheckHeads = -1
		_, url := k.serve(t, opts)
		c := login(t, url, "u1")
		down.Store(true)
		if e := c.Call("join_room", data{"studyId": "s1"}, nil); e.String("code") != "unavailable" || strings.Contains(e.Raw, "secret") {
			t.Errorf("members down: %s", e.Raw)
		}
		down.Store(false)
		f.heads.Store(1)
		if e := c.Call("join_room", data{"studyId": "s1"}, nil); e.String("code") != "unavailable" || strings.Contains(e.Raw, "secret") {
			t.Errorf("store down: %s", e.Raw)
		}
		c.Join("s1")
	})
}

// A client may repeat a request that was answered with unavailable.
func TestUnavailableDoesNotCountTowardMaxRefused(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		var down atomic.Bool
		opts := coup.Options{Members: store.MembersFunc(func(context.Context, store.StudyID, store.UserID) (string, error) {
			if down.Load() {
				return "", store.ErrUnavailable
			}
			return "member", nil
		})}
		opts.Hub.MaxRefused = 5
		_, url := k.serve(t, opts)
		c := login(t, url, "u1")
		down.Store(true)
		for range 30 {
			if e := c.Call("join_room", data{"studyId": "s1"}, nil); e.String("code") != "unavailable" {
				t.Fatalf("got %s, want unavailable", e.Raw)
			}
		}
		for range 30 {
			if e := c.Call("authenticate", data{"token": "later"}, nil); e.String("code") != "unavailable" {
				t.Fatalf("got %s, want unavailable", e.Raw)
			}
		}
		down.Store(false)
		c.Join("s1")
	})
}
