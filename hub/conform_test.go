package hub

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// The cases of the Autobahn test suite without compression, counted by its groups, in our own
// words. A server passes a case if it answers with exactly these frames, and then ends the
// connection. Three of the cases are informational there: a close with the code 5000 or 65535,
// and a ping after a close.
func TestConformance(t *testing.T) {
	groups := []struct {
		name  string
		count int
		cases []conformance
	}{
		{"1 framing", 16, framing()},
		{"2 pings and pongs", 11, pings()},
		{"3 reserved bits", 7, reservedBits()},
		{"4 opcodes", 10, opcodes()},
		{"5 fragments", 20, fragments()},
		{"6.1 to 6.4 UTF-8 in fragments", 13, utf8Fragments()},
		{"6.5 to 6.23 UTF-8", 132, utf8Sequences()},
		{"7 close", 37, closes()},
		{"9 limits", 54, large()},
		{"10 fragments of a fixed size", 1, fixedFragments()},
	}
	var all []conformance
	for _, g := range groups {
		if len(g.cases) != g.count {
			t.Errorf("group %s has %d cases, want %d", g.name, len(g.cases), g.count)
		}
		for i := range g.cases {
			g.cases[i].name = fmt.Sprintf("%s, case %d: %s", g.name, i+1, g.cases[i].name)
		}
		all = append(all, g.cases...)
	}
	if len(all) != 301 {
		t.Errorf("%d cases, want 301", len(all))
	}
	runAll(t, Options{MaxMessage: -1, MaxFrames: -1}, all)
}

func framing() (cases []conformance) {
	for _, kind := range []struct {
		frame func(string) []byte
		got   func(string) string
	}{{textFrame, gotText}, {binaryFrame, gotBinary}} {
		for _, n := range []int{0, 125, 126, 127, 128, 65535, 65536} {
			s := strings.Repeat("*", n)
			cases = append(cases, conformance{name: fmt.Sprint(n, " bytes"), send: [][]byte{kind.frame(s)}, want: []string{kind.got(s)}})
		}
		s := strings.Repeat("*", 65536)
		cases = append(cases, conformance{name: "65536 bytes in pieces", send: [][]byte{kind.frame(s)}, chop: 997, want: []string{kind.got(s)}})
	}
	return cases
}

func pings() []conformance {
	full := strings.Repeat("\xfe", 125)
	var ten [][]byte
	var answers []string
	for i := range 10 {
		ten = append(ten, pingFrame(fmt.Sprint("ping ", i)))
		answers = append(answers, fmt.Sprint("pong:ping ", i))
	}
	return []conformance{
		{name: "empty", send: [][]byte{pingFrame("")}, want: []string{"pong:"}},
		{name: "text", send: [][]byte{pingFrame("Hello, world!")}, want: []string{"pong:Hello, world!"}},
		{name: "binary", send: [][]byte{pingFrame("\x00\xff\xfe\xfd")}, want: []string{"pong:\x00\xff\xfe\xfd"}},
		{name: "125 bytes", send: [][]byte{pingFrame(full)}, want: []string{told(0x8a, []byte(full))}},
		{name: "126 bytes", send: [][]byte{pingFrame(full + "\xfe")}, want: []string{"close 1002"}},
		{name: "125 bytes one by one", send: [][]byte{pingFrame(full)}, chop: 1, want: []string{told(0x8a, []byte(full))}},
		{name: "a pong that nobody asked for", send: [][]byte{pongFrame("")}},
		{name: "the same with a payload", send: [][]byte{pongFrame("unasked")}},
		{name: "a pong and a ping", send: [][]byte{pongFrame("unasked"), pingFrame("asked")}, want: []string{"pong:asked"}},
		{name: "ten", send: ten, want: answers},
		{name: "ten, byte by byte", send: ten, chop: 1, want: answers},
	}
}

func reservedBits() []conformance {
	hi, ping := textFrame("Hello, world!"), pingFrame("")
	bits := func(rsv, first byte, s string) []byte { return frame(first|rsv<<4, s) }
	return []conformance{
		{name: "in text", send: [][]byte{bits(1, 0x81, "Hello")}, want: []string{"close 1002"}},
		{name: "in a second text", send: [][]byte{hi, bits(2, 0x81, "Hello"), ping}, want: []string{gotText("Hello, world!"), "close 1002"}},
		{name: "in a second text, at once", send: [][]byte{hi, bits(3, 0x81, "Hello"), ping}, chop: whole, want: []string{gotText("Hello, world!"), "close 1002"}},
		{name: "in a second text, byte by byte", send: [][]byte{hi, bits(4, 0x81, "Hello"), ping}, chop: 1, want: []string{gotText("Hello, world!"), "close 1002"}},
		{name: "in binary", send: [][]byte{bits(5, 0x82, "\x00\xff")}, want: []string{"close 1002"}},
		{name: "in a ping", send: [][]byte{bits(6, 0x89, "Hello")}, want: []string{"close 1002"}},
		{name: "in a close", send: [][]byte{bits(7, 0x88, "")}, want: []string{"close 1002"}},
	}
}

