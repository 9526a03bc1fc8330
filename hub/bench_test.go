package hub

import (
	"testing"
	"time"

	"github.com/coupchat/coup/internal/native"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

func message(seq int64) *room.Event {
	return &room.Event{Kind: room.NewMessage, Message: store.Message{ID: "study-1:17", StudyID: "study-1", Seq: seq, UserID: "u1", UserName: "Mina",
		Content: "A message of chat has a sentence or two, 한글 too.", SentAt: time.Now()}}
}

func BenchmarkEncodeMessage(b *testing.B) {
	ev := message(1)
	b.ReportAllocs()
	for b.Loop() {
		native.Dialect{}.EncodeEvent(ev)
	}
}

// discard is a stream that takes everything.
type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) Writev(bufs [][]byte) (n int, err error) {
	for _, b := range bufs {
		n += len(b)
	}
	return n, nil
}
func (discard) Resume() {}
func (discard) Finish() {}
func (discard) Close()  {}

// The cost of a delivery without its system call. One op is a message for 200
// connections.
func BenchmarkDeliver(b *testing.B) {
	h := &Hub{}
	h.native = endpoint{hub: h, dialect: native.Dialect{}}
	sessions := make([]*session, 200)
	for i := range sessions {
		sessions[i] = &session{endpoint: &h.native, stream: discard{}}
	}
	b.ReportAllocs()
	for b.Loop() {
		batch := &room.Batch{Events: []*room.Event{message(1)}}
		for _, s := range sessions {
			s.Deliver(batch)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(sessions)), "ns/delivery")
}
