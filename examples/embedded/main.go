// Embedded is a small complete chat server: a hub in a Go program, with the store in the same
// process.
//
// Replace openToAll with your own store.Members, which knows the members of each study, and
// keys with those that sign the tokens of your users. The rest can stay.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/auth/jwt"
	"github.com/coupchat/coup/hub/prom"
	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/postgres"
	"github.com/coupchat/coup/store/sqlite"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8090", "address to listen on")
	profile := flag.Bool("pprof", false, "serve /debug/pprof/ too")
	flag.Parse()
	if os.Getenv("GOGC") == "" {
		// Most of a hub's heap is idle sessions, and a delivery allocates little. To collect
		// earlier saves a quarter of the memory and costs a few percent of CPU time.
		debug.SetGCPercent(50)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr, *profile); err != nil {
		fmt.Fprintln(os.Stderr, "embedded: "+strings.Join(strings.Fields(err.Error()), " "))
		if errors.Is(err, errServing) {
			os.Exit(1)
		}
		os.Exit(2)
	}
}

// errServing is wrapped by errors after the start of the server.
var errServing = errors.New("serving")

// run serves until ctx is done.
func run(ctx context.Context, addr string, profile bool) error {
	if flag.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	}
	members, err := openToAll(os.Getenv("COUP_OPEN"))
	if err != nil {
		return err
	}
	rate, err := rateOf(os.Getenv("COUP_RATE"))
	if err != nil {
		return err
	}
	keys, err := jwt.NewHS256([]byte(os.Getenv("COUP_JWT_SECRET")))
	if err != nil {
		return fmt.Errorf("COUP_JWT_SECRET must be set to at least 32 bytes: %w", err)
	}
	verifier, err := jwt.New(jwt.Options{Keys: []jwt.Key{keys.Key()}})
	if err != nil {
		return err
	}
	messages, closeStore, err := openStore(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		return fmt.Errorf("DATABASE_URL: %w", err)
	}
	defer closeStore()
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}

	server, err := coup.New(coup.Options{Store: messages, Members: members, Verifier: verifier, Rate: rate})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	mux := http.NewServeMux()
	mux.Handle("/ws", server)
	mux.Handle("/socket.io/", server.SocketIO())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := server.Ready(); err != nil {
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "ready\n")
	})
	figures := prometheus.NewRegistry()
	figures.MustRegister(prom.New(server))
	mux.Handle("GET /metrics", promhttp.HandlerFor(figures, promhttp.HandlerOpts{}))
	if profile {
		mux.HandleFunc("/debug/pprof/", pprof.Index)
		mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	}
	front := &http.Server{Handler: mux, ConnContext: coup.ConnContext, ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10}
	served := make(chan error, 1)
	go func() { served <- front.Serve(listener) }()
	slog.Info("coup is ready", "url", "ws://"+listener.Addr().String()+"/ws")

	select {
	case err = <-served:
	case <-ctx.Done():
	}
	// The chat first: http.Server.Shutdown does not end WebSocket connections.
	drain, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err = errors.Join(err, server.Shutdown(drain))
	last, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if front.Shutdown(last) != nil { // a client is slow
		err = errors.Join(err, front.Close())
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errServing, err)
	}
	return nil
}

// openStore opens memory:, sqlite:FILE (the default is sqlite:coup.db) or
// postgres://….
func openStore(ctx context.Context, url string) (store.Store, func() error, error) {
	switch scheme, path, _ := strings.Cut(url, ":"); scheme {
	case "memory":
		return store.NewMemory(), func() error { return nil }, nil
	case "":
		return opened(sqlite.Open(ctx, "coup.db"))
	case "sqlite":
		return opened(sqlite.Open(ctx, path))
	case "postgres", "postgresql":
		return opened(postgres.Open(ctx, url, postgres.Options{}))
	}
	return nil, nil, errors.New("want memory:, sqlite:FILE or postgres://…")
}

// A closer is a store that must be closed.
type closer interface {
	store.Store
	io.Closer
}

func opened[S closer](s S, err error) (store.Store, func() error, error) {
	if err != nil {
		return nil, nil, err
	}
	return s, s.Close, nil
}

// openToAll makes everyone a member of every study, if COUP_OPEN is set. Otherwise nobody is
// a member of any, because this program has no memberships.
func openToAll(open string) (store.Members, error) {
	if yes, err := strconv.ParseBool(open); err != nil || !yes {
		return nil, errors.New("nobody is a member of any study: set COUP_OPEN=1 to let everyone in, or give coup.Options your own Members")
	}
	return coup.Everyone, nil
}

// rateOf reads the messages per second of a user. 0 is no limit.
func rateOf(s string) (float64, error) {
	if s == "" {
		return 0, nil // the default of coup.Options
	}
	rate, err := strconv.ParseFloat(s, 64)
	if err != nil || !(rate >= 0 && rate <= 1e9) {
		return 0, fmt.Errorf("COUP_RATE is %q, want messages per second, or 0 for no rate limits", s)
	}
	if rate == 0 {
		return -1, nil
	}
	return rate, nil
}
