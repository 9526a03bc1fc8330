package postgres

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// oldest is the oldest version of Postgres that the tables work with.
const oldest = 12

// probe finds out what the database is, and refuses one that cannot work.
func (s *Store) probe(ctx context.Context) error {
	conn, err := s.db.Connx(ctx)
	if errors.Is(err, errPooler) {
		conn, err = s.db.Connx(ctx)
	}
	if err != nil {
		return err
	}
	defer conn.Close()
	// Without parameters the statement is one piece for every driver.
	var found struct {
		Encoding  string
		Version   int
		Isolation string
		Path      string
		Writable  bool
	}
	const settings = `SELECT current_setting('server_encoding') AS encoding,
		current_setting('server_version_num')::int / 10000 AS version,
		current_setting('transaction_isolation') AS isolation,
		current_setting('search_path') AS path, w.writable FROM (` + writable + `) w`
	if err := conn.GetContext(ctx, &found, settings); err != nil {
		return err
	}
	wanted := s.searchPath()
	switch {
	case found.Version < oldest:
		return fmt.Errorf("the server is Postgres %d, and at least %d is needed", found.Version, oldest)
	case found.Encoding != "UTF8":
		return fmt.Errorf("the encoding of the database is %s, which cannot store every message: create it with ENCODING 'UTF8'", found.Encoding)
	case !found.Writable:
		return errReadOnly
	case wanted != "" && plain(found.Path) != plain(wanted):
		return fmt.Errorf("the URL sets search_path to %s, but a pooler has left it at %s: set it with ALTER ROLE … SET search_path", wanted, found.Path)
	}
	s.isolate = s.isolate || found.Isolation != "read committed"
	return transactions(ctx, conn)
}

// transactions refuses a pooler in statement mode. It closes the connection on which a
// transaction begins.
func transactions(ctx context.Context, conn *sqlx.Conn) error {
	for _, text := range []string{"BEGIN", "COMMIT"} {
		if _, err := conn.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("transactions are refused (a pooler in statement mode?), session or transaction mode is needed: %w", err)
		}
	}
	return nil
}

// inOptions finds a search_path in the options of the command line of a server.
var inOptions = regexp.MustCompile(`(?:-c\s*|--)search_path=((?:\\.|\S)+)`)

// searchPath returns the search_path that the URL asks for, or "".
func (s *Store) searchPath() string {
	if s.connector == nil {
		return ""
	}
	return searchPath(s.connector.config)
}

func searchPath(config pq.Config) string {
	if path := config.Runtime["search_path"]; path != "" {
		return path
	}
	if found := inOptions.FindStringSubmatch(config.Options); found != nil {
		return strings.ReplaceAll(found[1], `\`, "")
	}
	return ""
}

// plain returns a search_path without what may differ between two that mean the same.
func plain(path string) string { return strings.NewReplacer(" ", "", `"`, "").Replace(path) }
