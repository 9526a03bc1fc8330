package room

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/store"
)

func TestABatchFitsIntoOneRequest(t *testing.T) {
	long := posting{msg: store.Message{Content: strings.Repeat("가", store.MaxContent)}}
	for _, tt := range []struct {
		name  string
		queue []posting
		want  int
	}{
		{"nothing", nil, 0},
		{"one", make([]posting, 1), 1},
		{"many short ones", make([]posting, 2*store.MaxBatch), store.MaxBatch},
		{"long ones", repeat(long, store.MaxBatch), 1 + maxBatchBytes/len(long.msg.Content)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if n := batchSize(tt.queue); n != tt.want {
				t.Errorf("%d go at once, want %d", n, tt.want)
			}
		})
	}
}

func repeat(p posting, n int) []posting {
	queue := make([]posting, n)
	for i := range queue {
		queue[i] = p
	}
	return queue
}

// A stuck bus takes nothing.
type stuck struct{ bus.Bus }

func (stuck) Publish(ctx context.Context, _ ...bus.Message) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestNewsThatCannotLeaveAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := bus.NewMemory()
		defer memory.Close()
		g := inside(t, store.NewMemory(), stuck{memory})
		large := []store.Message{{StudyID: "s1", Content: strings.Repeat("x", 1<<20)}}
		const all = 40
		for range all {
			g.wire.publish(large)
			synctest.Wait()
		}
		g.wire.mu.Lock()
		waiting, size := len(g.wire.waiting), g.wire.size
		g.wire.mu.Unlock()
		// One is on its way, as many wait as there is room for, and the rest is counted.
		if want := maxUnpublished >> 20; waiting > want || waiting < want-1 || size > maxUnpublished {
			t.Errorf("%d wait, %d bytes; want about %d", waiting, size, want)
		}
		if n := g.Stats().Unpublished; n != int64(all-waiting-1) {
			t.Errorf("%d counted as unpublished, want %d", n, all-waiting-1)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_ = g.Close(ctx)
	})
}
