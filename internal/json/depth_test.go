package json_test

import (
	"testing"

	"github.com/coupchat/coup/internal/json"
)

func TestDepth(t *testing.T) {
	for in, want := range map[string]int{
		`7`: 0, `"[{"`: 0, `"\"["`: 0, `[]`: 1, `{"a":[1,{"b":2}],"c":[]}`: 3, `["]","[",[[]]]`: 3, `["\\",[]]`: 2,
	} {
		if got := json.Depth([]byte(in)); got != want {
			t.Errorf("Depth(%s) = %d, want %d", in, got, want)
		}
	}
}
