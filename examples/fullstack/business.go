package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/postgres"
	"github.com/coupchat/coup/store/rest"
	"github.com/coupchat/coup/store/sqlite"
)

// A database stores the chat and the studies.
type database interface {
	complete
	io.Closer
	DB() *sqlx.DB
}

// startBusiness serves the page with the sample API, and the internal API.
func (s *services) startBusiness(ctx context.Context, page, internal net.Listener) error {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	chat, db, err := s.openDatabase(ctx)
	if err != nil {
		return err
	}
	known, err := openStudies(ctx, db, s.config.open)
	if err != nil {
		return err
	}
	if s.config.example {
		if err := known.addExample(ctx, chat); err != nil {
			return err
		}
	}
	noted := newMentions(chat, known, s.log)
	s.atEnd(func(context.Context) error { noted.close(); return nil })
	inside, err := rest.NewHandler(noted, store.GroupMembers(known.roles), rest.HandlerOptions{Tokens: s.config.serviceTokens, Log: s.log})
	if err != nil {
		return err
	}
	business := &api{
		studies: known, chat: chat, search: s.config.search, publisher: room.Publisher{Bus: s.bus}, verify: s.verifier,
		signalingURL: s.config.signalingURLFor(s.signalingAddr), log: s.log,
	}
	if s.config.rate > 0 {
		business.rates = newRates()
	}
	if s.config.demoLogin {
		business.sign = s.keys.Sign
	}
	outside, err := newPage(business.signalingURL)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/api/", business.handler())
	mux.HandleFunc("GET /healthz", healthy)
	check := db.PingContext
	if c, ok := chat.(store.Checker); ok {
		check = c.Check // a server that answers may take no writes
	}
	tables, channels := s.watch("store", check), s.watch("bus", s.pingBus)
	mux.HandleFunc("GET /readyz", readiness(tables.last, func() []part {
		return []part{{"store", tables.last() == nil}, {"bus", channels.last() == nil}}
	}, s.log))
	mux.Handle("/", outside)
	s.serve(internal, withMetrics(inside, metrics(collectors.NewDBStatsCollector(db.DB, "coup"), tables.metric(), channels.metric())))
	s.serve(page, mux)
	return nil
}

// openDatabase opens the database of -database. It has the tables of the chat and those of
// the studies. If the chat is in memory, the studies are in a SQLite in memory.
func (s *services) openDatabase(ctx context.Context) (complete, *sqlx.DB, error) {
	var opened database
	var err error
	scheme, path, _ := strings.Cut(s.config.database, ":")
	switch scheme {
	case "memory":
		opened, err = sqlite.Open(ctx, sqlite.Memory)
	case "sqlite":
		var options []sqlite.Option
		if s.config.search {
			options = append(options, sqlite.WithSearch())
		}
		opened, err = sqlite.Open(ctx, path, options...)
	default:
		opened, err = postgres.Open(ctx, s.config.database, postgres.Options{Search: s.config.search})
	}
	if err != nil {
		return nil, nil, fmt.Errorf("-database (DATABASE_URL): %w", err)
	}
	s.atEnd(func(context.Context) error { return opened.Close() })
	if scheme == "memory" {
		return store.NewMemory(), opened.DB(), nil
	}
	return opened, opened.DB(), nil
}

// withMetrics serves the metrics on the listener of the internal API, because that of the
// page is public. It is no ServeMux, which would clean paths that the API needs as they
// are.
func withMetrics(inside, figures http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/metrics" && r.Method == http.MethodGet {
			figures.ServeHTTP(w, r)
			return
		}
		inside.ServeHTTP(w, r)
	})
}
