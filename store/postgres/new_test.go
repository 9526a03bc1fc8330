package postgres_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coupchat/coup/internal/testenv"
	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/postgres"
	"github.com/coupchat/coup/store/storetest"
)

// handle returns a Store on a handle that the test owns, and the handle.
func handle(t *testing.T, url string) (*postgres.Store, *sql.DB) {
	t.Helper()
	db, err := sql.Open("postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxIdleConns(8)
	t.Cleanup(func() { db.Close() })
	s, err := postgres.New(t.Context(), db, postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := db.Ping(); err != nil {
			t.Errorf("after Close of the Store the handle does not work: %v", err)
		}
	})
	return s, db
}

func TestStoreOnAHandleOfTheApplication(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Backend {
		url := testenv.Postgres(t).URL(t)
		s, _ := handle(t, url)
		again := func() store.Store {
			s, _ := handle(t, url)
			return s
		}
		return storetest.Backend{Store: s, Second: again, Reopen: func() store.Store {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return again()
		}}
	})
}

// The driver of the handle sends a statement in two pieces. Through a pooler another client
// could come in between, were it not for the transaction.
func TestHandleOfTheApplicationWorksThroughAPooler(t *testing.T) {
	server := testenv.Postgres(t)
	url := testenv.PgBouncer(t, server, "transaction", 3)(server.URL(t))
	for i := range 2 {
		s, _ := handle(t, url)
		for k := range 4 {
			t.Run(fmt.Sprint(i, k), func(t *testing.T) {
				t.Parallel()
				c := client{s: s, name: fmt.Sprintf("%d-%d", i, k)}
				for range 30 {
					if err := c.round(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	}
}

func TestHandleOfTheApplicationSurvivesARestartOfTheServer(t *testing.T) {
	server := testenv.StartPostgres(t)
	s, db := handle(t, server.URL(t))
	db.SetMaxOpenConns(4)
	w := write(t, s, 4)
	server.Kill(t)
	server.Restart(t)
	if took := w.next(t); took > recovery {
		t.Errorf("the first message is stored after %s, want %s at most", took, recovery)
	}
	w.end(t, s)
}

func TestNewRefusesOptionsOfAPoolThatItDoesNotMake(t *testing.T) {
	for _, o := range []postgres.Options{{MaxConns: 3}, {ConnectTimeout: time.Second}, {ConnMaxLifetime: time.Hour}} {
		if _, err := postgres.New(t.Context(), new(sql.DB), o); err == nil || !strings.Contains(err.Error(), "for Open") {
			t.Errorf("New with %+v = %v, want an error", o, err)
		}
	}
}