func opcodes() (cases []conformance) {
	for _, from := range []byte{3, 11} {
		for i := range byte(5) {
			op := 0x80 | (from + i)
			hi, ping := textFrame("Hello"), pingFrame("")
			c := conformance{name: fmt.Sprintf("%#x", op), want: []string{gotText("Hello"), "close 1002"}}
			switch i {
			case 0:
				c.send, c.want = [][]byte{frame(op, "")}, c.want[1:]
			case 1:
				c.send, c.want = [][]byte{frame(op, "payload")}, c.want[1:]
			case 2:
				c.send = [][]byte{hi, frame(op, ""), ping}
			case 3:
				c.send = [][]byte{hi, frame(op, "payload"), ping}
			case 4:
				c.send, c.chop = [][]byte{hi, frame(op, "payload"), ping}, 1
			}
			cases = append(cases, c)
		}
	}
	return cases
}

func fragments() []conformance {
	two, mixed := [][]byte{start("one"), last("two")}, [][]byte{start("one"), pingFrame("ping"), last("two")}
	late := func(first []byte) [][]byte { return [][]byte{first, textFrame("Hello")} }
	many := [][]byte{start("one"), more("two"), pingFrame("first"), more("three"), more("four"), pingFrame("second"), last("five")}
	manyGot := []string{"pong:first", "pong:second", gotText("onetwothreefourfive")}
	broken := []string{"close 1002"}
	return []conformance{
		{name: "a ping in two", send: [][]byte{frame(0x09, "one"), last("two")}, want: broken},
		{name: "a pong in two", send: [][]byte{frame(0x0a, "one"), last("two")}, want: broken},
		{name: "two, at once", send: two, chop: whole, want: []string{gotText("onetwo")}},
		{name: "two", send: two, want: []string{gotText("onetwo")}},
		{name: "two, byte by byte", send: two, chop: 1, want: []string{gotText("onetwo")}},
		{name: "a ping between, at once", send: mixed, chop: whole, want: []string{"pong:ping", gotText("onetwo")}},
		{name: "a ping between", send: mixed, want: []string{"pong:ping", gotText("onetwo")}},
		{name: "a ping between, byte by byte", send: mixed, chop: 1, want: []string{"pong:ping", gotText("onetwo")}},
		{name: "a last one without a first, at once", send: late(last("late")), chop: whole, want: broken},
		{name: "a last one without a first", send: late(last("late")), want: broken},
		{name: "a last one without a first, byte by byte", send: late(last("late")), chop: 1, want: broken},
		{name: "one more without a first, at once", send: late(more("late")), chop: whole, want: broken},
		{name: "one more without a first", send: late(more("late")), want: broken},
		{name: "one more without a first, byte by byte", send: late(more("late")), chop: 1, want: broken},
		{name: "one after the last", send: [][]byte{start("one"), last("two"), last("three"), start("four"), last("five")}, want: []string{gotText("onetwo"), "close 1002"}},
		{name: "one more before each message", send: [][]byte{more("one"), textFrame("two"), more("three"), textFrame("four")}, want: broken},
		{name: "a last one before each message", send: [][]byte{last("one"), textFrame("two"), last("three"), textFrame("four")}, want: broken},
		{name: "two first ones", send: [][]byte{start("one"), textFrame("two")}, want: broken},
		{name: "five, and two pings", send: many, want: manyGot},
		{name: "five, and two pings, byte by byte", send: many, chop: 1, want: manyGot},
	}
}

