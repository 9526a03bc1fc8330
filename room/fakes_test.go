package room_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/store"
)

// A lossy bus drops the messages for which drop returns true.
type lossy struct {
	bus.Bus
	drop func(bus.Message) bool
}

func (l lossy) Publish(ctx context.Context, msgs ...bus.Message) error {
	return l.Bus.Publish(ctx, slices.DeleteFunc(slices.Clone(msgs), func(m bus.Message) bool {
		return !strings.Contains(m.Channel, "live:") && l.drop(m)
	})...)
}

// A faulty store calls before and after, and returns their errors.
type faulty struct {
	store.Store
	before func(method string) error
	after  func(method string) error
}

func (f faulty) Append(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
	if f.before != nil {
		if err := f.before("Append"); err != nil {
			return nil, err
		}
	}
	out, err := f.Store.Append(ctx, msgs)
	if err == nil && f.after != nil {
		err = f.after("Append")
	}
	return out, err
}

func (f faulty) History(ctx context.Context, q store.Query) ([]store.Message, error) {
	if f.before != nil {
		if err := f.before("History"); err != nil {
			return nil, err
		}
	}
	return f.Store.History(ctx, q)
}

func (f faulty) SetStatus(ctx context.Context, reports []store.Status) error {
	if f.before != nil {
		if err := f.before("SetStatus"); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return f.Store.SetStatus(ctx, reports)
}

func (f faulty) RenewNode(ctx context.Context, node store.NodeID, ttl time.Duration) error {
	if f.before != nil {
		if err := f.before("RenewNode"); err != nil {
			return err
		}
	}
	return f.Store.RenewNode(ctx, node, ttl)
}

func (f faulty) Heads(ctx context.Context, studies []store.StudyID) (map[store.StudyID]int64, error) {
	if f.before != nil {
		if err := f.before("Heads"); err != nil {
			return nil, err
		}
	}
	return f.Store.Heads(ctx, studies)
}

// A pinged bus answers Ping with an error while down is set.
type pinged struct {
	bus.Bus
	down *atomic.Bool
}

func (p pinged) Ping(context.Context) error {
	if p.down.Load() {
		return errBroken
	}
	return nil
}

var errBroken = errors.New("broken")

// asked counts calls of History.
type asked struct {
	store.Store
	n atomic.Int64
}

func (a *asked) History(ctx context.Context, q store.Query) ([]store.Message, error) {
	a.n.Add(1)
	time.Sleep(10 * time.Millisecond)
	return a.Store.History(ctx, q)
}

// register is a Members without batches: everybody is a member until gone is set.
type register struct {
	gone, asked, down atomic.Bool
	takes             time.Duration
}

func (r *register) Member(context.Context, store.StudyID, store.UserID) (string, error) {
	r.asked.Store(true)
	time.Sleep(r.takes)
	switch {
	case r.down.Load():
		return "", errBroken
	case r.gone.Load():
		return "", store.ErrNotFound
	}
	return "", nil
}

// directory is a register with batches.
type directory struct {
	register
	batches  atomic.Int64
	oneByOne atomic.Bool
	broken   atomic.Bool
}

func (d *directory) Roles(_ context.Context, of []store.Membership) (map[store.Membership]string, error) {
	d.batches.Add(1)
	switch {
	case d.oneByOne.Load():
		return nil, fmt.Errorf("ask for one: %w", errors.ErrUnsupported)
	case d.down.Load() || d.broken.Load():
		return nil, errBroken
	}
	roles := map[store.Membership]string{}
	for _, m := range of {
		if !d.gone.Load() || m.UserID == "stays" {
			roles[m] = ""
		}
	}
	return roles, nil
}
