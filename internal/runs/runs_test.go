package runs_test

import (
	"fmt"
	"testing"

	"github.com/coupchat/coup/internal/runs"
)

func TestOf(t *testing.T) {
	for in, want := range map[[6]int64]string{
		{}:                  "[[0 0] [0 0] [0 0] [0 0] [0 0] [0 0]]",
		{1, 2, 3, 5, 6, 9}:  "[[1 3] [5 6] [9 9]]",
		{1, 3, 5, 7, 9, 11}: "[[1 1] [3 3] [5 5] [7 7] [9 9] [11 11]]",
	} {
		if got := fmt.Sprint(runs.Of(in[:])); got != want {
			t.Errorf("Of(%v) = %s, want %s", in, got, want)
		}
	}
	if got := runs.Of(nil); got != nil {
		t.Errorf("Of(nil) = %v", got)
	}
}
