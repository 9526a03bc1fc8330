package room

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/coupchat/coup/internal/membership"
	"github.com/coupchat/coup/store"
)

const (
	// reviewFor is how long one call of Options.BeforePost may take.
	reviewFor = 2 * time.Second
	// maxReviews is how many run at the same time.
	maxReviews = 64
)

// Reviews reports whether Review asks somebody about posts of this kind.
func (s *Seat) Reviews(k store.Kind) bool {
	return s.room.shared.opts.BeforePost != nil && (k == store.KindMessage || k == store.KindEdit)
}

// Review asks Options.BeforePost about a post, which it may change. It waits for the answer, for
// 2 s at most. The error is a *Rejection, or one that wraps store.ErrUnavailable. A post that was
// stored before is not rejected.
func (s *Seat) Review(p *Post) error {
	sh := s.room.shared
	d := Draft{
		Kind: p.Kind, MessageSeq: p.MessageSeq, StudyID: s.room.study, UserID: s.user.id, UserName: p.UserName, Role: sh.members.Name(membership.Role(s.role.Load())),
		Content: p.Content, ReplyTo: p.ReplyTo, Mentions: p.Mentions, Attachments: p.Attachments, Meta: p.Meta,
	}
	ctx, cancel := context.WithTimeout(sh.work.Context(), reviewFor)
	defer cancel()
	err := sh.review(ctx, &d)
	var rejected *Rejection
	switch {
	case err == nil:
		p.Content, p.ReplyTo, p.Mentions, p.Attachments, p.Meta = d.Content, d.ReplyTo, d.Mentions, d.Attachments, d.Meta
		return nil
	case !errors.As(err, &rejected):
		sh.opts.Log.Warn("BeforePost failed", "study", d.StudyID, "err", err)
		return fmt.Errorf("%w: BeforePost: %w", store.ErrUnavailable, err)
	case s.known(ctx, p):
		return nil // whoever sends it again gets the answer of the first time
	}
	return rejected
}

// review is one call of Options.BeforePost, which need not obey its context.
func (sh *shared) review(ctx context.Context, d *Draft) error {
	select {
	case sh.reviews <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	done, seen := make(chan error, 1), *d
	if !sh.work.Go(func() {
		defer func() { <-sh.reviews }()
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("it panicked: %v\n%s", p, debug.Stack())
			}
		}()
		done <- sh.opts.BeforePost(ctx, &seen)
	}) {
		<-sh.reviews
		return ErrClosed
	}
	select {
	case err := <-done:
		*d = seen
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// known reports whether the store has an entry with the client id of a post. It asks by an entry
// that is never stored, a deletion of a message that cannot exist: if the client id is taken, the
// store says so first.
func (s *Seat) known(ctx context.Context, p *Post) bool {
	sh := s.room.shared
	if p.ClientID == "" || !sh.store.keeps() {
		return false
	}
	probe := store.Entry{Kind: store.KindDelete, StudyID: s.room.study, UserID: s.user.id, UserName: p.UserName, ClientID: p.ClientID, MessageSeq: store.MaxSeq}
	out, err := sh.store.Append(ctx, []store.Entry{probe})
	return err == nil && len(out) == 1 && errors.Is(out[0].Err, store.ErrTaken)
}
