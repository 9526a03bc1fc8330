package postgres_test

import (
	"crypto/rand"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/coupchat/coup/internal/testenv"
	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/postgres"
)

func TestDatabaseOfAnotherEncodingIsRefused(t *testing.T) {
	server := testenv.Postgres(t)
	for _, encoding := range []string{"LATIN1", "EUC_KR", "SQL_ASCII"} {
		url := server.URL(t, "ENCODING", "'"+encoding+"'", "TEMPLATE template0")
		_, err := postgres.Open(t.Context(), url, postgres.Options{})
		if err == nil || !strings.Contains(err.Error(), encoding) || !strings.Contains(err.Error(), "UTF8") {
			t.Errorf("Open = %v, want an error that names %s and UTF8", err, encoding)
		}
	}
}

// grants are the statements of the documentation.
func grants(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```sql\n(GRANT .*?)```").FindSubmatch(text)
	if found == nil {
		t.Fatal("docs/operating.md has no GRANT")
	}
	return string(found[1])
}

func TestRoleThatMayNotCreateTables(t *testing.T) {
	server := testenv.Postgres(t)
	url := server.URL(t)
	role := "app_" + strings.ToLower(rand.Text())
	server.SQL(t, fmt.Sprintf("CREATE ROLE %s LOGIN", role))
	asRole := strings.Replace(url, "postgres@", role+"@", 1)
	refused := func(doing, want string) {
		t.Helper()
		_, err := postgres.Open(t.Context(), asRole, postgres.Options{NoMigrate: true})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open %s = %v, want an error with %q", doing, err, want)
		}
	}
	refused("of an empty database", "have version 0, and 5 is needed")
	admin := open(t, url)
	admin.DB().MustExec(`GRANT SELECT ON coup_migrations TO ` + role)
	refused("without privileges", "lacks: ")
	for _, statement := range strings.Split(strings.ReplaceAll(grants(t), " chat_app", " "+role), ";\n") {
		admin.DB().MustExec(statement)
	}
	for _, options := range []postgres.Options{{NoMigrate: true}, {}} { // nothing is left to migrate
		s, err := postgres.Open(t.Context(), asRole, options)
		if err != nil {
			t.Fatal(err)
		}
		if err := (&client{s: s, name: fmt.Sprint(options.NoMigrate)}).round(t.Context()); err != nil {
			t.Error(err)
		}
		if err := s.RenewNode(t.Context(), "n", store.LeaseTTL); err != nil {
			t.Error(err)
		}
		if err := s.Check(t.Context()); err != nil {
			t.Error(err)
		}
		s.Close()
	}
	admin.DB().MustExec(`REVOKE DELETE ON coup_presence FROM ` + role)
	refused("without one privilege", "lacks: DELETE coup_presence")
	admin.DB().MustExec(`DELETE FROM coup_migrations WHERE version_id > 1`)
	refused("of tables of an earlier version", "have version 1, and 5 is needed")
}

func TestTablesAreInTheSchemaOfTheSearchPath(t *testing.T) {
	server := testenv.Postgres(t)
	url := server.URL(t)
	first := open(t, url)
	first.DB().MustExec(`CREATE SCHEMA chat`)
	for _, setting := range []string{"&search_path=chat", "&options=-c%20search_path%3Dchat"} {
		s := open(t, url+setting)
		appendUntilItWorks(t, s)
		var schema string
		if err := s.DB().Get(&schema, `SELECT relnamespace::regnamespace FROM pg_class WHERE oid = 'coup_messages'::regclass`); err != nil || schema != "chat" {
			t.Errorf("with %s the table is in schema %s (%v), want chat", setting, schema, err)
		}
	}
	if heads, err := first.Heads(t.Context(), []store.StudyID{"a"}); err != nil || heads["a"] != 0 {
		t.Errorf("Heads of the other schema = %v, %v, want none", heads, err)
	}
}

// A restore by hand may leave the row of a study out, or bring back an older one.
func TestStudyWhoseRowIsMissingOrBehindIsRepaired(t *testing.T) {
	for _, damage := range []string{`DELETE FROM coup_studies`, `UPDATE coup_studies SET head = 1`} {
		s := open(t, testenv.Postgres(t).URL(t))
		var first []store.Message
		for range 5 {
			first = append(first, message(store.NewClientID()))
		}
		if _, err := s.Append(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		s.DB().MustExec(damage)
		again := []store.Message{first[0], message("new-1"), message("new-2")}
		out, err := s.Append(t.Context(), again)
		if err != nil || out[0].Seq != 1 || !out[0].Repeated || out[1].Seq != 6 || out[2].Seq != 7 || out[2].Repeated {
			t.Errorf("after %s: Append = %+v, %v, want seq 1 again, 6 and 7", damage, out, err)
		}
		if heads, err := s.Heads(t.Context(), []store.StudyID{"a"}); err != nil || heads["a"] != 7 {
			t.Errorf("after %s: Heads = %v, %v, want 7", damage, heads, err)
		}
	}
}
