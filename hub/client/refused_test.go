package client_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/hub/client"
	"github.com/coupchat/coup/store"
)

func TestWhatTheServerRefusesIsAnError(t *testing.T) {
	_, line := serve(t, coup.Options{})
	mina := open(t, line, "mina")
	mina.mustJoin(t, "s1", client.From{})
	for _, tt := range []struct {
		code string
		do   func() error
	}{
		{"empty", func() error { _, err := mina.Send(t.Context(), "s1", "  "); return err }},
		{"too_large", func() error { _, err := mina.Send(t.Context(), "s1", strings.Repeat("x", 2001)); return err }},
		{"not_joined", func() error { _, err := mina.Send(t.Context(), "s2", "x"); return err }},
		{"forbidden", func() error { _, err := mina.Join(t.Context(), "secret", client.From{}); return err }},
		{"bad_request", func() error { _, err := mina.Join(t.Context(), "a/b", client.From{}); return err }},
	} {
		var refused *client.Error
		if err := tt.do(); !errors.As(err, &refused) || refused.Code != tt.code || refused.Message == "" {
			t.Errorf("%v, want %s", err, tt.code)
		}
	}
	mina.mustSend(t, "s1", "after that")
}

func TestAFastSenderWaits(t *testing.T) {
	_, line := serve(t, coup.Options{Rate: 20})
	mina := open(t, line, "mina")
	mina.mustJoin(t, "s1", client.From{})
	for i := range 60 { // more than a burst
		if sent := mina.mustSend(t, "s1", "text"); sent.Seq != int64(i+1) {
			t.Fatalf("message %d has seq %d", i, sent.Seq)
		}
	}
}

func TestAJoinFromWhatTheCallerHas(t *testing.T) {
	messages := store.NewMemory()
	for range 2 {
		batch := make([]store.Message, 300)
		for i := range batch {
			batch[i] = store.Message{StudyID: "full", UserID: "u9", Content: "stored", ClientID: store.NewClientID()}
		}
		if _, err := messages.Append(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	_, line := serve(t, coup.Options{Store: messages})
	mina := open(t, line, "mina")
	if j := mina.mustJoin(t, "full", client.From{Seq: 1}); !j.Missed || j.Seq != 600 {
		t.Errorf("600 messages: %+v", j)
	}
	if e := mina.got("missed"); len(e) != 1 || e[0].StudyID != "full" || e[0].Seq != 600 {
		t.Errorf("missed: %+v", e)
	}
	if j := mina.mustJoin(t, "full", client.From{Seq: 590, SentAt: time.Unix(1, 0)}); !j.Missed {
		t.Errorf("another history: %+v", j)
	}
	if j := mina.mustJoin(t, "full", client.From{Seq: 590}); j.Missed {
		t.Errorf("ten messages: %+v", j)
	}
	mina.seqs(t, 591, 600)
}

func TestTokens(t *testing.T) {
	t.Parallel() // it mostly waits
	_, line := serve(t, coup.Options{})
	refused := open(t, line, "bad", "mina")
	refused.mustJoin(t, "s1", client.From{})
	renews := open(t, line, "sora:8s", "sora")
	renews.mustJoin(t, "s1", client.From{})
	begin := time.Now()
	waitFor(t, "the first token has expired", func() bool { return time.Since(begin) > 9*time.Second })
	renews.mustSend(t, "s1", "still here")
	if e := renews.got("auth_error"); len(e) > 0 {
		t.Errorf("auth_error: %+v", e)
	}
}

func TestCallsEnd(t *testing.T) {
	_, line := serve(t, coup.Options{})
	line.To("127.0.0.1:1") // nobody listens there
	mina := open(t, line, "mina")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := mina.Send(ctx, "s1", "x"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("send with a deadline: %v", err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := mina.Join(context.Background(), "s1", client.From{})
		done <- err
	}()
	mina.Close()
	if err := <-done; !errors.Is(err, client.ErrClosed) {
		t.Errorf("join after Close: %v", err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	token := func(context.Context) (string, error) { return "", nil }
	for _, opts := range []client.Options{{}, {URL: "http://x/ws", Token: token}, {URL: "ws://", Token: token}, {URL: "ws://x/ws"}, {URL: "ws://\x00", Token: token}} {
		if c, err := client.New(opts); err == nil {
			c.Close()
			t.Errorf("New(%+v) has no error", opts)
		}
	}
}
