package sqlstore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

//go:embed migrations
var migrations embed.FS

// migrating is how long Migrate waits for other processes that migrate.
const migrating = time.Minute

// A migration is one file. Its name starts with its version, and its text runs in one go.
type migration struct {
	version int64
	text    string
}

// all returns the migrations of the dialect, the oldest first.
func (d Dialect) all() ([]migration, error) {
	files, err := fs.Glob(migrations, d.folder+"/*.sql")
	if err != nil {
		return nil, err
	}
	var found []migration
	for _, name := range files {
		number, _, _ := strings.Cut(path.Base(name), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		text, err := migrations.ReadFile(name)
		if err != nil {
			return nil, err
		}
		found = append(found, migration{version, string(text)})
	}
	return found, nil
}

// Version returns the version of the tables in the database, 0 if there are none, and the
// version that they should have.
func Version(ctx context.Context, db sqlx.QueryerContext, dialect Dialect) (is, want int64, err error) {
	all, err := dialect.all()
	if err != nil {
		return 0, 0, err
	}
	want = all[len(all)-1].version
	var exists bool
	if err := sqlx.GetContext(ctx, db, &exists, dialect.versioned); err != nil || !exists {
		return 0, want, err
	}
	err = sqlx.GetContext(ctx, db, &is, `SELECT coalesce(max(version_id), 0) FROM coup_migrations WHERE is_applied`)
	return is, want, err
}

// Migrate brings the tables up to date, in one transaction. Any number of processes may do
// so at the same time. Tables of a later version stay as they are.
//
// The lock is one of the transaction: one of the session would stay behind on the
// connection of a pooler, which the next client gets.
func Migrate(ctx context.Context, db *sqlx.DB, dialect Dialect) error {
	ctx, cancel := context.WithTimeout(ctx, migrating)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		is, want, err := Version(ctx, db, dialect)
		if err == nil && is < want {
			err = migrate(ctx, db, dialect)
		}
		if !errors.Is(err, errLocked) && !isBusy(err) {
			if err != nil {
				return fmt.Errorf("migrate: %w", err)
			}
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("migrate: %w: %w", err, ctx.Err())
		case <-tick.C:
		}
	}
}

var errLocked = errors.New("another process is migrating")

// isBusy reports whether SQLite says that another connection has the file. It says so at
// once, without its usual wait, while several processes turn a new file to WAL.
func isBusy(err error) bool {
	const busy = 5 // SQLITE_BUSY; more precise codes have it in their lowest byte
	var e interface{ Code() int }
	return errors.As(err, &e) && e.Code()&0xff == busy
}

func migrate(ctx context.Context, db *sqlx.DB, dialect Dialect) error {
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	if err := dialect.apply(ctx, tx); err != nil {
		return err
	}
	return tx.Commit()
}

// apply runs the migrations that the database lacks.
func (d Dialect) apply(ctx context.Context, tx *sqlx.Tx) error {
	if d.lock != "" {
		var locked bool
		if err := tx.GetContext(ctx, &locked, d.lock); err != nil {
			return err
		}
		if !locked {
			return errLocked
		}
	}
	is, _, err := Version(ctx, tx, d) // again, now that nobody else migrates
	if err != nil {
		return err
	}
	all, err := d.all()
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, d.versions); err != nil {
		return err
	}
	for _, m := range all {
		if m.version <= is {
			continue
		}
		if _, err := tx.ExecContext(ctx, m.text); err != nil {
			return fmt.Errorf("version %d: %w", m.version, err)
		}
		mark := fmt.Sprintf(`INSERT INTO coup_migrations (version_id, is_applied) VALUES (%d, true)`, m.version)
		if _, err := tx.ExecContext(ctx, mark); err != nil {
			return err
		}
	}
	return nil
}
