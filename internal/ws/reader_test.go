package ws_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/coupchat/coup/internal/ws"
)

// row is a stream of a client, and what a Reader reads from it.
type row struct {
	name   string
	stream []byte
	want   string
}

// check reads each stream whole and in pieces of one byte, with the same result.
func check(t *testing.T, rows []row) {
	t.Helper()
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			for _, size := range []int{1 << 30, 1} {
				if size == 1 && len(tt.stream) > 20_000 {
					size = 4093 // byte by byte would take too long
				}
				stream := append([]byte(nil), tt.stream...)
				if got := story(stream, limits, func() int { return size }); got != tt.want {
					t.Errorf("in pieces of %d: %q, want %q", size, got, tt.want)
				}
			}
		})
	}
}

func TestReaderReadsMessagesOfEveryLength(t *testing.T) {
	rows := []row{{"one byte too many", text(strings.Repeat("x", 65537)), "1009"}}
	for _, n := range []int{0, 1, 125, 126, 127, 128, 65535, 65536} {
		s := strings.Repeat("*", n)
		rows = append(rows, row{fmt.Sprintf("%d bytes, and the next message", n), join(text(s), text("next")), word(ws.Message{Op: ws.Text, Payload: []byte(s)}) + " text:next"})
	}
	check(t, rows)
}

func TestReaderBoundsMessagesInFragments(t *testing.T) {
	half := strings.Repeat("x", 32<<10)
	check(t, []row{
		{"exactly the limit", join(start(half), end(half)), `text:65536*"x"`},
		{"over the limit with the last frame", join(start(half), more(half), end("x")), "1009"},
		{"a header alone says it", join(start(half), []byte{0x80, 0xfe, 0x80, 0x01, 1, 2, 3, 4}), "1009"},
		{"64 frames", join(start("a"), times(62, more("a")), end("a")), `text:64*"a"`},
		{"65 frames", join(start("a"), times(63, more("a")), end("a")), "1009"},
		{"10,000 empty frames", join(start(""), times(9998, more("")), end("")), "1009"},
		{"the next message counts anew", join(start("a"), times(62, more("")), end(""), start("b"), times(62, more("")), end("")), "text:a text:b"},
	})
}

func TestReaderReadsControlFrames(t *testing.T) {
	full, over := strings.Repeat("p", 125), strings.Repeat("p", 126)
	check(t, []row{
		{"an empty ping", ping(""), "ping:"},
		{"a ping of text", ping("hello"), "ping:hello"},
		{"a ping of bytes that are no text", ping("\x00\xff\xfe"), "ping:\x00\xff\xfe"},
		{"a ping of 125 bytes", ping(full), `ping:125*"p"`},
		{"a ping of 126 bytes", ping(over), "1002"},
		{"ten pings", times(10, ping("x")), strings.TrimSpace(strings.Repeat("ping:x ", 10))},
		{"an empty pong nobody asked for", pong(""), "pong:"},
		{"a pong of 125 bytes", pong(full), `pong:125*"p"`},
		{"a pong of 126 bytes", pong(over), "1002"},
		{"a fragmented ping", join(frame(0x09, "a"), end("b")), "1002"},
		{"a fragmented pong", join(frame(0x0a, "a"), end("b")), "1002"},
		{"a fragmented close", join(frame(0x08, ""), end("")), "1002"},
	})
}

func TestReaderRefusesReservedBitsAndOpcodes(t *testing.T) {
	var rows []row
	for rsv := byte(1); rsv < 8; rsv++ {
		for _, first := range []byte{0x81, 0x01, 0x89, 0x8a, 0x88} {
			rows = append(rows, row{fmt.Sprintf("rsv %d on %#x", rsv, first), join(text("ok"), frame(first|rsv<<4, "x")), "text:ok 1002"})
		}
		rows = append(rows, row{fmt.Sprintf("rsv %d on a continuation", rsv), join(start("a"), frame(0x80|rsv<<4, "x")), "1002"})
	}
	for _, op := range []byte{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} {
		rows = append(rows,
			row{fmt.Sprintf("opcode %d", op), join(text("ok"), frame(0x80|op, "")), "text:ok 1002"},
			row{fmt.Sprintf("opcode %d with a payload inside a message", op), join(start("a"), frame(0x80|op, "x")), "1002"})
	}
	check(t, rows)
}

func TestReaderPutsFragmentsTogether(t *testing.T) {
	check(t, []row{
		{"two", join(start("fragment1"), end("fragment2")), "text:fragment1fragment2"},
		{"three, the middle one empty", join(start("a"), more(""), end("b")), "text:ab"},
		{"all empty", join(start(""), more(""), end("")), "text:"},
		{"a ping between", join(start("a"), ping("p"), end("b")), "ping:p text:ab"},
		{"pings and pongs between", join(start("a"), ping("1"), more("b"), pong("2"), ping("3"), end("c")), "ping:1 pong:2 ping:3 text:abc"},
		{"a close between", join(start("a"), closeWith(1000, ""), end("b")), "close:1000:"},
		{"two messages", join(start("a"), end("b"), start("c"), end("d"), text("e")), "text:ab text:cd text:e"},
		{"a continuation of nothing", more("a"), "1002"},
		{"a last continuation of nothing", end("a"), "1002"},
		{"a continuation after a whole message", join(text("a"), end("b")), "text:a 1002"},
		{"a continuation after a fragmented message", join(start("a"), end("b"), end("c")), "text:ab 1002"},
		{"a new message inside another", join(start("a"), text("b")), "1002"},
		{"a new fragmented message inside another", join(start("a"), start("b"), end("c")), "1002"},
		{"a binary message inside another", join(start("a"), frame(0x82, "b")), "1002"},
		{"nothing more comes", start("a"), ""},
	})
}

func TestReaderRefusesBinary(t *testing.T) {
	check(t, []row{
		{"empty", frame(0x82, ""), "1003"},
		{"some bytes", join(text("ok"), frame(0x82, "\x00\x01")), "text:ok 1003"},
		{"the first fragment", frame(0x02, "x"), "1003"},
		{"too long as well", frame(0x82, strings.Repeat("x", 70_000)), "1003"},
	})
}

func TestReaderRefusesFramesNoClientMaySend(t *testing.T) {
	check(t, []row{
		{"unmasked text", []byte("\x81\x02hi"), "1002"},
		{"unmasked ping", []byte("\x89\x00"), "1002"},
		{"unmasked close", []byte("\x88\x02\x03\xe8"), "1002"},
		{"1 byte in 16 bits of length", masked([]byte{0x81, 0xfe, 0, 1}, "x"), "1002"},
		{"125 bytes in 16 bits of length", masked([]byte{0x81, 0xfe, 0, 125}, strings.Repeat("x", 125)), "1002"},
		{"1 byte in 64 bits of length", masked([]byte{0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 1}, "x"), "1002"},
		{"65,535 bytes in 64 bits of length", []byte{0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4}, "1002"},
		{"a ping with 16 bits of length", masked([]byte{0x89, 0xfe, 0, 5}, "12345"), "1002"},
		{"2^63 bytes", []byte{0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, "1002"},
		{"2^64-1 bytes", []byte{0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4}, "1002"},
		{"2^63-1 bytes", []byte{0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4}, "1009"},
		{"2^63-1 bytes after a fragment", join(start("a"), []byte{0x80, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4}), "1009"},
	})
}
