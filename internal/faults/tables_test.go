package faults

import (
	"database/sql"
	"slices"
	"strings"

	"github.com/lib/pq"
)

// messageRow is a message as query reads it.
const messageRow = `m.study_id, m.seq, m.id, m.user_id, m.client_id, m.content, m.deleted_at IS NOT NULL, 0, 0, '', false,
	(SELECT array_agg(r.emoji || ' ' || r.user_id) FROM coup_reactions r WHERE r.study_id = m.study_id AND r.message_seq = m.seq)`

// entryRow is an entry that is no message, likewise.
const entryRow = `e.study_id, e.seq, '', e.user_id, e.client_id, '', false, e.kind, e.message_seq, coalesce(e.emoji, ''), coalesce(e.is_on, false), NULL`

// rows returns all entries of the round's studies in the database.
func (r *round) rows() []Row {
	r.Helper()
	studies := pq.Array(slices.Concat(r.studies, r.beside))
	found := r.query(r.db, `SELECT `+messageRow+` FROM coup_messages m WHERE m.study_id = ANY($1)
		UNION ALL SELECT `+entryRow+` FROM coup_entries e WHERE e.study_id = ANY($1)`, studies)
	return append(found, r.erased...)
}

// erase deletes the messages of a study by hand, as a moderator does who has only SQL.
func (r *round) erase(study string, first, last int64) {
	r.Helper()
	gone := r.query(r.db, `DELETE FROM coup_messages m WHERE m.study_id = $1 AND m.seq BETWEEN $2 AND $3 RETURNING `+messageRow, study, first, last)
	for i := range gone {
		gone[i].Erased = true
	}
	r.erased = append(r.erased, gone...)
}

// dumped are the tables of a dump, in the order in which they are locked.
var dumped = []struct{ table, columns string }{
	{"coup_studies", "study_id, head, has_entries"},
	{"coup_messages", "study_id, seq, user_id, user_name, content, client_id, sent_at, reply_to, more, edited_at, deleted_at, reacted"},
	{"coup_entries", "study_id, seq, kind, user_id, user_name, client_id, sent_at, message_seq, emoji, is_on, count, from_seq, to_seq"},
	{"coup_reactions", "study_id, message_seq, emoji, user_id, seq"},
}

// dump returns the rows of the studies, by table, as JSON.
func (r *round) dump() map[string]string {
	r.Helper()
	rows := map[string]string{}
	r.inTx(func(tx *sql.Tx) {
		for _, d := range dumped {
			var text string
			if err := tx.QueryRow(`SELECT coalesce(json_agg(t), '[]') FROM `+d.table+` t WHERE study_id = ANY($1)`, pq.Array(r.studies)).Scan(&text); err != nil {
				r.Fatal(err)
			}
			rows[d.table] = text
		}
	})
	return rows
}

// restore brings the rows of the studies back to what they were at a dump.
func (r *round) restore(rows map[string]string) {
	r.Helper()
	var before []Row
	heads := map[string]int64{} // before anything is posted again
	r.inTx(func(tx *sql.Tx) {
		before = r.rows()
		for _, d := range dumped {
			if _, err := tx.Exec(`DELETE FROM `+d.table+` WHERE study_id = ANY($1)`, pq.Array(r.studies)); err != nil {
				r.Fatal(err)
			}
			if _, err := tx.Exec(`INSERT INTO `+d.table+` (`+d.columns+`) SELECT `+d.columns+` FROM json_populate_recordset(NULL::`+d.table+`, $1)`, rows[d.table]); err != nil {
				r.Fatal(err)
			}
		}
		for _, study := range r.studies {
			var head int64
			if err := tx.QueryRow(`SELECT head FROM coup_studies WHERE study_id = $1`, study).Scan(&head); err != nil {
				r.Fatal(err)
			}
			heads[study] = head
		}
	})
	for _, row := range before {
		if slices.Contains(r.studies, row.Study) && row.Seq > heads[row.Study] {
			row.Undone = r.clock()
			r.erased = append(r.erased, row)
		}
	}
}

// inTx calls f with a transaction, in which nothing of the studies changes, and commits it.
func (r *round) inTx(f func(*sql.Tx)) {
	r.Helper()
	tx, err := r.db.Begin()
	if err != nil {
		r.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec(`SELECT FROM coup_studies WHERE study_id = ANY($1) ORDER BY study_id FOR UPDATE`, pq.Array(r.studies)); err != nil {
		r.Fatal(err)
	}
	f(tx)
	if err := tx.Commit(); err != nil {
		r.Fatal(err)
	}
}

// query reads rows.
func (r *round) query(db interface {
	Query(string, ...any) (*sql.Rows, error)
}, text string, args ...any) []Row {
	r.Helper()
	found, err := db.Query(text, args...)
	if err != nil {
		r.Fatal(err)
	}
	defer found.Close()
	var rows []Row
	for found.Next() {
		var w Row
		var reactions []string
		if err := found.Scan(&w.Study, &w.Seq, &w.ID, &w.User, &w.ClientID, &w.Content, &w.State.Deleted,
			&w.Change.Kind, &w.Change.Of, &w.Change.Emoji, &w.Change.On, pq.Array(&reactions)); err != nil {
			r.Fatal(err)
		}
		for _, by := range reactions {
			emoji, user, _ := strings.Cut(by, " ")
			w.State.Reactions = append(w.State.Reactions, By{emoji, user})
		}
		rows = append(rows, w)
	}
	if err := found.Err(); err != nil {
		r.Fatal(err)
	}
	return rows
}
