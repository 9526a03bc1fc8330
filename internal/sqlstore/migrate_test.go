package sqlstore

import (
	"testing"

	"github.com/jmoiron/sqlx"
	_ "github.com/lib/pq"

	"github.com/coupchat/coup/internal/testenv"
)

// A process that has seen an empty database, and did not get the lock, tries again. Another process migrates
// between the begin of its transaction and the lock.
func TestTablesThatAppearDuringTheTransactionAreSeen(t *testing.T) {
	url := testenv.Postgres(t).URL(t)
	open := func() *sqlx.DB {
		db, err := sqlx.Open("postgres", url)
		if err != nil {
			t.Fatal(err)
		}
		db.SetMaxOpenConns(1)
		t.Cleanup(func() { db.Close() })
		return db
	}
	late, first := open(), open()
	if is, _, err := Version(t.Context(), late, Postgres); err != nil || is != 0 {
		t.Fatalf("Version of an empty database = %d, %v", is, err)
	}
	late.MustExec(Postgres.lock) // the first try; from now on the server has cached the names in it
	tx, err := late.BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if err := Migrate(t.Context(), first, Postgres); err != nil {
		t.Fatal(err)
	}
	if err := Postgres.apply(t.Context(), tx); err != nil {
		t.Errorf("apply after another process = %v", err)
	}
}
