package rest_test

import (
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/rest"
	"github.com/coupchat/coup/store/storetest"
)

// The client is a Store like any other: whatever stands behind the handler, the
// promises survive the wire.
func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Backend {
		const token = "0123456789abcdef0123456789abcdef"
		backend := store.NewMemory()
		// Each handle has an api of its own, over the same store.
		open := func() (store.Store, func()) {
			h, err := rest.NewHandler(backend, nil, rest.HandlerOptions{Tokens: []string{token}, Receipts: true})
			if err != nil {
				t.Fatal(err)
			}
			srv := httptest.NewServer(h)
			c, err := rest.NewClient(srv.URL, rest.ClientOptions{Token: token})
			if err != nil {
				t.Fatal(err)
			}
			closeBoth := sync.OnceFunc(func() { c.Close(); srv.Close() })
			t.Cleanup(closeBoth)
			return c, closeBoth
		}
		again := func() store.Store { c, _ := open(); return c }
		first, closeFirst := open()
		return storetest.Backend{Store: first, Second: again, Reopen: func() store.Store {
			closeFirst()
			return again()
		}}
	})
}
