package client_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/hub/client"
	"github.com/coupchat/coup/store"
)

func TestWhatIsNotStored(t *testing.T) {
	s, line := serve(t, coup.Options{})
	mina, sora := open(t, line, "mina"), open(t, line, "sora")
	j := mina.mustJoin(t, "s1", client.From{})
	if fmt.Sprint(j.Online, j.OnlineCount, j.Read) != "[{mina mina}] 1 {0 0}" {
		t.Errorf("joined: %+v", j)
	}
	sora.mustJoin(t, "s1", client.From{})
	waitFor(t, "sora's presence", func() bool { return len(mina.got("presence")) > 0 })
	if err := sora.Typing(t.Context(), "s1"); err != nil {
		t.Error(err)
	}
	if err := sora.Signal(t.Context(), "s1", "mina", "offer", map[string]int{"a": 1}); err != nil {
		t.Error(err)
	}
	waitFor(t, "the signal", func() bool { return len(mina.got("signal")) == 1 })
	for name, want := range map[string]string{
		"presence": "{sora sora} true 0", "user_typing": "{sora sora} false 0", "signal": "{sora sora} false 0 offer {\"a\":1}",
	} {
		e := mina.got(name)[0]
		got := fmt.Sprint(e.User, e.Online, e.OnlineCount)
		if e.Kind != "" {
			got += fmt.Sprintf(" %s %s", e.Kind, e.Data)
		}
		if got != want || e.StudyID != "s1" {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	sora.mustSend(t, "s1", "one")
	sora.mustSend(t, "s1", "two")
	if r, err := mina.MarkRead(t.Context(), "s1", 1); err != nil || r != (client.Read{Seq: 1, Unread: 1}) {
		t.Errorf("MarkRead = %+v, %v", r, err)
	}
	waitFor(t, "the mark", func() bool { return len(mina.got("read_marked")) > 1 })
	// What was erased is in the log: it is told once, also to whoever was away.
	if _, err := s.Erase(context.WithoutCancel(t.Context()), store.Erasure{StudyID: "s1", To: 1}); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the erasure", func() bool { return len(mina.got("messages_erased")) == 1 })
	if e := mina.got("messages_erased")[0]; e.Seq != 3 || e.From != 1 || e.To != 1 {
		t.Errorf("erased: %+v", e)
	}
	line.Cut()
	sora.mustSend(t, "s1", "three")
	waitFor(t, "the third message", func() bool { return len(mina.got("new_message")) == 3 })
	if n := len(mina.got("messages_erased")); n != 1 {
		t.Errorf("the erasure was told %d times", n)
	}
}
