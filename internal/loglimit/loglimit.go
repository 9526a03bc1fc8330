// Package loglimit bounds what a logger writes during an outage.
package loglimit

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// every is how often a line of one kind is written.
const every = time.Minute

// maxKinds bounds the kinds that are remembered.
const maxKinds = 1000

// New returns a logger that writes to log one line a minute of each kind, and all lines
// below slog.LevelWarn. Lines are of one kind if they have the same message and the same
// attribute "reason", if any. The next line of a kind says how many were left out, as
// "suppressed".
func New(log *slog.Logger) *slog.Logger {
	return slog.New(&handler{log.Handler(), &memory{kinds: map[string]*kind{}}})
}

// A handler passes on what the memory lets through.
type handler struct {
	slog.Handler
	memory *memory
}

// A memory is shared by a logger and those made of it.
type memory struct {
	mu    sync.Mutex // guards kinds and what they point to
	kinds map[string]*kind
}

// A kind is what was written of lines of one kind.
type kind struct {
	at         time.Time
	suppressed int
}

// Handle implements slog.Handler.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelWarn {
		pass, suppressed := h.memory.pass(name(r), time.Now())
		if !pass {
			return nil
		}
		if suppressed > 0 {
			r = r.Clone()
			r.AddAttrs(slog.Int("suppressed", suppressed))
		}
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &handler{h.Handler.WithAttrs(attrs), h.memory}
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	return &handler{h.Handler.WithGroup(name), h.memory}
}

// name returns the kind of a record.
func name(r slog.Record) string {
	key := r.Message
	r.Attrs(func(a slog.Attr) bool {
		if a.Key != "reason" {
			return true
		}
		key += "\x00" + a.Value.String()
		return false
	})
	return key
}

// pass reports whether a line may be written now, and how many were not since the last.
func (m *memory) pass(name string, now time.Time) (ok bool, suppressed int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := m.kinds[name]
	switch {
	case k == nil:
		if len(m.kinds) >= maxKinds {
			clear(m.kinds)
		}
		k = &kind{}
		m.kinds[name] = k
	case now.Sub(k.at) < every:
		k.suppressed++
		return false, 0
	}
	suppressed, k.suppressed, k.at = k.suppressed, 0, now
	return true, suppressed
}
