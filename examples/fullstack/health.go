package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/coupchat/coup/bus"
)

// A part is something that a service needs, and whether it answers.
type part struct {
	name string
	ok   bool
}

func healthy(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, "ok\n")
}

// readiness answers 200 while ready returns nil: while new clients are served as well here as
// elsewhere. Its body says which parts do not answer, also while the service is ready.
func readiness(ready func() error, parts func() []part, log *slog.Logger) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		err := ready()
		status, body := http.StatusOK, "ready\n"
		if err != nil {
			status, body = http.StatusServiceUnavailable, "not ready\n"
			if !errors.Is(err, context.Canceled) {
				log.Warn("not ready", "err", err)
			}
		}
		for _, p := range parts() {
			state := "reachable"
			if !p.ok {
				state = "unreachable"
			}
			body += fmt.Sprintf("%s: %s\n", p.name, state)
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// watchEvery is the gap between two checks of a watch.
const watchEvery = 2 * time.Second

// A watch checks again and again whether something answers, so that a probe never waits.
type watch struct {
	name  string
	check func(context.Context) error
	log   *slog.Logger
	err   atomic.Pointer[error] // of the last check; nil: it answers
}

// run checks until ctx is done.
func (w *watch) run(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		w.once(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// once checks now.
func (w *watch) once(parent context.Context) {
	ctx, cancel := context.WithTimeout(parent, watchEvery)
	defer cancel()
	err := w.check(ctx)
	before := w.last()
	switch {
	case parent.Err() != nil:
		return
	case err == nil:
		w.err.Store(nil)
		if before != nil {
			w.log.Info(w.name + " answers again")
		}
	default:
		w.err.Store(&err)
		if before == nil {
			w.log.Warn(w.name+" does not answer", "err", err)
		}
	}
}

// last returns the error of the last check.
func (w *watch) last() error {
	if err := w.err.Load(); err != nil {
		return *err
	}
	return nil
}

// metric returns the gauge of a watch: 1 while it answers.
func (w *watch) metric() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "coup_" + w.name + "_reachable", Help: "1 if the last check of the " + w.name + " succeeded, else 0.",
	}, func() float64 {
		if w.last() != nil {
			return 0
		}
		return 1
	})
}

// watch starts a watch, which ends with the services. Its first check is done at once.
func (s *services) watch(name string, check func(context.Context) error) *watch {
	w := &watch{name: name, check: check, log: s.log}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	w.once(ctx)
	go func() {
		defer close(done)
		w.run(ctx)
	}()
	s.atEnd(func(context.Context) error {
		cancel()
		<-done
		return nil
	})
	return w
}

// pingBus checks the bus, if it can be checked.
func (s *services) pingBus(ctx context.Context) error {
	if p, ok := s.bus.(bus.Pinger); ok {
		return p.Ping(ctx)
	}
	return nil
}
