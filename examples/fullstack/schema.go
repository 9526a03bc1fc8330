package main

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// openStudies creates or updates the tables.
func openStudies(ctx context.Context, db *sqlx.DB, open bool) (*studies, error) {
	dialect := goose.DialectSQLite3
	if db.DriverName() == "postgres" {
		dialect = goose.DialectPostgres
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	// Two processes may start at once. The slower one fails, because the tables exist
	// already, and tries again. A lock of the session would stay behind on the connection
	// of a pooler.
	for range 3 {
		var provider *goose.Provider // each attempt has a new one, since it keeps the version
		provider, err = goose.NewProvider(dialect, db.DB, files, goose.WithTableName("study_app_version"), goose.WithDisableGlobalRegistry(true))
		if err != nil {
			return nil, fmt.Errorf("read the migrations: %w", err)
		}
		if _, err = provider.Up(ctx); err == nil {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("migrate the study tables: %w", err)
	}
	return &studies{db: db, open: open}, nil
}
