package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/coupchat/coup/internal/search"
	"github.com/coupchat/coup/store"
)

const (
	// indexEvery is how often the index looks for messages of other processes.
	indexEvery = time.Second
	// maxIndexed is how many messages one transaction indexes, and maxPairs how many pairs, about.
	maxIndexed = 200
	maxPairs   = 20_000
)

const (
	// behind are the studies whose index lacks something.
	behind = `SELECT s.study_id FROM coup_studies AS s LEFT JOIN coup_searched AS d ON d.study_id = s.study_id
		WHERE s.head > coalesce(d.seq, 0) ORDER BY s.study_id LIMIT 100`

	beginStudy = `INSERT INTO coup_searched (study_id, seq) VALUES (?, 0) ON CONFLICT DO NOTHING`

	searched = `SELECT seq FROM coup_searched WHERE study_id = ? {lock}`

	// If somebody is changing one of these messages, it fails and is tried again: not all changes
	// leave an edit in the log, so a message that was left out might never be found.
	toIndex = `SELECT seq, content FROM coup_messages WHERE study_id = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ? {share}`

	edited = `SELECT m.seq, m.content FROM coup_messages AS m WHERE m.study_id = ? AND m.seq IN (
		SELECT e.message_seq FROM coup_entries AS e WHERE e.study_id = ? AND e.kind = 1 AND e.seq > ? AND e.seq <= ?) {share}`

	insertPairs = `INSERT INTO coup_search (study_id, pair, seq) SELECT ?, l.p, l.q FROM {pairs} WHERE true ON CONFLICT DO NOTHING`

	markSearched = `UPDATE coup_searched SET seq = ? WHERE study_id = ?`
)

// An indexer fills the index of a Store, until it is closed.
type indexer struct {
	store *Store
	wake  chan struct{}
	end   context.CancelFunc
	done  chan struct{}
}

// StartIndex turns search on: from now on what is stored is indexed, until Close. Several processes
// may do so.
func (s *Store) StartIndex() {
	ctx, cancel := context.WithCancel(context.Background())
	s.index = &indexer{store: s, wake: make(chan struct{}, 1), end: cancel, done: make(chan struct{})}
	go s.index.run(ctx)
}

// Stored says that something was stored, for the index.
func (s *Store) Stored() {
	if s.index == nil {
		return
	}
	select {
	case s.index.wake <- struct{}{}:
	default:
	}
}

// close ends the indexer and waits for it.
func (i *indexer) close() {
	i.end()
	<-i.done
}

func (i *indexer) run(ctx context.Context) {
	defer close(i.done)
	tick := time.NewTicker(indexEvery)
	defer tick.Stop()
	for {
		for i.store.indexSome(ctx) {
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-i.wake:
		}
	}
}

// indexSome indexes a part of each study that lacks something. It reports whether there may be more
// to do at once. What fails is tried again at the next tick.
func (s *Store) indexSome(ctx context.Context) (more bool) {
	var studies []store.StudyID
	if err := s.writer.SelectContext(ctx, &studies, behind); err != nil {
		return false
	}
	for _, study := range studies {
		moved := false
		err := s.inTx(ctx, func(t tx) (err error) {
			moved, err = t.index(ctx, study)
			return err
		})
		more = more || moved && err == nil
	}
	return more
}

// A said is what a message says.
type said struct {
	Seq     int64
	Content string
}

// A pair stands in the index: two characters, and the message that has them.
type pair struct {
	Pair int64 `json:"p"`
	Seq  int64 `json:"q"`
}

// index indexes up to maxIndexed messages of a study, and the edits between them. It reports whether
// it has come further.
func (t tx) index(ctx context.Context, study store.StudyID) (moved bool, err error) {
	if err := t.exec(ctx, beginStudy, study); err != nil {
		return false, err
	}
	var from, to int64
	switch err := t.get(ctx, &from, searched, study); {
	case errors.Is(err, sql.ErrNoRows): // another process is at it
		return false, nil
	case err != nil:
		return false, err
	}
	// What is up to the head is committed.
	if err := t.get(ctx, &to, `SELECT head FROM coup_studies WHERE study_id = ?`, study); err != nil {
		return false, err
	}
	var found, changed []said
	if err := t.all(ctx, &found, toIndex, study, from, to, maxIndexed); err != nil {
		return false, err
	}
	if len(found) == maxIndexed {
		to = found[maxIndexed-1].Seq
	}
	var pairs []pair
	for n, m := range found {
		if len(pairs) > maxPairs {
			to = found[n-1].Seq
			break
		}
		pairs = append(pairs, m.pairs()...)
	}
	if err := t.all(ctx, &changed, edited, study, study, from, to); err != nil {
		return false, err
	}
	for _, m := range changed {
		pairs = append(pairs, m.pairs()...)
	}
	if len(pairs) > 0 {
		if err := t.exec(ctx, insertPairs, study, JSON(pairs)); err != nil {
			return false, err
		}
	}
	return to > from, t.exec(ctx, markSearched, to, study)
}

func (m said) pairs() (all []pair) {
	for _, p := range search.Pairs(m.Content) {
		all = append(all, pair{p, m.Seq})
	}
	return all
}
