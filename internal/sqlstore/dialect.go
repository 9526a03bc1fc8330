package sqlstore

import (
	"strings"

	"github.com/pressly/goose/v3"
)

// A Dialect holds what differs between the databases.
type Dialect struct {
	goose   goose.Dialect
	folder  string // of migrations
	locking bool   // whether migrations can take an advisory lock

	// replacer replaces these names by constant SQL:
	//   {list}     the values of a JSON array of strings
	//   {reports}  the u, n and o of a JSON array of reports
	//   {lease}    the time a number of milliseconds from now
	//   {lock}     FOR UPDATE, without rows that others have locked
	replacer *strings.Replacer
}

// Postgres is the dialect of PostgreSQL 12 and later.
var Postgres = Dialect{
	goose:   goose.DialectPostgres,
	folder:  "migrations/postgres",
	locking: true,
	replacer: strings.NewReplacer(
		"{list}", `SELECT json_array_elements_text(CAST(? AS json))`,
		"{reports}", `json_to_recordset(CAST(? AS json)) AS l(u text, n text, o boolean)`,
		"{lease}", `date_trunc('milliseconds', clock_timestamp() + CAST(? AS bigint) * interval '1 millisecond')`,
		"{lock}", `FOR UPDATE SKIP LOCKED`,
	),
}

// SQLite is the dialect of SQLite 3.38 and later.
var SQLite = Dialect{
	goose:  goose.DialectSQLite3,
	folder: "migrations/sqlite",
	replacer: strings.NewReplacer(
		"{list}", `SELECT value FROM json_each(?)`,
		"{reports}", `(SELECT value->>'u' AS u, value->>'n' AS n, value->>'o' AS o FROM json_each(?)) AS l`,
		"{lease}", `strftime('%Y-%m-%dT%H:%M:%fZ', 'now', (? / 1000.0) || ' seconds')`,
		"{lock}", ``, // one writer at a time
	),
}

func (d Dialect) expand(text string) string { return d.replacer.Replace(text) }