func utf8Fragments() []conformance {
	const word = "Hello-µ@ßöäüàá-UTF-8!!"
	bytewise := func(s string) (frames [][]byte) {
		frames = append(frames, start(s[:1]))
		for i := 1; i < len(s)-1; i++ {
			frames = append(frames, more(s[i:i+1]))
		}
		return append(frames, last(s[len(s)-1:]))
	}
	const good, bad = "κόσμε", "\xed\xa0\x80edited"
	cut := strings.Index(word, "ß")
	wrong := []string{"close 1007"}
	inFrame := textFrame(good + bad)
	head := len(inFrame) - len(good+bad)
	return []conformance{
		{name: "an empty text", send: [][]byte{textFrame("")}, want: []string{"text:"}},
		{name: "three empty ones", send: [][]byte{start(""), more(""), last("")}, want: []string{"text:"}},
		{name: "a full one among empty ones", send: [][]byte{start(""), more("middle"), last("")}, want: []string{"text:middle"}},
		{name: "in one", send: [][]byte{textFrame(word)}, want: []string{gotText(word)}},
		{name: "in two", send: [][]byte{start(word[:cut]), last(word[cut:])}, want: []string{gotText(word)}},
		{name: "a byte in each", send: bytewise(word), want: []string{gotText(word)}},
		{name: "a byte in each, of Greek", send: bytewise(good), want: []string{gotText(good)}},
		{name: "invalid in one", send: [][]byte{textFrame(good + bad)}, want: wrong},
		{name: "invalid, a byte in each", send: bytewise(good + bad), want: wrong},
		// The rest never comes: it must be refused by what is there.
		{name: "invalid in the second of three", send: [][]byte{start(good), more("\xf4\x90\x80\x80")}, want: wrong},
		{name: "invalid in the second of three, before its end", send: [][]byte{start(good + "\xf4"), more("\x90")}, want: wrong},
		{name: "invalid in a frame whose rest is missing", send: [][]byte{inFrame[:head+len(good)], inFrame[head+len(good) : head+len(good)+2]}, want: wrong},
		{name: "invalid in a frame whose rest is missing, byte by byte", send: [][]byte{inFrame[:head+len(good)+2]}, chop: 1, want: wrong},
	}
}

