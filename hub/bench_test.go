package hub

import (
	"testing"
	"time"

	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

func said(seq int64) *room.Event {
	return &room.Event{Kind: room.NewMessage, Message: store.Message{ID: "study-1:17", StudyID: "study-1", Seq: seq, UserID: "u1", UserName: "Mina",
		Content: "What a member says: a sentence or two of chat, 한글 too.", SentAt: time.Now()}}
}

func BenchmarkEncodeMessage(b *testing.B) {
	ev := said(1)
	b.ReportAllocs()
	for b.Loop() {
		native{}.EncodeEvent(ev)
	}
}

// nowhere is a stream that takes everything.
type nowhere struct{}

func (nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (nowhere) Writev(bufs [][]byte) (n int, err error) {
	for _, b := range bufs {
		n += len(b)
	}
	return n, nil
}
func (nowhere) Resume() {}
func (nowhere) Finish() {}
func (nowhere) Close()  {}

// What a delivery costs but for its system call: one op is a message for 200
// members.
func BenchmarkDeliver(b *testing.B) {
	h := &Hub{}
	sessions := make([]*session, 200)
	for i := range sessions {
		sessions[i] = &session{hub: h, stream: nowhere{}}
	}
	b.ReportAllocs()
	for b.Loop() {
		batch := &room.Batch{Events: []*room.Event{said(1)}}
		for _, s := range sessions {
			s.Deliver(batch)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(sessions)), "ns/delivery")
}
