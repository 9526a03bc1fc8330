package storetest

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/coupchat/coup/store"
)

// stalling is a store whose Append waits for 5 s if when says so.
func stalling(when func(ctx context.Context) bool) Backend {
	s := store.NewMemory()
	return one(&wrong{Store: s, append: func(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
		if when(ctx) {
			<-time.After(5 * time.Second)
		}
		return s.Append(ctx, msgs)
	}})
}

// inPieces is a store whose Append has a transaction for each piece of a batch.
func inPieces(pieces func(msgs []store.Message) [][]store.Message) Backend {
	s := store.NewMemory()
	return one(&wrong{Store: s, append: func(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var out []store.Message
		for _, piece := range pieces(msgs) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			stored, err := s.Append(context.WithoutCancel(ctx), piece)
			if err != nil {
				return nil, err
			}
			out = append(out, stored...)
		}
		return out, nil
	}})
}

// piecesOf returns a function that cuts a batch into pieces of n messages.
func piecesOf(n int) func(msgs []store.Message) [][]store.Message {
	return func(msgs []store.Message) [][]store.Message { return slices.Collect(slices.Chunk(msgs, n)) }
}

// byStudy cuts a batch wherever the study changes.
func byStudy(msgs []store.Message) [][]store.Message {
	var out [][]store.Message
	for i, m := range msgs {
		if i == 0 || m.StudyID != msgs[i-1].StudyID {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], m)
	}
	return out
}

var brokenContexts = []fault{
	{"Append ignores its context", "Append goes on for 3s although its context is done", func() Backend {
		return stalling(func(ctx context.Context) bool { _, ends := ctx.Deadline(); return ends && ctx.Err() == nil })
	}},
	{"Append stalls if its context is done at the call", "Append goes on for 3s although its context was cancelled before the call", func() Backend {
		return stalling(func(ctx context.Context) bool { return ctx.Err() != nil })
	}},
	{"Append stalls if its deadline has passed at the call", "Append goes on for 3s although its context had passed its deadline", func() Backend {
		return stalling(func(ctx context.Context) bool { return errors.Is(ctx.Err(), context.DeadlineExceeded) })
	}},
	{"Append goes on trying after its context is done", "Append goes on for 3s although its context was cancelled before the call", func() Backend {
		s := store.NewMemory()
		return one(&wrong{Store: s, append: func(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
			start := time.Now()
			for {
				out, err := s.Append(ctx, msgs)
				if err == nil || time.Since(start) > 5*time.Second {
					return out, err
				}
				<-time.After(100 * time.Millisecond)
			}
		}})
	}},
	{"History stalls if its context is done at the call", "History goes on for 3s although its context was cancelled before the call", func() Backend {
		s := store.NewMemory()
		return one(&wrong{Store: s, history: func(ctx context.Context, q store.Query) ([]store.Message, error) {
			if ctx.Err() != nil {
				<-time.After(5 * time.Second)
			}
			return s.History(ctx, q)
		}})
	}},
	{"every error is ErrInvalid", "Append returns ErrInvalid although only its context was cancelled", func() Backend {
		return one(&wrong{Store: store.NewMemory(), failure: func(err error) error { return errors.Join(store.ErrInvalid, err) }})
	}},
	{"a deadline that has passed is ErrInvalid", "Append returns ErrInvalid although only its context had passed its deadline", func() Backend {
		return one(&wrong{Store: store.NewMemory(), failure: func(err error) error {
			if errors.Is(err, context.DeadlineExceeded) {
				return store.ErrInvalid
			}
			return err
		}})
	}},
	{"a deadline of SetStatus that has passed is ErrInvalid", "SetStatus returns ErrInvalid although only its context had passed its deadline", func() Backend {
		s := store.NewMemory()
		return one(&wrong{Store: s, status: func(ctx context.Context, reports []store.Status) error {
			err := s.SetStatus(ctx, reports)
			if errors.Is(err, context.DeadlineExceeded) {
				return store.ErrInvalid
			}
			return err
		}})
	}},
	{"each message has a transaction", "Append stored a part of a batch", func() Backend { return inPieces(piecesOf(1)) }},
	{"50 messages have a transaction", "Append stored a part of a batch", func() Backend { return inPieces(piecesOf(50)) }},
	{"each study has a transaction", "Append stored a part of a batch", func() Backend { return inPieces(byStudy) }},
}
