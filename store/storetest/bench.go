package storetest

import (
	"fmt"
	"testing"

	"github.com/coupchat/coup/store"
)

// Bench measures Append by size of batch, in messages per second, and the reads that hubs
// make again and again. open returns an empty store and closes it when its benchmark ends.
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

func fill(b *testing.B, s store.Store, study store.StudyID, n int) {
	b.Helper()
	if _, err := s.Append(b.Context(), saidMany(study, n)); err != nil {
		b.Fatal(err)
	}
}
