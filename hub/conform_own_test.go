package hub

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Cases that the Autobahn test suite does not have: what libraries for WebSocket let pass, the
// limits of a hub, and the end of a connection. The codes are exact.
func TestConformanceBeyondTheSuite(t *testing.T) {
	cases := slices.Concat(unmasked(), everyReservedBit(), everyReservedOpcode(), longLengths(), limits(), moreCloses(), interleaved(), chopped(), ends())
	if len(cases) < 120 {
		t.Errorf("%d cases, want at least 120", len(cases))
	}
	t.Logf("%d cases for each kind of session", len(cases))
	runAll(t, Options{}, cases)
}

var dataAndControl = []byte{0x0, 0x1, 0x2, 0x8, 0x9, 0xa}

var broken = []string{"close 1002"}

// RFC 6455 section 5.1: a server closes the connection upon a frame that is not masked.
func unmasked() (cases []conformance) {
	for _, op := range dataAndControl {
		for _, payload := range []string{"", "hi"} {
			cases = append(cases, conformance{
				name: fmt.Sprintf("opcode %d with %d bytes, not masked", op, len(payload)),
				send: [][]byte{append([]byte{0x80 | op, byte(len(payload))}, payload...)}, want: broken,
			})
		}
	}
	return cases
}

func everyReservedBit() (cases []conformance) {
	for _, op := range dataAndControl {
		for rsv := byte(1); rsv < 8; rsv++ {
			cases = append(cases, conformance{name: fmt.Sprintf("opcode %d with reserved bits %03b", op, rsv), send: [][]byte{frame(0x80|rsv<<4|op, "")}, want: broken})
		}
	}
	return cases
}

func everyReservedOpcode() (cases []conformance) {
	for _, op := range []byte{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} {
		cases = append(cases,
			conformance{name: fmt.Sprintf("opcode %d that is not final", op), send: [][]byte{frame(op, "x")}, want: broken},
			conformance{name: fmt.Sprintf("opcode %d among fragments", op), send: [][]byte{start("one"), frame(0x80|op, "x"), last("two")}, want: broken})
	}
	return cases
}

// header returns a masked header whose length is written in 2 or 8 bytes.
func header(first byte, n uint64, bytes int) []byte {
	if bytes == 2 {
		return append(binary.BigEndian.AppendUint16([]byte{first, 0xfe}, uint16(n)), 0, 0, 0, 0)
	}
	return append(binary.BigEndian.AppendUint64([]byte{first, 0xff}, n), 0, 0, 0, 0)
}

// RFC 6455 section 5.2: the shortest form of a length must be used, and its first bit is 0.
func longLengths() (cases []conformance) {
	for _, op := range []byte{0x81, 0x82, 0x89, 0x88} {
		for _, n := range []uint64{0, 2, 125} {
			cases = append(cases, conformance{name: fmt.Sprintf("%#x with a length of %d in two bytes", op, n), send: [][]byte{header(op, n, 2)}, want: broken})
		}
		for _, n := range []uint64{2, 125, 126, 65535, 1 << 63, 1<<64 - 1} {
			cases = append(cases, conformance{name: fmt.Sprintf("%#x with a length of %d in eight bytes", op, n), send: [][]byte{header(op, n, 8)}, want: broken})
		}
	}
	return cases
}

// The limits of a hub: 64 KiB and 64 frames.
func limits() []conformance {
	const kib64 = 64 << 10
	full := strings.Repeat("x", kib64)
	tooBig := []string{"close 1009"}
	return []conformance{
		{name: "64 KiB", send: [][]byte{textFrame(full)}, want: []string{gotText(full)}},
		{name: "64 KiB of binary", send: [][]byte{binaryFrame(full)}, want: []string{gotBinary(full)}},
		{name: "one byte more", send: [][]byte{header(0x81, kib64+1, 8)}, want: tooBig},
		{name: "one byte more of binary", send: [][]byte{header(0x82, kib64+1, 8)}, want: tooBig},
		{name: "a gigabyte", send: [][]byte{header(0x81, 1<<30, 8)}, want: tooBig},
		{name: "the longest length there is", send: [][]byte{header(0x81, 1<<63-1, 8)}, want: tooBig},
		{name: "64 KiB in two", send: [][]byte{start(full[:40_000]), last(full[40_000:])}, want: []string{gotText(full)}},
		{name: "one byte more in two", send: [][]byte{start(full), last("x")}, want: tooBig},
		{name: "one byte more in a frame that is not the last", send: [][]byte{start(full), more("x")}, want: tooBig},
		{name: "64 frames", send: append(append([][]byte{start("")}, slices.Repeat([][]byte{more("")}, 62)...), last("end")), want: []string{"text:end"}},
		{name: "65 frames", send: append(append([][]byte{start("")}, slices.Repeat([][]byte{more("")}, 63)...), last("end")), want: tooBig},
		{name: "a hundred thousand empty frames", send: append([][]byte{start("")}, slices.Repeat([][]byte{more("")}, 100_000)...), chop: kib64, want: tooBig},
		{name: "pings do not count as frames", send: append(append([][]byte{start("")}, slices.Repeat([][]byte{more(""), pongFrame("")}, 62)...), last("end")), want: []string{"text:end"}},
		{name: "every message counts anew", send: slices.Repeat(append(append([][]byte{start("")}, slices.Repeat([][]byte{more("")}, 62)...), last("end")), 3), want: []string{"text:end", "text:end", "text:end"}},
	}
}

