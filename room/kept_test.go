package room

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/coupchat/coup/store"
)

// events returns the events of messages from one seq to another.
func events(from, to int64) (evs []*Event) {
	for seq := from; seq <= to; seq++ {
		evs = append(evs, event(seq))
	}
	return evs
}

// keptOf returns what a room keeps after it has read stretches of the store, in this order, and
// then delivered 11 to 15.
func keptOf(reads ...stretch) *kept {
	k := &kept{begin: 10}
	for _, read := range reads {
		k.load(read)
	}
	for seq := range int64(5) {
		k.add(event(11+seq), 500)
	}
	return k
}

func read(after, to int64) stretch { return stretch{after, to, events(after+1, to)} }

func TestAPageHasWhatIsKeptAndWhatWasRead(t *testing.T) {
	for _, tt := range []struct {
		name  string
		kept  *kept
		after int64
		read  stretch
		want  string
	}{
		{"nothing is missing", keptOf(), 15, stretch{}, "[] to 15"},
		{"the last ones", keptOf(), 13, stretch{}, "[14 15] to 15"},
		{"all that is kept", keptOf(), 10, stretch{}, "[11 12 13 14 15] to 15"},
		{"more than is kept", keptOf(), 9, stretch{}, "read up to 10"},
		{"a read that touches", keptOf(read(8, 10)), 8, stretch{}, "[9 10 11 12 13 14 15] to 15"},
		{"two reads that touch", keptOf(read(8, 10), read(6, 8)), 7, stretch{}, "[8 9 10 11 12 13 14 15] to 15"},
		{"an older page", keptOf(read(2, 5)), 3, stretch{}, "[4 5] to 5"},
		{"the page after it", keptOf(read(2, 5), read(5, 7)), 3, stretch{}, "[4 5 6 7] to 7"},
		{"the page before it", keptOf(read(5, 7), read(2, 5)), 3, stretch{}, "[4 5 6 7] to 7"},
		{"between an older page and the recent ones", keptOf(read(2, 5)), 6, stretch{}, "read up to 10"},
		{"before an older page", keptOf(read(5, 7)), 3, stretch{}, "read up to 5"},
		{"pages up to the recent ones", keptOf(read(2, 5), read(5, 7), read(7, 10)), 4, stretch{}, "[5 6 7 8 9 10 11 12 13 14 15] to 15"},
		{"a page elsewhere replaces the older one", keptOf(read(2, 3), read(5, 7)), 2, stretch{}, "read up to 5"},
		{"what the caller has read", keptOf(), 8, read(8, 10), "[9 10] to 10"},
		{"what the caller has read too far back", keptOf(), 8, read(6, 8), "read up to 10"},
		{"rows that are gone", keptOf(stretch{6, 10, events(8, 8)}), 6, stretch{}, "[8 11 12 13 14 15] to 15"},
		{"all rows of a page are gone", keptOf(stretch{2, 5, nil}), 3, stretch{}, "[] to 5"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if events, to, ok := tt.kept.page(tt.after, 15, tt.read); ok {
				got = fmt.Sprintf("%v to %d", seqs(events), to)
			} else {
				got = fmt.Sprintf("read up to %d", tt.kept.missing(tt.after))
			}
			if got != tt.want {
				t.Errorf("after %d: %s, want %s", tt.after, got, tt.want)
			}
			if before := tt.kept.bytes; before != func() int64 { tt.kept.count(); return tt.kept.bytes }() {
				t.Errorf("%d bytes were noted, and %d are kept", before, tt.kept.bytes)
			}
		})
	}
}

func TestAPageIsBounded(t *testing.T) {
	k := &kept{}
	for seq := range int64(100) {
		k.add(&Event{Message: store.Message{Seq: 1 + seq, Content: strings.Repeat("x", 10<<10)}}, 500)
	}
	pages := 0
	var all []int64
	for at := int64(0); at < 100; pages++ {
		events, to, ok := k.page(at, 100, stretch{})
		size := (&stretch{events: events}).bytes()
		if !ok || to <= at || size > pageBytes {
			t.Fatalf("the page after %d has %d bytes and ends at %d", at, size, to)
		}
		all = append(all, seqs(events)...)
		at = to
	}
	if !slices.Equal(all, seqs(events(1, 100))) || pages < 4 {
		t.Errorf("%d pages: %v", pages, all)
	}
	huge := &kept{recent: []*Event{{Message: store.Message{Seq: 1, Content: strings.Repeat("x", 2*pageBytes)}}, event(2)}}
	if events, to, _ := huge.page(0, 2, stretch{}); len(events) != 1 || to != 1 {
		t.Errorf("a huge message is sent with %d others, up to %d", len(events)-1, to)
	}
}
