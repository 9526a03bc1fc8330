package relay

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/store"
)

// hear returns what a relay hears about a study, in short.
func hear(t *testing.T, r *Relay, study store.StudyID) func() []string {
	t.Helper()
	var mu sync.Mutex
	var heard []string
	sub, err := r.SubscribeLive(study, func(from store.NodeID, l Live) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, fmt.Sprint(from, " ", l.Type))
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sub.Close)
	return func() []string {
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		all := heard
		heard = nil
		return all
	}
}

func TestLivesAreHeardOnceByTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(t)
		one, two := start(t, b, "hub-1"), start(t, b, "hub-2")
		first, second, users := hear(t, one, "s1"), hear(t, two, "s1"), hear(t, two, "")
		var sent []byte
		spy, err := b.Subscribe("test:live:s1", bus.Handler{Message: func(p []byte) { sent = append([]byte{}, p...) }})
		if err != nil {
			t.Fatal(err)
		}
		defer spy.Close()
		one.PublishLive("s1", Live{Type: "typing", UserID: "mina"})
		one.PublishLive("s2", Live{Type: "typing", UserID: "mina"})
		one.PublishLive("", Live{Type: "read"})
		if got := fmt.Sprint(first(), second(), users()); got != "[] [hub-1 typing] [hub-1 read]" {
			t.Errorf("heard %s", got)
		}
		again := func() string {
			if err := b.Publish(t.Context(), bus.Message{Channel: "test:live:s1", Payload: sent}); err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(second())
		}
		if got := again(); got != "[]" {
			t.Errorf("a repeat is heard: %s", got)
		}
		fresh := hear(t, start(t, b, "hub-3"), "s1")
		if again(); fmt.Sprint(fresh()) != "[hub-1 typing]" {
			t.Error("a hub that is new does not hear it")
		}
		late := hear(t, start(t, b, "hub-4"), "s1")
		time.Sleep(11 * time.Second)
		if again(); len(late()) != 0 {
			t.Error("what is 11 s old is heard")
		}
		for _, bad := range []string{"", "1 hub-9", "1 hub-9\n", "1 hub-9\n{}", "1 hub-9\n{\"type\":7}", `1 hub-9` + "\n" + `{"type":"typing","userId":"a b"}`} {
			before := two.Malformed()
			if err := b.Publish(t.Context(), bus.Message{Channel: "test:live:s1", Payload: []byte(bad)}); err != nil {
				t.Fatal(err)
			}
			if got := second(); len(got) != 0 || two.Malformed() != before+1 {
				t.Errorf("%q is heard as %v, malformed %d", bad, got, two.Malformed()-before)
			}
		}
	})
}

// With secrets, what is not signed is not heard.
func TestLivesAreSigned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(t)
		signs := start(t, b, "hub-1")
		signs.keys = keys{[]byte("0123456789abcdef0123456789abcdef")}
		reads := start(t, b, "hub-2")
		reads.keys = signs.keys
		plain := start(t, b, "hub-3")
		heard := hear(t, reads, "s1")
		signs.PublishLive("s1", Live{Type: "typing"})
		plain.PublishLive("s1", Live{Type: "typing"})
		if got := fmt.Sprint(heard()); got != "[hub-1 typing]" {
			t.Errorf("heard %s", got)
		}
	})
}
