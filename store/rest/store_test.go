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
	storetest.Run(t, func(t *testing.T) store.Store {
		const token = "0123456789abcdef0123456789abcdef"
		h, err := rest.NewHandler(store.NewMemory(), nil, rest.HandlerOptions{Tokens: []string{token}})
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
	})
}
