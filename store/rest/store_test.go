package rest_test

import (
	"net/http/httptest"
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
		open := func() *rest.Client {
			h, err := rest.NewHandler(backend, nil, rest.HandlerOptions{Tokens: []string{token}})
			if err != nil {
				t.Fatal(err)
			}
			srv := httptest.NewServer(h)
			t.Cleanup(srv.Close)
			c, err := rest.NewClient(srv.URL, rest.ClientOptions{Token: token})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			return c
		}
		c := open()
		return storetest.Backend{Store: c, Second: func() store.Store { return open() }, Reopen: func() store.Store {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			return open()
		}}
	})
}
