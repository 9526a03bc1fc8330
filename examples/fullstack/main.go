// Fullstack is a complete study-group chat: a web page, a sample application, the internal
// API and a hub, in one process or in two.
//
//	main.go        start, signals, exit code
//	config.go      flags and environment
//	limits.go      the flags of the limits
//	health.go      /healthz, /readyz and what they watch
//	secret.go      the generated secret
//	services.go    the services of this process, start and end
//	business.go    role api: databases, page, internal API
//	signaling.go   role signaling: WebSocket, health, metrics
//	api.go         the sample API: routes, tokens, errors
//	login.go, membership.go, messages.go   its actions
//	studies.go, schema.go, migrations/     its tables
//	json.go, text.go                       requests and answers
//	page.go, web/  the page
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
)

// Exit codes. It makes no sense to restart a process that was started wrongly.
const (
	exitRuntime = 1
	exitStart   = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if os.Getenv("GOGC") == "" {
		// Most of a hub's heap is idle sessions, and a delivery allocates little. To collect
		// earlier saves a quarter of the memory and costs a few percent of CPU time.
		debug.SetGCPercent(50)
	}
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stderr))
}

// run serves until ctx is done and returns the exit code.
func run(ctx context.Context, args []string, getenv func(string) string, stderr io.Writer) int {
	c, err := parse(args, getenv, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return complain(stderr, err)
	}
	log := newLog(c, stderr)
	s, err := start(ctx, c, log)
	if err != nil {
		return complain(stderr, err)
	}
	s.greet(stderr)
	if err := s.wait(ctx); err != nil {
		log.Error("stopped", "err", err)
		return exitRuntime
	}
	return 0
}

// newLog returns a logger in the format and from the level of the flags.
func newLog(c config, to io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.logLevel}
	if c.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(to, options))
	}
	return slog.New(slog.NewTextHandler(to, options))
}

// complain prints an error in one line.
func complain(stderr io.Writer, err error) int {
	fmt.Fprintln(stderr, "fullstack: "+strings.Join(strings.Fields(err.Error()), " "))
	return exitStart
}
