package store_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemory(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Backend {
		s := store.NewMemory()
		return storetest.Backend{Store: s, Second: func() store.Store { return s }}
	})
}

func BenchmarkMemory(b *testing.B) {
	storetest.Bench(b, func(*testing.B) store.Store { return store.NewMemory() })
}
