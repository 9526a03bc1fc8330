package commit

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/coupchat/coup/store"
)

// Each entry of a batch has its own outcome. Only what has a seq is delivered.
func TestOnlyWhatHasASeqIsStored(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		answers := map[string]store.Entry{"refused": {Err: store.ErrForbidden}, "nothing": {Kind: store.KindReaction, Count: 3}}
		seq := int64(0)
		s := appendFunc(func(_ context.Context, entries []store.Entry) ([]store.Entry, error) {
			out := make([]store.Entry, len(entries))
			for i, e := range entries {
				answer, special := answers[e.Content]
				if !special {
					seq++
					answer = store.Entry{Content: e.Content, Seq: seq}
				}
				out[i] = answer
			}
			return out, nil
		})
		told := make(chan string, 4)
		l := newLanes(t, Options[string]{Store: s, Stored: func(posts []Post[string], stored []store.Entry) {
			for i, e := range stored {
				told <- fmt.Sprint(posts[i].Message.Content, " ", e.Content, " ", e.Seq)
			}
		}})
		for _, content := range []string{"one", "refused", "nothing", "two"} {
			e, err := add(l, text(content))
			if refused := content == "refused"; refused != errors.Is(err, store.ErrForbidden) || content == "nothing" && e.Count != 3 {
				t.Errorf("%s was answered with %+v, %v", content, e, err)
			}
		}
		for _, want := range []string{"one one 1", "two two 2"} {
			if got := <-told; got != want {
				t.Errorf("stored: %s, want %s", got, want)
			}
		}
		if len(told) > 0 {
			t.Errorf("also stored: %s", <-told)
		}
	})
}
