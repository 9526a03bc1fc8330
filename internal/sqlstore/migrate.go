package sqlstore

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrations embed.FS

// versionTable is where goose keeps which migrations were applied.
const versionTable = "coup_migrations"

// Migrate brings the tables up to date. Any number of processes may do so at
// the same time.
func Migrate(ctx context.Context, db *sqlx.DB, dialect Dialect) error {
	folder, err := fs.Sub(migrations, dialect.folder)
	if err != nil {
		return err
	}
	options := []goose.ProviderOption{goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true)}
	attempts := 1
	if dialect.locking {
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60), lock.WithUnlockTimeout(1, 5))
		if err != nil {
			return err
		}
		options = append(options, goose.WithSessionLocker(locker))
	} else {
		// Without a lock, two processes may migrate at once. The slower one fails, since
		// its tables exist already, and rolls back. The next attempt sees that nothing is
		// left to do.
		attempts = 3
	}
	for range attempts {
		// Each attempt makes a new provider, because a provider caches the version of the
		// tables. Closing it would close db.
		var p *goose.Provider
		if p, err = goose.NewProvider(dialect.goose, db.DB, folder, options...); err != nil {
			break
		}
		if _, err = p.Up(ctx); err == nil {
			return nil
		}
	}
	return fmt.Errorf("migrate: %w", err)
}
