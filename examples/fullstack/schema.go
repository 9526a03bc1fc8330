package main

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// openStudies creates or updates the tables.
func openStudies(ctx context.Context, db *sqlx.DB, open bool) (*studies, error) {
	dialect, options := goose.DialectSQLite3, []goose.ProviderOption{
		goose.WithTableName("study_app_version"),
		goose.WithDisableGlobalRegistry(true),
	}
	if db.DriverName() == "postgres" {
		dialect = goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker() // two processes may start at once
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	provider, err := goose.NewProvider(dialect, db.DB, files, options...)
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return nil, fmt.Errorf("migrate the study tables: %w", err)
	}
	return &studies{db: db, open: open}, nil
}
