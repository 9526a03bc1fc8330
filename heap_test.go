package coup_test

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/store"
)

// What is deleted or erased is in no object of the heap any more.
func TestDeletedTextLeavesTheHeap(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		s, url := k.serve(t, coup.Options{Rate: -1})
		// A word that is nowhere else. It is made anew each time, so that the test does not keep it.
		word := func(of string) string { return strings.Join([]string{"zq", of, fmt.Sprint(os.Getpid())}, "-") }
		mina := login(t, url, "mina")
		mina.Join("s1")
		for _, of := range []string{"edited", "erased", "stays", "deleted"} {
			say(mina, "s1", strings.Repeat("A long text. ", 100)+word(of)) // longer than what follows
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
		found := func(of string) bool {
			runtime.GC()
			runtime.GC()
			return bytes.Contains(heapDump(t), []byte(word(of)))
		}
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for deadline := time.Now().Add(5 * time.Second); ; <-tick.C {
			var left []string
			for _, of := range []string{"deleted", "edited", "erased"} {
				if found(of) {
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
		if !found("stays") {
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
