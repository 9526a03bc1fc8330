package ws_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestReaderReadsCloseFrames(t *testing.T) {
	check(t, []row{
		{"empty", closing(""), "close:1005:"},
		{"one byte", closing("\x03"), "1002"},
		{"a code", closeWith(1000, ""), "close:1000:"},
		{"a code and a reason", closeWith(1000, "going home 😀"), "close:1000:going home 😀"},
		{"a reason of 123 bytes", closeWith(1000, strings.Repeat("r", 123)), `close:1000:123*"r"`},
		{"a reason of 124 bytes", closeWith(1000, strings.Repeat("r", 124)), "1002"},
		{"after messages", join(text("a"), ping("b"), closeWith(1001, "")), "text:a ping:b close:1001:"},
		{"before messages", join(closeWith(1001, ""), text("a"), ping("b"), []byte("junk")), "close:1001:"},
		{"twice", join(closeWith(1000, ""), closeWith(1000, "")), "close:1000:"},
	})
}

func TestReaderRefusesCodesThatMustNotBeSent(t *testing.T) {
	var rows []row
	for _, code := range []uint16{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4401, 4999} {
		rows = append(rows, row{fmt.Sprintf("%d may", code), closeWith(code, "why"), fmt.Sprintf("close:%d:why", code)})
	}
	for _, code := range []uint16{0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 10000, 65535} {
		rows = append(rows, row{fmt.Sprintf("%d may not", code), closeWith(code, "why"), "1002"})
	}
	check(t, rows)
}
