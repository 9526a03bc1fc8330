package ws_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestReaderAcceptsValidUTF8(t *testing.T) {
	var rows []row
	for _, s := range []string{
		"\x00", "\x7f", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff", "\ufffd", "\ufeff", "\ufdd0",
		"\U00010000", "\U0001fffe", "\U0010ffff", "κόσμε", "한글 😀", "é",
	} {
		rows = append(rows, row{fmt.Sprintf("%+q whole", s), text(s), "text:" + s})
		for i := range len(s) + 1 {
			rows = append(rows, row{fmt.Sprintf("%+q cut at %d", s, i), join(start(s[:i]), ping(""), end(s[i:])), "ping: text:" + s})
		}
		var cut []byte
		for i := range len(s) {
			cut = join(cut, more(s[i:i+1]))
		}
		rows = append(rows, row{fmt.Sprintf("%+q byte by byte", s), join(start(""), cut, end("")), "text:" + s})
	}
	check(t, rows)
}

// invalid are byte sequences that no UTF-8 text contains, each divided before the byte that
// makes it invalid.
var invalid = []struct{ name, good, bad string }{
	{"a lone continuation", "", "\x80"},
	{"the last lone continuation", "", "\xbf"},
	{"0xfe", "", "\xfe"},
	{"0xff", "", "\xff"},
	{"overlong slash in two bytes", "", "\xc0\xaf"},
	{"overlong slash in three bytes", "\xe0", "\x80\xaf"},
	{"overlong slash in four bytes", "\xf0", "\x80\x80\xaf"},
	{"overlong NUL", "", "\xc0\x80"},
	{"the last overlong of two bytes", "", "\xc1\xbf"},
	{"the last overlong of three bytes", "\xe0", "\x9f\xbf"},
	{"the last overlong of four bytes", "\xf0", "\x8f\xbf\xbf"},
	{"the first surrogate", "\xed", "\xa0\x80"},
	{"the last surrogate", "\xed", "\xbf\xbf"},
	{"a surrogate pair", "\xed", "\xa0\xbd\xed\xb8\x80"},
	{"over U+10FFFF", "\xf4", "\x90\x80\x80"},
	{"a sequence of five bytes", "", "\xf8\x88\x80\x80\x80"},
	{"a sequence of six bytes", "", "\xfc\x84\x80\x80\x80\x80"},
	{"a character cut short by a letter", "\xe2\x82", "a"},
	{"a character cut short by another", "\xf0\x9f\x98", "\xc3\xa9"},
}

func TestReaderRefusesInvalidUTF8(t *testing.T) {
	var rows []row
	for _, tt := range invalid {
		rows = append(rows,
			row{tt.name, text("κόσμε" + tt.good + tt.bad + "edited"), "1007"},
			row{tt.name + " in a frame whose rest is missing", text("κόσμε" + tt.good + tt.bad + strings.Repeat("x", 90))[:6+len("κόσμε"+tt.good+tt.bad)], "1007"},
			row{tt.name + " in the first fragment", start("κόσμε" + tt.good + tt.bad), "1007"},
			row{tt.name + " across fragments, before the last", join(start("κόσμε"+tt.good), ping("still well"), more(tt.bad[:1])), "ping:still well 1007"},
			row{tt.name + " with a byte in each fragment", join(start("a"), more(tt.good), more(""), more(tt.bad[:1])), "1007"},
			row{tt.name + " as the reason of a close", closeWith(1000, tt.good+tt.bad), "1007"})
	}
	for _, cut := range []string{"\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xf0"} {
		rows = append(rows,
			row{fmt.Sprintf("%q at the end", cut), text("a" + cut), "1007"},
			row{fmt.Sprintf("%q at the end of the last fragment", cut), join(start("a"), end(cut)), "1007"},
			row{fmt.Sprintf("%q before an empty last fragment", cut), join(start("a"+cut), end("")), "1007"},
			row{fmt.Sprintf("%q at the end of a reason", cut), closeWith(1000, cut), "1007"})
	}
	check(t, rows)
}