// utf8Sequences are texts in one frame. Package unicode/utf8 says which are valid.
func utf8Sequences() (cases []conformance) {
	var texts []string
	add := func(list ...string) { texts = append(texts, list...) }
	greek := "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"
	add(greek, "hello\x24world", "hello\xc2\xa2world", "hello\xe2\x82\xacworld", "hello\xf0\xa4\xad\xa2world") // valid
	for i := range len(greek) {                                                                                // prefixes
		add(greek[:i+1])
	}
	add("\x00", "\xc2\x80", "\xe0\xa0\x80", "\xf0\x90\x80\x80")                                 // the first of each length
	add("\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80")                                     // too long
	add("\x7f", "\xdf\xbf", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf")                                 // the last of each length
	add("\xf7\xbf\xbf\xbf", "\xfb\xbf\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf\xbf")                 // over the last
	add("\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbd", "\xf4\x8f\xbf\xbf", "\xf4\x90\x80\x80") // boundaries
	for n := range 7 {                                                                          // continuations without a start
		add(strings.Repeat("\x80\xbf", 4)[1-n%2 : 1-n%2+n+1])
	}
	all := ""
	for b := 0x80; b < 0xc0; b++ {
		all += string([]byte{byte(b)})
	}
	add(all)
	for _, r := range [][2]int{{0xc0, 0xdf}, {0xe0, 0xef}, {0xf0, 0xf7}, {0xf8, 0xfb}, {0xfc, 0xfd}} { // starts without a continuation
		s := ""
		for b := r[0]; b <= r[1]; b++ {
			s += string([]byte{byte(b), ' '})
		}
		add(s)
	}
	short := []string{"\xc0", "\xe0\x80", "\xf0\x80\x80", "\xf8\x80\x80\x80", "\xfc\x80\x80\x80\x80", "\xdf", "\xef\xbf", "\xf7\xbf\xbf", "\xfb\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf"}
	add(short...)
	add(strings.Join(short, ""))
	add("\xfe", "\xff", "\xfe\xfe\xff\xff")                                                                             // impossible
	add("\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xf8\x80\x80\x80\xaf", "\xfc\x80\x80\x80\x80\xaf")             // a slash, too long
	add("\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf8\x87\xbf\xbf\xbf", "\xfc\x83\xbf\xbf\xbf\xbf")             // the last that are too long
	add("\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xf8\x80\x80\x80\x80", "\xfc\x80\x80\x80\x80\x80")             // NUL, too long
	add("\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xaf\xbf", "\xed\xb0\x80", "\xed\xbe\x80", "\xed\xbf\xbf") // half a pair
	for _, high := range []string{"\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xaf\xbf"} {                     // pairs
		add(high+"\xed\xb0\x80", high+"\xed\xbf\xbf")
	}
	for plane := range rune(17) { // no characters, but valid
		add(string(plane<<16|0xfffe), string(plane<<16|0xffff))
	}
	for r := rune(0xfff9); r <= 0xffff; r++ {
		add(string(r))
	}
	for _, s := range texts {
		c := conformance{name: fmt.Sprintf("% x", s), send: [][]byte{textFrame(s)}, want: []string{"close 1007"}}
		if utf8.ValidString(s) {
			c.want = []string{gotText(s)}
		}
		cases = append(cases, c)
	}
	return cases
}

func closes() []conformance {
	normal := closeWith(1000, "")
	hi := textFrame("Hello")
	big := strings.Repeat("A", 256<<10)
	long := strings.Repeat("*", 123)
	cases := []conformance{
		{name: "after a message", send: [][]byte{hi, normal}, want: []string{gotText("Hello"), "close 1000"}},
		{name: "twice", send: [][]byte{normal, normal}, want: []string{"close 1000"}},
		{name: "and then a ping", send: [][]byte{normal, pingFrame("")}, want: []string{"close 1000"}},
		{name: "and then a text", send: [][]byte{normal, hi}, want: []string{"close 1000"}},
		{name: "among fragments", send: [][]byte{start("one"), normal, last("two")}, want: []string{"close 1000"}},
		{name: "after a long message, and then a ping", send: [][]byte{textFrame(big), normal, pingFrame("")}, want: []string{gotText(big), "close 1000"}},
		{name: "without a code", send: [][]byte{frame(0x88, "")}, want: []string{"close"}},
		{name: "of one byte", send: [][]byte{frame(0x88, "a")}, want: []string{"close 1002"}},
		{name: "with a code", send: [][]byte{normal}, want: []string{"close 1000"}},
		{name: "with a reason", send: [][]byte{closeWith(1000, "Hello")}, want: []string{"close 1000"}},
		{name: "with the longest reason", send: [][]byte{closeWith(1000, long)}, want: []string{"close 1000"}},
		{name: "with a longer one", send: [][]byte{closeWith(1000, long+"*")}, want: []string{"close 1002"}},
		{name: "with a reason that is not UTF-8", send: [][]byte{closeWith(1000, "κόσμε\xed\xa0\x80edited")}, want: []string{"close 1007"}},
	}
	for _, code := range []uint16{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999} {
		cases = append(cases, conformance{name: fmt.Sprint("with ", code), send: [][]byte{closeWith(code, "")}, want: []string{fmt.Sprint("close ", code)}})
	}
	for _, code := range []uint16{0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535} {
		cases = append(cases, conformance{name: fmt.Sprint("with ", code), send: [][]byte{closeWith(code, "")}, want: []string{"close 1002"}})
	}
	return cases
}

func large() (cases []conformance) {
	const mb = 1 << 20
	for _, kind := range []struct {
		frame func(string) []byte
		first byte
		got   func(string) string
	}{{textFrame, 0x01, gotText}, {binaryFrame, 0x02, gotBinary}} {
		for _, n := range []int{64 << 10, 256 << 10, mb, 4 * mb, 8 * mb, 16 * mb} {
			s := strings.Repeat("*", n)
			cases = append(cases, conformance{name: fmt.Sprint(n, " bytes"), send: [][]byte{kind.frame(s)}, want: []string{kind.got(s)}})
		}
		s := strings.Repeat("*", 4*mb)
		for _, n := range []int{64, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, mb, 4 * mb} {
			cases = append(cases, conformance{name: fmt.Sprint("4 MiB in frames of ", n), send: cutUp(s, kind.first, n), chop: 64 << 10, want: []string{kind.got(s)}})
		}
		s = strings.Repeat("*", mb)
		for _, n := range []int{64, 128, 256, 512, 1024, 2048} {
			cases = append(cases, conformance{name: fmt.Sprint("1 MiB in pieces of ", n), send: [][]byte{kind.frame(s)}, chop: n, want: []string{kind.got(s)}})
		}
		for _, n := range []int{0, 16, 64, 256, 1 << 10, 4 << 10} {
			s := strings.Repeat("*", n)
			cases = append(cases, conformance{name: fmt.Sprint("1,000 messages of ", n), send: slices.Repeat([][]byte{kind.frame(s)}, 1000), want: slices.Repeat([]string{kind.got(s)}, 1000)})
		}
	}
	return cases
}

// cutUp returns a message in fragments of n bytes. first is the byte of the first one.
func cutUp(s string, first byte, n int) (frames [][]byte) {
	for len(s) > n {
		frames = append(frames, frame(first, s[:n]))
		s, first = s[n:], 0x00
	}
	return append(frames, frame(first|0x80, s))
}

func fixedFragments() []conformance {
	s := strings.Repeat("*", 64<<10)
	return []conformance{{name: "64 KiB by 1,300", send: cutUp(s, 0x01, 1300), want: []string{gotText(s)}}}
}
