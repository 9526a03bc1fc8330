package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/coupchat/coup/internal/search"
	"github.com/coupchat/coup/store"
)

const (
	// indexEvery is how often an Indexer looks for messages of other processes.
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

	// A message that is being changed is skipped: its edit comes later in the log.
	toIndex = `SELECT seq, content FROM coup_messages WHERE study_id = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ? {share}`

	edited = `SELECT m.seq, m.content FROM coup_messages AS m WHERE m.study_id = ? AND m.seq IN (
		SELECT e.message_seq FROM coup_entries AS e WHERE e.study_id = ? AND e.kind = 1 AND e.seq > ? AND e.seq <= ?) {share}`

	index = `INSERT INTO coup_search (study_id, pair, seq) SELECT ?, l.p, l.q FROM {pairs} WHERE true ON CONFLICT DO NOTHING`

	markSearched = `UPDATE coup_searched SET seq = ? WHERE study_id = ?`
)

// An Indexer fills the index of a Store, until Close.
type Indexer struct {
	store *Store
	wake  chan struct{}
	end   context.CancelFunc
	done  chan struct{}
}

// NewIndexer returns an Indexer at work. Several processes may each have one.
func NewIndexer(s *Store) *Indexer {
	ctx, cancel := context.WithCancel(context.Background())
	i := &Indexer{store: s, wake: make(chan struct{}, 1), end: cancel, done: make(chan struct{})}
	go i.run(ctx)
	return i
}

// Wake says that something was stored.
func (i *Indexer) Wake() {
	select {
	case i.wake <- struct{}{}:
	default:
	}
}

// Close ends the Indexer and waits for it.
func (i *Indexer) Close() {
	i.end()
	<-i.done
}

func (i *Indexer) run(ctx context.Context) {
	defer close(i.done)
	tick := time.NewTicker(indexEvery)
	defer tick.Stop()
	for {
		for more := true; more && ctx.Err() == nil; {
			var err error
			if more, err = i.store.indexSome(ctx); err != nil {
				break // the next tick tries again
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-i.wake:
		}
	}
}

// indexSome indexes a part of each study that lacks something. more says that there may be more.
func (s *Store) indexSome(ctx context.Context) (more bool, err error) {
	var studies []store.StudyID
	if err := s.writer.SelectContext(ctx, &studies, behind); err != nil {
		return false, err
	}
	for _, study := range studies {
		moved, err := s.indexStudy(ctx, study)
		if err != nil {
			return false, err
		}
		more = more || moved
	}
	return more, nil
}

// indexStudy indexes up to maxIndexed messages of a study, and the edits between them. It reports
// whether it has come further.
func (s *Store) indexStudy(ctx context.Context, study store.StudyID) (moved bool, err error) {
	tx, err := s.writer.BeginTxx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback()
		}
	}()
	q := func(text string) string { return tx.Rebind(s.dialect.expand(text)) }
	if _, err := tx.ExecContext(ctx, q(beginStudy), study); err != nil {
		return false, err
	}
	var from, to int64
	if err := sqlx.GetContext(ctx, tx, &from, q(searched), study); err != nil {
		if errors.Is(err, sql.ErrNoRows) { // another process is at it
			return false, tx.Commit()
		}
		return false, err
	}
	// What is up to the head is committed.
	if err := sqlx.GetContext(ctx, tx, &to, q(`SELECT head FROM coup_studies WHERE study_id = ?`), study); err != nil {
		return false, err
	}
	type message struct {
		Seq     int64
		Content string
	}
	var found, changed []message
	if err := sqlx.SelectContext(ctx, tx, &found, q(toIndex), study, from, to, maxIndexed); err != nil {
		return false, err
	}
	if len(found) == maxIndexed {
		to = found[maxIndexed-1].Seq
	}
	type pair struct {
		Pair int64 `json:"p"`
		Seq  int64 `json:"q"`
	}
	var pairs []pair
	for n, m := range found {
		if len(pairs) > maxPairs {
			to = found[n-1].Seq
			break
		}
		for _, p := range search.Pairs(m.Content) {
			pairs = append(pairs, pair{p, m.Seq})
		}
	}
	if err := sqlx.SelectContext(ctx, tx, &changed, q(edited), study, study, from, to); err != nil {
		return false, err
	}
	for _, m := range changed {
		for _, p := range search.Pairs(m.Content) {
			pairs = append(pairs, pair{p, m.Seq})
		}
	}
	if len(pairs) > 0 {
		if _, err := tx.ExecContext(ctx, q(index), study, JSON(pairs)); err != nil {
			return false, err
		}
	}
	if _, err := tx.ExecContext(ctx, q(markSearched), to, study); err != nil {
		return false, err
	}
	return to > from, tx.Commit()
}
