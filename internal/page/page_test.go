package page_test

import (
	"fmt"
	"testing"

	"github.com/coupchat/coup/internal/page"
)

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		sizes        []int
		limit, bytes int
		newest       bool
		want         string
	}{
		{nil, 3, 10, false, "[] false"},
		{[]int{1, 2, 3}, 3, 10, false, "[1 2 3] false"},
		{[]int{1, 2, 3}, 2, 10, false, "[1 2] true"},
		{[]int{1, 2, 3}, 2, 10, true, "[2 3] true"},
		{[]int{4, 6, 1}, 3, 10, false, "[4 6] true"},
		{[]int{4, 6, 5}, 3, 10, true, "[5] true"},
		{[]int{40, 1}, 3, 10, false, "[40] true"},
		{[]int{1, 40}, 3, 10, true, "[40] true"},
		{[]int{40}, 3, 10, false, "[40] false"},
	} {
		got, more := page.Cut(tt.sizes, tt.limit, tt.bytes, tt.newest, func(n *int) int { return *n })
		if answer := fmt.Sprint(got, " ", more); answer != tt.want {
			t.Errorf("Cut(%v, %d, %d, newest %v) = %s, want %s", tt.sizes, tt.limit, tt.bytes, tt.newest, answer, tt.want)
		}
	}
}