func moreCloses() (cases []conformance) {
	for _, code := range []uint16{1012, 1013, 1014} { // of the IANA registry
		cases = append(cases, conformance{name: fmt.Sprint("close with ", code), send: [][]byte{closeWith(code, "why")}, want: []string{fmt.Sprint("close ", code)}})
	}
	for _, code := range []uint16{1, 500, 1015, 1017, 1999, 3000 - 1, 5001, 9999} {
		cases = append(cases, conformance{name: fmt.Sprint("close with ", code), send: [][]byte{closeWith(code, "why")}, want: broken})
	}
	for name, reason := range map[string]string{"a lone continuation": "\x80", "a character cut short": "\xe2\x82", "a surrogate": "\xed\xa0\x80", "0xff": "why\xff"} {
		cases = append(cases, conformance{name: "a reason with " + name, send: [][]byte{closeWith(1000, reason)}, want: []string{"close 1007"}})
	}
	return append(cases,
		conformance{name: "a reason of many languages", send: [][]byte{closeWith(1000, "κόσμε 한글 😀")}, want: []string{"close 1000"}},
		conformance{name: "a close in two frames", send: [][]byte{frame(0x08, "\x03\xe8"), last("why")}, want: broken},
		conformance{name: "a close byte by byte", send: [][]byte{closeWith(1000, "why")}, chop: 1, want: []string{"close 1000"}},
		conformance{name: "a close and a broken frame", send: [][]byte{closeWith(1000, ""), {0xff, 0xff, 0xff}}, want: []string{"close 1000"}},
		conformance{name: "a broken frame and a close", send: [][]byte{frame(0x83, ""), closeWith(1000, "")}, want: broken},
		conformance{name: "a broken frame and a megabyte", send: [][]byte{frame(0x83, ""), make([]byte, 1<<20)}, want: broken},
		conformance{name: "a close and a megabyte", send: [][]byte{closeWith(4000, ""), make([]byte, 1<<20)}, want: []string{"close 4000"}},
		conformance{name: "plain HTTP", send: [][]byte{[]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")}, want: broken},
		conformance{name: "a TLS hello", send: [][]byte{{0x16, 0x03, 0x01, 0x02, 0x00, 0x01}}, want: broken},
	)
}

// Control frames may stand between fragments, and nowhere else within a message.
func interleaved() (cases []conformance) {
	for i := 1; i < 4; i++ {
		frames := [][]byte{start("a"), more("b"), more("c"), last("d")}
		cases = append(cases,
			conformance{name: fmt.Sprint("a ping after fragment ", i), send: slices.Insert(slices.Clone(frames), i, pingFrame("p")), want: []string{"pong:p", "text:abcd"}},
			conformance{name: fmt.Sprint("a pong after fragment ", i), send: slices.Insert(slices.Clone(frames), i, pongFrame("p")), want: []string{"text:abcd"}},
			conformance{name: fmt.Sprint("a close after fragment ", i), send: slices.Insert(slices.Clone(frames), i, closeWith(1001, "")), want: []string{"close 1001"}},
			conformance{name: fmt.Sprint("a text after fragment ", i), send: slices.Insert(slices.Clone(frames), i, textFrame("x")), want: broken},
			conformance{name: fmt.Sprint("a binary after fragment ", i), send: slices.Insert(slices.Clone(frames), i, binaryFrame("x")), want: broken})
	}
	return append(cases,
		conformance{name: "binary in fragments is no UTF-8", send: [][]byte{frame(0x02, "\xff"), more("\xc0"), last("\x80")}, want: []string{"binary:\xff\xc0\x80"}},
		conformance{name: "text after binary in fragments", send: [][]byte{frame(0x02, "\xff"), last("\xff"), textFrame("한")}, want: []string{"binary:\xff\xff", "text:한"}},
		conformance{name: "binary after text in fragments", send: [][]byte{start("\xed"), last("\x95\x9c"), binaryFrame("\xff")}, want: []string{"text:한", "binary:\xff"}})
}

func chopped() (cases []conformance) {
	long := strings.Repeat("가나다", 100)
	frames := [][]byte{textFrame("한글"), start("\xed\x95"), pingFrame("p"), last("\x9c"), textFrame(""), binaryFrame("\x00"), textFrame(long)}
	want := []string{"text:한글", "pong:p", "text:한", "text:", "binary:\x00", gotText(long)}
	for _, n := range []int{1, 2, 3, 5, 7, 11, 13, 64, whole} {
		cases = append(cases, conformance{name: fmt.Sprint("every kind of frame in pieces of ", n), send: frames, chop: n, want: want})
	}
	return cases
}

// A client that shuts its side down without a close frame still gets its answers.
func ends() []conformance {
	return []conformance{
		{name: "the end right behind a text", send: [][]byte{textFrame("last words")}, open: true, want: []string{"text:last words"}},
		{name: "the end right behind a ping", send: [][]byte{pingFrame("p")}, open: true, want: []string{"pong:p"}},
		{name: "the end right behind two texts", send: [][]byte{textFrame("one"), textFrame("two")}, chop: whole, open: true, want: []string{"text:one", "text:two"}},
		{name: "the end within a frame", send: [][]byte{textFrame("hello")[:8]}, open: true},
		{name: "the end within a header", send: [][]byte{{0x81}}, open: true},
		{name: "the end among fragments", send: [][]byte{start("one"), more("two")}, open: true},
		{name: "the end right behind a broken frame", send: [][]byte{frame(0x83, "")}, open: true, want: broken},
		{name: "the end at once", open: true},
	}
}
