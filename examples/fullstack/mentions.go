package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/coupchat/coup/store"
)

// A complete store has everything that the page uses.
type complete interface {
	store.Log
	store.Reads
	store.Searcher
	store.Eraser
}

const (
	// maxMentions is how many messages may wait until the users they mention have a notification.
	maxMentions = 1000
	// mentionTimeout bounds the work for one of them.
	mentionTimeout = 5 * time.Second
	// maxExcerpt is how many characters of a message a notification has.
	maxExcerpt = 100
)

// mentions is a store that keeps a notification for each member whom a message mentions. The hub tells
// those who are online; this one is for the others, and for later. What does not fit into its queue, or
// is lost with the process, is only in the message.
type mentions struct {
	complete
	studies *studies
	log     *slog.Logger
	queue   chan store.Entry
	ended   chan struct{} // closed by close
	done    chan struct{} // closed when nothing is under way any more
}

func newMentions(chat complete, known *studies, log *slog.Logger) *mentions {
	m := &mentions{complete: chat, studies: known, log: log, queue: make(chan store.Entry, maxMentions), ended: make(chan struct{}), done: make(chan struct{})}
	go m.work()
	return m
}

// close waits for the notifications that are under way.
func (m *mentions) close() {
	close(m.ended)
	<-m.done
}

// Append appends entries, and then queues those that mention users.
func (m *mentions) Append(ctx context.Context, entries []store.Entry) ([]store.Entry, error) {
	stored, err := m.complete.Append(ctx, entries)
	for i := range stored {
		e := &stored[i]
		if e.Err != nil || e.Repeated || e.Kind != store.KindMessage || len(e.Mentions) == 0 {
			continue
		}
		select {
		case m.queue <- *e:
		default:
		}
	}
	return stored, err
}

func (m *mentions) work() {
	defer close(m.done)
	for {
		select {
		case e := <-m.queue:
			if err := m.keep(e); err != nil {
				m.log.Warn("mention not kept", "study", e.StudyID, "seq", e.Seq, "err", err)
			}
		case <-m.ended:
			return
		}
	}
}

func (m *mentions) keep(e store.Entry) error {
	ctx, cancel := context.WithTimeout(context.Background(), mentionTimeout)
	defer cancel()
	var who []store.Membership
	for _, user := range e.Mentions {
		if user != e.UserID {
			who = append(who, store.Membership{StudyID: e.StudyID, UserID: user})
		}
	}
	if len(who) == 0 {
		return nil
	}
	roles, err := m.studies.roles(ctx, who)
	if err != nil {
		return err
	}
	var members []store.UserID
	for member := range roles {
		members = append(members, member.UserID)
	}
	slices.Sort(members)
	text := []rune(e.Content)
	_, err = m.studies.keep(ctx, note{
		ID: fmt.Sprintf("mention:%s:%d", e.StudyID, e.Seq), Study: e.StudyID, Type: "mention", // as the hub names it
		Message: e.UserName + ": " + string(text[:min(len(text), maxExcerpt)]), Link: fmt.Sprintf("%s?seq=%d", studyLink(e.StudyID), e.Seq),
	}, members...)
	return err
}
