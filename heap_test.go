package coup_test

import (
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/internal/testenv"
	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/postgres"
	"github.com/coupchat/coup/store/rest"
	"github.com/coupchat/coup/store/sqlite"
)

// What is deleted or erased is in no object of a hub's heap any more, also not in a buffer of what leads to
// its store.
func TestDeletedTextLeavesTheHeap(t *testing.T) {
	for name, open := range map[string]func(*testing.T) store.Store{
		"a store in memory": func(*testing.T) store.Store { return store.NewMemory() },
		"a store over REST": inAnotherProcess,
		"Postgres": func(t *testing.T) store.Store {
			s, err := postgres.Open(t.Context(), testenv.Postgres(t).URL(t), postgres.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			return s
		},
		"SQLite": func(t *testing.T) store.Store {
			s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "coup.db"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			return s
		},
	} {
		t.Run(name, func(t *testing.T) { deletedTextLeavesTheHeap(t, open) })
	}
}

func deletedTextLeavesTheHeap(t *testing.T, open func(*testing.T) store.Store) {
	eachKind(t, func(t *testing.T, k kind) {
		s, url := k.serve(t, coup.Options{Rate: -1, Store: open(t)})
		// A word that is nowhere else. It is made anew each time, so that the test does not keep it.
		word := func(of string) string {
			return strings.Join([]string{"zq", of, t.Name(), fmt.Sprint(os.Getpid())}, "-")
		}
		mina := login(t, url, "mina")
		stays := login(t, url, "stays") // so that the room does
		stays.Join("s1")
		mina.Join("s1")
		for _, of := range []string{"edited", "erased", "stays", "deleted"} {
			say(mina, "s1", strings.Repeat("A long text. ", 100)+word(of)) // longer than what follows
		}
		for range 3 { // through the buffers of several connections
			mina.Send("get_history", nil, data{"studyId": "s1"})
		}
		if e := mina.Call("get_history", data{"studyId": "s1"}, nil); e.Event != "ack" {
			t.Fatal(e.Raw)
		}
		if e := mina.Call("delete_message", data{"studyId": "s1", "messageSeq": 4}, nil); e.Event != "ack" {
			t.Fatal(e.Raw)
		}
		if e := mina.Call("edit_message", data{"studyId": "s1", "messageSeq": 1, "content": "harmless"}, nil); e.Event != "ack" {
			t.Fatal(e.Raw)
		}
		if _, err := s.Erase(t.Context(), store.Erasure{StudyID: "s1", From: 2, To: 2}); err != nil {
			t.Fatal(err)
		}
		mina.Close()
		collected := func() []byte {
			runtime.GC()
			runtime.GC()
			return heapDump(t)
		}
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for deadline := time.Now().Add(5 * time.Second); ; <-tick.C {
			heap := collected()
			var left []string
			for _, of := range []string{"deleted", "edited", "erased"} {
				if bytes.Contains(heap, []byte(word(of))) {
					left = append(left, of)
				}
			}
			if len(left) == 0 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("the heap still has what was %v", left)
			}
		}
		if !bytes.Contains(collected(), []byte(word("stays"))) {
			t.Error("the heap does not have what is still there: the test cannot fail")
		}
	})
}

// heapDump returns a dump of all objects of the heap.
func heapDump(t *testing.T) []byte {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "heap")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	debug.WriteHeapDump(f.Fd())
	b, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// serveStore makes the test program serve a store over REST at an address, and nothing else.
var serveStore = flag.String("servestore", "", "serve a store over REST at this address: the process of inAnotherProcess")

const storeToken = "a-service-token-of-the-tests-of-32-bytes"

func TestServeAStore(t *testing.T) {
	if *serveStore == "" {
		return
	}
	api, err := rest.NewHandler(store.NewMemory(), coup.Everyone, rest.HandlerOptions{Tokens: []string{storeToken}})
	if err != nil {
		t.Fatal(err)
	}
	t.Fatal(http.ListenAndServe(*serveStore, api))
}

// inAnotherProcess returns a store over REST, whose process ends with the test.
func inAnotherProcess(t *testing.T) store.Store {
	t.Helper()
	p := testenv.Start(t, testenv.Command{Path: os.Args[0], Args: func(port int) []string {
		return []string{"-test.run=^TestServeAStore$", "-test.timeout=1h", fmt.Sprintf("-servestore=127.0.0.1:%d", port)}
	}})
	c, err := rest.NewClient("http://"+p.Addr(), rest.ClientOptions{Token: storeToken})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}
