package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/auth/jwt"
	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/bus/redis"
)

const (
	// drainTimeout bounds the end of the process.
	drainTimeout = 10 * time.Second
	// lastRequests is how long a server that ends waits for requests under way. A slow
	// client must not delay the end of the other servers.
	lastRequests = 2 * time.Second
	// openTimeout bounds opening the database.
	openTimeout = 20 * time.Second
)

// services are the services of this process.
type services struct {
	config   config
	log      *slog.Logger
	keys     *jwt.Signer
	verifier *jwt.Verifier
	bus      bus.Bus
	failed   chan error
	// ends are called in reverse order, like deferred functions.
	ends []func(context.Context) error

	apiAddr, internalAddr, signalingAddr string // as bound, or as configured
}

// start starts the services of the role. If it fails, nothing of them runs.
func start(ctx context.Context, c config, log *slog.Logger) (*services, error) {
	s := &services{
		config: c, log: log, failed: make(chan error, 3),
		apiAddr: c.apiAddr, internalAddr: c.internalAddr, signalingAddr: c.signalingAddr,
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.end())
	}
	return s, nil
}

func (s *services) start(ctx context.Context) error {
	if err := s.secrets(); err != nil {
		return err
	}
	if err := s.connectBus(); err != nil {
		return err
	}
	// All addresses first, because the page needs that of the hub, and the hub that of the
	// page.
	var page, internal, signaling net.Listener
	var err error
	if s.config.runsAPI() {
		if page, s.apiAddr, err = s.listen("-api-addr", s.config.apiAddr); err != nil {
			return err
		}
		if internal, s.internalAddr, err = s.listen("-internal-addr", s.config.internalAddr); err != nil {
			return err
		}
	}
	if s.config.runsSignaling() {
		if signaling, s.signalingAddr, err = s.listen("-signaling-addr", s.config.signalingAddr); err != nil {
			return err
		}
	}
	if s.config.runsAPI() {
		if err := s.startBusiness(ctx, page, internal); err != nil {
			return err
		}
	}
	if s.config.runsSignaling() {
		return s.startSignaling(signaling)
	}
	return nil
}

// secrets makes the secrets that are not configured. check allows that only if all services
// are in one process.
func (s *services) secrets() error {
	if s.config.jwtSecret == "" {
		secret, err := keptSecret(secretFile(s.config.database))
		if err != nil {
			return err
		}
		s.config.jwtSecret = secret
	}
	s.config.room.Secrets = hubSecrets(s.config.serviceTokens)
	if len(s.config.serviceTokens) == 0 {
		s.config.serviceTokens = []string{newSecret()}
	}
	var err error
	if s.keys, err = jwt.NewHS256([]byte(s.config.jwtSecret)); err != nil {
		return err
	}
	s.verifier, err = jwt.New(jwt.Options{Keys: []jwt.Key{s.keys.Key()}})
	return err
}

func (s *services) connectBus() error {
	if s.config.redis == "" {
		s.bus = bus.NewMemory()
	} else {
		b, err := redis.New(redis.Options{URL: s.config.redis})
		if err != nil {
			return fmt.Errorf("-redis (REDIS_URL): %w", err)
		}
		s.bus = b
	}
	s.atEnd(func(context.Context) error { return s.bus.Close() })
	return nil
}

// listen listens on the address of a flag.
func (s *services) listen(name, addr string) (net.Listener, string, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", name, err)
	}
	s.atEnd(func(context.Context) error {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	return l, l.Addr().String(), nil
}

// serve serves on l until end.
func (s *services) serve(l net.Listener, h http.Handler) {
	server := &http.Server{
		Handler:           guarded(h),
		ConnContext:       coup.ConnContext,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- err
		}
	}()
	s.atEnd(func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, lastRequests)
		defer cancel()
		err := server.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			err = server.Close()
		}
		<-done
		return err
	})
}

// guarded sets headers that no answer should be without. A handler may set others.
func guarded(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		header.Set("X-Frame-Options", "DENY")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.ServeHTTP(w, r)
	})
}

func (s *services) atEnd(f func(context.Context) error) { s.ends = append(s.ends, f) }

// end ends the services, the last one first.
func (s *services) end() error {
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	var errs []error
	for i := len(s.ends) - 1; i >= 0; i-- {
		errs = append(errs, s.ends[i](ctx))
	}
	s.ends = nil
	return errors.Join(errs...)
}

// wait serves until ctx is done or a server fails, then drains.
func (s *services) wait(ctx context.Context) error {
	var err error
	select {
	case <-ctx.Done():
		s.log.Info("draining")
	case err = <-s.failed:
	}
	return errors.Join(err, s.end())
}

// greet prints the URLs.
func (s *services) greet(w io.Writer) {
	if s.config.runsAPI() {
		fmt.Fprintf(w, "coup is ready: open http://%s\n", s.apiAddr)
	} else {
		fmt.Fprintf(w, "coup is ready: WebSocket at ws://%s/ws\n", s.signalingAddr)
	}
	if s.config.open {
		fmt.Fprintln(w, "every user is a member of every study (-open)")
	}
}
