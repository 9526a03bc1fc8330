package coup_test

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/hub"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/store"
)

func TestTwoUsersChat(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		_, url := k.serve(t, coup.Options{})
		a, b := wstest.Dial(t, url, nil), wstest.Dial(t, url, nil)
		a.Login("u1:Kim Minji")
		b.Login("u2")
		if ack := a.Join("s1"); ack.Int("seq") != 0 || ack.String("studyId") != "s1" {
			t.Errorf("ack = %s", ack.Raw)
		}
		b.Join("s1")
		ack := a.Call("send_message", map[string]any{"studyId": "s1", "content": " hello 한글 😀 ", "clientId": "c1"}, nil)
		for _, c := range []*wstest.Client{a, b} {
			m := c.Expect("new_message")
			if m.String("id") != ack.String("id") || m.Int("seq") != 1 || m.String("content") != "hello 한글 😀" || m.String("userName") != "Kim Minji" || m.String("clientId") != "c1" || m.String("sentAt") != ack.String("sentAt") {
				t.Errorf("ack %s, message %s", ack.Raw, m.Raw)
			}
		}
		again := a.Call("send_message", map[string]any{"studyId": "s1", "content": "another text", "clientId": "c1"}, nil)
		if again.String("id") != ack.String("id") || again.Int("seq") != 1 || again.String("sentAt") != ack.String("sentAt") {
			t.Errorf("repeated clientId: ack %s, want as before: %s", again.Raw, ack.Raw)
		}
		a.ExpectNothing()
		b.ExpectNothing()
	})
}

// A client that joins with after, again and again, while others post gets each message
// once, in order, without a gap.
func TestJoiningWhileOthersPostMissesNothing(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		const senders, posts = 4, 300
		_, url := k.serve(t, coup.Options{Rate: -1})
		var wg sync.WaitGroup
		for i := range senders {
			c := wstest.Dial(t, url, nil)
			c.Login(fmt.Sprintf("sender%d", i))
			c.Join("s1")
			wg.Go(func() {
				for n := range posts {
					if ack := c.Call("send_message", map[string]any{"studyId": "s1", "content": fmt.Sprint(n)}, nil); ack.Event != "ack" {
						t.Errorf("ack = %s", ack.Raw)
						return
					}
				}
			})
		}
		for i := range 8 {
			wg.Go(func() {
				last := int64(0)
				for last < senders*posts {
					c := wstest.Dial(t, url, nil)
					c.Login(fmt.Sprintf("reader%d", i))
					expect := func(e wstest.Event) {
						if last++; e.Event != "new_message" || e.Int("seq") != last {
							t.Errorf("reader %d got %.80s, want seq %d", i, e.Raw, last)
						}
					}
					ack := c.Call("join_room", map[string]any{"studyId": "s1", "after": last}, nil)
					if ack.Event != "ack" {
						t.Errorf("join: %s", ack.Raw)
						return
					}
					if ack.Data["truncated"] == true {
						last = ack.Int("seq")
					}
					for range 40 {
						if last < senders*posts {
							expect(c.Expect("new_message"))
						}
					}
					c.Close()
				}
			})
		}
		wg.Wait()
	})
}

// New sets these options itself. A value that it would ignore is an error.
func TestAnOptionThatWouldBeIgnoredIsAnError(t *testing.T) {
	b := bus.NewMemory()
	defer b.Close()
	log := slog.New(slog.DiscardHandler)
	for name, set := range map[string]func(*coup.Options){
		"Room.Store":   func(o *coup.Options) { o.Room.Store = store.NewMemory() },
		"Room.Members": func(o *coup.Options) { o.Room.Members = coup.Everyone },
		"Room.Bus":     func(o *coup.Options) { o.Room.Bus = b },
		"Room.Alone":   func(o *coup.Options) { o.Room.Alone = true },
		"Room.Log":     func(o *coup.Options) { o.Room.Log = log },
		"Room.Rate":    func(o *coup.Options) { o.Rate, o.Room.Rate = 5, 20 },
		"Hub.Log":      func(o *coup.Options) { o.Hub.Log = log },
		"Hub.Origins":  func(o *coup.Options) { o.Hub.Origins = []string{} },
	} {
		t.Run(name, func(t *testing.T) {
			opts := coup.Options{Store: store.NewMemory(), Members: coup.Everyone, Verifier: plain}
			set(&opts)
			s, err := coup.New(opts)
			if err == nil {
				s.Shutdown(t.Context())
			}
			if err == nil || !strings.Contains(err.Error(), "Options."+name) {
				t.Errorf("New = %v, want an error that names Options.%s", err, name)
			}
		})
	}
}

func TestReadyAfterShutdownIsErrClosed(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		s, _ := k.serve(t, coup.Options{})
		for range 2 {
			if err := s.Shutdown(t.Context()); err != nil {
				t.Errorf("Shutdown = %v", err)
			}
		}
		if err := s.Ready(); !errors.Is(err, hub.ErrClosed) {
			t.Errorf("Ready = %v, want hub.ErrClosed", err)
		}
	})
}

// The Go code in the README is that of Example, so it compiles and works.
func TestTheREADMEShowsTheExample(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	snippets := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	if len(snippets) == 0 {
		t.Error("the README has no Go code")
	}
	for _, snippet := range snippets {
		indented := regexp.MustCompile(`(?m)^(.)`).ReplaceAllString(snippet[1], "\t$1")
		if !strings.Contains(string(example), indented) {
			t.Errorf("example_test.go does not have these lines of the README:\n%s", snippet[1])
		}
	}
}
