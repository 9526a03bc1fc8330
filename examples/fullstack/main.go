// Fullstack is a study-group chat one can use: a web page, a sample business
// server, the internal API and a hub, in one process or in two.
//
//	main.go        start, signals, exit code
//	config.go      flags and environment
//	secret.go      the secret that is made once
//	services.go    what runs in this process, and how it ends
//	business.go    the business server's side: databases, page, internal API
//	signaling.go   the hub's side: WebSocket, health, metrics
//	api.go         the sample API: routes, tokens, errors
//	login.go, membership.go, messages.go   its actions
//	studies.go, schema.go, migrations/     its tables
//	json.go, text.go                       what comes in and goes out
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

// Exit codes: a process that was started wrongly is not worth restarting.
const (
	exitRuntime = 1
	exitStart   = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if os.Getenv("GOGC") == "" {
		// A hub's heap is mostly sessions that idle, and a delivery allocates little:
		// collecting earlier saves a quarter of the memory for a few percent of work.
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
	log := slog.New(slog.NewTextHandler(stderr, nil))
	s, err := start(ctx, c, log)
	if err != nil {
		return complain(stderr, err)
	}
	s.greet(stderr)
	if err := s.wait(ctx); err != nil {
		log.Error("stopped", "error", err)
		return exitRuntime
	}
	return 0
}

// complain says what is wrong in one line.
func complain(stderr io.Writer, err error) int {
	fmt.Fprintln(stderr, "fullstack: "+strings.Join(strings.Fields(err.Error()), " "))
	return exitStart
}
