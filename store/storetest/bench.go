package storetest

import (
	"fmt"
	"testing"

	"github.com/coupchat/coup/store"
)

// Bench measures Append by size of batch, in messages per second, changes of messages, marks of what
// was read, and the reads that hubs make again and again. open returns an empty store and closes it
// when its benchmark ends.
func Bench(b *testing.B, open func(b *testing.B) store.Store) {
	for _, size := range []int{1, 16, 128} {
		b.Run(fmt.Sprintf("Append/%d", size), func(b *testing.B) {
			s := open(b)
			stored := 0
			for b.Loop() {
				msgs := make([]store.Message, size)
				for i := range msgs {
					msgs[i] = said(store.StudyID(fmt.Sprintf("study-%d", i%8)), "What a hub sends: a sentence or two of chat.")
				}
				if _, err := s.Append(b.Context(), msgs); err != nil {
					b.Fatal(err)
				}
				stored += size
			}
			b.ReportMetric(float64(stored)/b.Elapsed().Seconds(), "msgs/s")
		})
	}
	benchChanges(b, open)
	b.Run("Heads/100", func(b *testing.B) {
		s := open(b)
		studies := make([]store.StudyID, 100)
		for i := range studies {
			studies[i] = store.StudyID(fmt.Sprintf("study-%d", i))
			fill(b, s, studies[i], 1)
		}
		for b.Loop() {
			if _, err := s.Heads(b.Context(), studies); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("History/50", func(b *testing.B) {
		s := open(b)
		fill(b, s, "study-1", store.MaxBatch)
		for b.Loop() {
			if _, err := s.History(b.Context(), store.Query{StudyID: "study-1", Limit: 50, Newest: true}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// benchChanges measures what is no message: edits, and marks of what users have read.
func benchChanges(b *testing.B, open func(b *testing.B) store.Store) {
	b.Run("Edit/16", func(b *testing.B) {
		s, ok := open(b).(store.Log)
		if !ok {
			b.Skip("the store keeps messages only")
		}
		fill(b, s, "study-1", store.MaxBatch)
		stored := 0
		for b.Loop() {
			edits := make([]store.Entry, 16)
			for i := range edits {
				edits[i] = edited(int64((stored+i)%store.MaxBatch)+1, "What a member says after a second thought.")
				edits[i].StudyID = "study-1"
			}
			if _, err := s.Append(b.Context(), edits); err != nil {
				b.Fatal(err)
			}
			stored += len(edits)
		}
		b.ReportMetric(float64(stored)/b.Elapsed().Seconds(), "edits/s")
	})
	b.Run("MarkRead/100", func(b *testing.B) {
		s, ok := open(b).(store.Reads)
		if !ok {
			b.Skip("the store does not keep what users have read")
		}
		fill(b, s, "study-1", store.MaxBatch)
		marked := 0
		for b.Loop() {
			marks := make([]store.ReadMark, 100)
			for i := range marks {
				marks[i] = store.ReadMark{StudyID: "study-1", UserID: store.UserID(fmt.Sprint("u", i)), Seq: int64(marked/100%store.MaxBatch) + 1}
			}
			if err := s.MarkRead(b.Context(), marks); err != nil {
				b.Fatal(err)
			}
			marked += len(marks)
		}
		b.ReportMetric(float64(marked)/b.Elapsed().Seconds(), "marks/s")
	})
	b.Run("ReadStates/100", func(b *testing.B) {
		s, ok := open(b).(store.Reads)
		if !ok {
			b.Skip("the store does not keep what users have read")
		}
		fill(b, s, "study-1", store.MaxBatch)
		of := make([]store.Membership, 100)
		marks := make([]store.ReadMark, len(of))
		for i := range of {
			of[i] = store.Membership{StudyID: "study-1", UserID: store.UserID(fmt.Sprint("reader", i))}
			marks[i] = store.ReadMark{StudyID: "study-1", UserID: of[i].UserID, Seq: store.MaxBatch - 50}
		}
		if err := s.MarkRead(b.Context(), marks); err != nil {
			b.Fatal(err)
		}
		read := 0
		for b.Loop() {
			if _, err := s.ReadStates(b.Context(), of); err != nil {
				b.Fatal(err)
			}
			read += len(of)
		}
		b.ReportMetric(float64(read)/b.Elapsed().Seconds(), "states/s")
	})
}

func fill(b *testing.B, s store.Store, study store.StudyID, n int) {
	b.Helper()
	if _, err := s.Append(b.Context(), saidMany(study, n)); err != nil {
		b.Fatal(err)
	}
}
