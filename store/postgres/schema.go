package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/coupchat/coup/internal/sqlstore"
)

// lacking lists what the role of the connection needs and does not have.
const lacking = `SELECT name, CASE WHEN to_regclass(name) IS NULL THEN 'table' ELSE privilege END AS lacks
	FROM (VALUES ('coup_studies'), ('coup_messages'), ('coup_nodes'), ('coup_presence'), ('coup_entries'), ('coup_reactions'), ('coup_reads'), ('coup_search'), ('coup_searched')) AS t(name),
	     (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS p(privilege)
	WHERE to_regclass(name) IS NULL OR NOT has_table_privilege(to_regclass(name), privilege)
	UNION SELECT name, CASE WHEN to_regclass(name) IS NULL THEN 'view' ELSE 'SELECT' END
	FROM (VALUES ('coup_reports'), ('coup_user_status')) AS v(name)
	WHERE to_regclass(name) IS NULL OR NOT has_table_privilege(to_regclass(name), 'SELECT')
	UNION SELECT 'coup_append_entries', CASE WHEN f IS NULL THEN 'function' ELSE 'EXECUTE' END
	FROM to_regprocedure('coup_append_entries(text[], text[], text[], text[], text[], text[])') AS f
	WHERE f IS NULL OR NOT has_function_privilege(f, 'EXECUTE')
	ORDER BY 1, 2`

// checkSchema returns an error that says what is missing, if anything is.
func (s *Store) checkSchema(ctx context.Context) error {
	is, want, err := sqlstore.Version(ctx, s.db, sqlstore.Postgres)
	if err != nil {
		return fmt.Errorf("read the version of the tables: %w", err)
	}
	if is < want {
		return fmt.Errorf("the tables have version %d, and %d is needed: open the database once without NoMigrate, with a role that may create tables", is, want)
	}
	var missing []struct{ Name, Lacks string }
	if err := s.db.SelectContext(ctx, &missing, lacking); err != nil {
		return fmt.Errorf("read the privileges of the role: %w", err)
	}
	if len(missing) == 0 {
		return nil
	}
	var list []string
	for _, m := range missing {
		list = append(list, m.Lacks+" "+m.Name)
	}
	return errors.New("the database role lacks: " + strings.Join(list, ", "))
}
