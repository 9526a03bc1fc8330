package prom_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/hub/prom"
	"github.com/coupchat/coup/store"
)

func Example() {
	chat, err := coup.New(coup.Options{
		Store:    store.NewMemory(),
		Members:  coup.Everyone,
		Verifier: auth.VerifierFunc(func(context.Context, string) (auth.Identity, error) { return auth.Identity{}, auth.ErrInvalid }),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer chat.Shutdown(context.Background())

	figures := prometheus.NewRegistry()
	figures.MustRegister(prom.New(chat))
	metrics := promhttp.HandlerFor(figures, promhttp.HandlerOpts{})

	scrape := httptest.NewRecorder()
	metrics.ServeHTTP(scrape, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	body, _ := io.ReadAll(scrape.Body)
	for line := range strings.Lines(string(body)) {
		if strings.HasPrefix(line, "coup_connections") {
			fmt.Print(line)
		}
	}
	// Output:
	// coup_connections 0
	// coup_connections_accepted_total 0
	// coup_connections_polling 0
	// coup_connections_refused_total 0
	// coup_connections_slow_total 0
	// coup_connections_unauthenticated 0
}
