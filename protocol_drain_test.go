package coup_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/hub"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/store"
)

func TestShutdownClosesWithGoingAway(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		s, url := k.serve(t, coup.Options{})
		silent, c := wstest.Dial(t, url, nil), login(t, url, "u1")
		c.Join("s1")
		for i := range 10 {
			id := fmt.Sprint(i)
			c.Send("send_message", &id, data{"studyId": "s1", "content": id})
		}
		for range 20 { // ten acks, ten messages
			if _, err := c.Next(wstest.Timeout); err != nil {
				t.Fatal(err)
			}
		}
		done := make(chan error, 1)
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			done <- s.Shutdown(ctx)
		}()
		c.ExpectClose(1001)
		silent.ExpectClose(1001)
		if err := <-done; err != nil {
			t.Errorf("Shutdown = %v", err)
		}
		if _, resp, err := wstest.Try(t, url, nil); err != nil || resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
			t.Errorf("after it: %v, %v; want 503", resp, err)
		}
		if err := s.Ready(); err == nil {
			t.Error("Ready after Shutdown = nil")
		}
	})
}

// held is a Store whose Append waits until it is released.
type held struct {
	store.Store
	came, let chan struct{}
}

func (h *held) Append(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
	h.came <- struct{}{}
	select {
	case <-h.let:
		return h.Store.Append(ctx, msgs)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestADrainStoresAcceptedPostsAndRefusesNewOnes(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		h := &held{store.NewMemory(), make(chan struct{}, 8), make(chan struct{})}
		s, url := k.serve(t, coup.Options{Store: h})
		c := login(t, url, "u1")
		c.Join("s1")
		early, late := "early", "late"
		c.Send("send_message", &early, data{"studyId": "s1", "content": "before the drain"})
		<-h.came
		done := make(chan error, 1)
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), wstest.Timeout)
			defer cancel()
			done <- s.Shutdown(ctx)
		}()
		for deadline := time.Now().Add(wstest.Timeout); !errors.Is(s.Ready(), hub.ErrClosed); runtime.Gosched() {
			if time.Now().After(deadline) {
				t.Fatal("the server never drains")
			}
		}
		c.Send("send_message", &late, data{"studyId": "s1", "content": "too late"})
		if e := c.Expect("error"); e.ID == nil || *e.ID != late || e.String("code") != "unavailable" {
			t.Errorf("a post during the drain: %s, want unavailable", e.Raw)
		}
		close(h.let)
		if e := c.Expect("ack"); e.ID == nil || *e.ID != early {
			t.Errorf("the post from before: %s", e.Raw)
		}
		c.Expect("new_message")
		c.ExpectClose(1001)
		if err := <-done; err != nil {
			t.Errorf("Shutdown = %v", err)
		}
		if heads, err := h.Heads(t.Context(), []store.StudyID{"s1"}); err != nil || heads["s1"] != 1 {
			t.Errorf("stored: %v, %v; want one message", heads, err)
		}
	})
}
