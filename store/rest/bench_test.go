package rest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/rest"
)

// BenchmarkRoundTrip appends batches over a loopback connection. The store behind it
// costs next to nothing.
func BenchmarkRoundTrip(b *testing.B) {
	for _, n := range []int{1, 16, 128} {
		b.Run(fmt.Sprintf("%d messages", n), func(b *testing.B) {
			at := time.Now().UTC()
			st := stub{append: func(_ context.Context, msgs []store.Message) ([]store.Message, error) {
				for i := range msgs {
					msgs[i].ID, msgs[i].Seq, msgs[i].SentAt = "0123456789", int64(i+1), at
				}
				return msgs, nil
			}}
			c := newClient(b, newHandler(b, st, rest.HandlerOptions{}), rest.ClientOptions{})
			msgs := make([]store.Message, n)
			for i := range msgs {
				msgs[i] = message("s1", "hello, how far are you with chapter three? 안녕하세요 👋")
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Append(b.Context(), msgs); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}
