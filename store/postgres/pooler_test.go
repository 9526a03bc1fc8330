package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coupchat/coup/internal/testenv"
	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/postgres"
	"github.com/coupchat/coup/store/storetest"
)

// poolers are PgBouncer in the modes that work. A pooler may also ignore the settings of
// a connection in place of refusing them.
var poolers = []struct {
	name, mode string
	more       []string
}{
	{"session mode", "session", nil},
	{"transaction mode", "transaction", nil},
	{"transaction mode that ignores settings", "transaction", []string{"ignore_startup_parameters = statement_timeout,default_transaction_isolation,coup.connection,search_path"}},
}

func TestStoreThroughPgBouncer(t *testing.T) {
	server := testenv.Postgres(t)
	for _, p := range poolers[:2] {
		t.Run(p.name, func(t *testing.T) {
			through := testenv.PgBouncer(t, server, p.mode, 20, p.more...)
			storetest.Run(t, func(t *testing.T) storetest.Backend { return backend(t, through(server.URL(t))) })
		})
	}
}

// Two Stores are two processes to the pooler: 24 connections to it share three to the server. With
// POOLER_TIME=60s in the environment the load lasts that long.
func TestNoAnswerThroughPgBouncerIsAnother(t *testing.T) {
	load := 2 * time.Second
	if text := os.Getenv("POOLER_TIME"); text != "" {
		var err error
		if load, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	server := testenv.Postgres(t)
	for _, p := range poolers {
		t.Run(p.name, func(t *testing.T) {
			conns, clients := 3, 12
			if p.mode == "session" {
				conns, clients = 12, 6 // each client keeps one
			}
			through := testenv.PgBouncer(t, server, p.mode, conns, p.more...)
			url := through(server.URL(t))
			ctx, cancel := context.WithTimeout(t.Context(), load)
			defer cancel()
			var wg sync.WaitGroup
			var mu sync.Mutex
			rounds := 0
			for i := range 2 {
				s, err := postgres.Open(t.Context(), url, postgres.Options{MaxConns: clients})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				for k := range 12 {
					wg.Go(func() {
						c := client{s: s, name: fmt.Sprintf("%d-%d", i, k)}
						for ctx.Err() == nil {
							if err := c.round(t.Context()); err != nil {
								t.Error(err)
								return
							}
						}
						mu.Lock()
						defer mu.Unlock()
						rounds += c.rounds
					})
				}
			}
			wg.Wait()
			t.Logf("%d rounds of 6 calls in %s", rounds, load)
		})
	}
}

// A client is the only one that writes to its study and about its user, so it knows every
// answer.
type client struct {
	s      store.Store
	name   string
	rounds int
	posted []store.Message
}

func (c *client) round(ctx context.Context) error {
	c.rounds++
	study, user := store.StudyID("study-"+c.name), store.UserID("user-"+c.name)
	var msgs []store.Message
	for i := range 1 + c.rounds%3 {
		text := fmt.Sprintf("%s %d %d", c.name, c.rounds, i)
		msgs = append(msgs, store.Message{StudyID: study, UserID: user, UserName: c.name, Content: text, ClientID: text})
	}
	msgs = append(msgs, store.Message{StudyID: "all", UserID: user, UserName: c.name, Content: "all", ClientID: fmt.Sprint(c.rounds)})
	out, err := c.s.Append(ctx, msgs)
	if err != nil {
		return err
	}
	for i, m := range out {
		if want := int64(len(c.posted)) + 1; m.StudyID == study && m.Seq != want || m.Content != msgs[i].Content || m.Repeated {
			return fmt.Errorf("Append = %+v, want %+v with seq %d", m, msgs[i], want)
		}
		if m.StudyID == study {
			c.posted = append(c.posted, m)
		}
	}
	if repeated, err := c.s.Append(ctx, msgs[:1]); err != nil || !repeated[0].Repeated || repeated[0].Seq != out[0].Seq {
		return fmt.Errorf("Append again = %+v, %v, want %+v", repeated, err, out[0])
	}
	from := max(len(c.posted)-5, 0)
	for _, newest := range []bool{true, false} {
		got, err := c.s.History(ctx, store.Query{StudyID: study, After: int64(from), Limit: 5, Newest: newest})
		if err != nil || !reflect.DeepEqual(got, c.posted[from:]) {
			return fmt.Errorf("History = %+v, %v, want %+v", got, err, c.posted[from:])
		}
	}
	if heads, err := c.s.Heads(ctx, []store.StudyID{study, "none"}); err != nil || heads[study] != int64(len(c.posted)) || heads["none"] != 0 {
		return fmt.Errorf("Heads = %v, %v, want %d of %s", heads, err, len(c.posted), study)
	}
	online := c.rounds%2 == 0
	if err := c.s.SetStatus(ctx, []store.Status{{UserID: user, Online: online}}); err != nil {
		return err
	}
	if p, err := c.s.Presence(ctx, []store.UserID{user}); err != nil || p[user].Online != online || p[user].UserID != user {
		return fmt.Errorf("Presence = %v, %v, want %s online: %t", p, err, user, online)
	}
	return nil
}

func TestPoolerInStatementModeIsRefused(t *testing.T) {
	server := testenv.Postgres(t)
	through := testenv.PgBouncer(t, server, "statement", 3)
	_, err := postgres.Open(t.Context(), through(server.URL(t)), postgres.Options{})
	if err == nil || !strings.Contains(err.Error(), "session or transaction mode is needed") {
		t.Errorf("Open = %v, want an error that names the modes that work", err)
	}
}

func TestPoolerThatLosesTheSearchPathIsRefused(t *testing.T) {
	server := testenv.Postgres(t)
	url := server.URL(t)
	for _, setting := range []string{"&search_path=chat", "&options=-c%20search_path%3Dchat"} {
		through := testenv.PgBouncer(t, server, "transaction", 3, "ignore_startup_parameters = search_path,options")
		_, err := postgres.Open(t.Context(), through(url+setting), postgres.Options{})
		if err == nil || !strings.Contains(err.Error(), "ALTER ROLE") {
			t.Errorf("Open with %s = %v, want an error that says how to set search_path", setting, err)
		}
	}
}

// Sessions of a pooler in transaction mode are shared, so nothing may stay on them.
func TestNothingStaysOnTheConnectionsOfAPooler(t *testing.T) {
	server := testenv.Postgres(t)
	url := server.URL(t)
	s := open(t, testenv.PgBouncer(t, server, "transaction", 1)(url))
	if err := (&client{s: s, name: "a"}).round(t.Context()); err != nil {
		t.Fatal(err)
	}
	var left struct {
		Statements, Locks int
		Timeout           string
	}
	err := s.DB().Get(&left, `SELECT (SELECT count(*) FROM pg_prepared_statements WHERE name <> '') AS statements,
		(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory') AS locks, current_setting('statement_timeout') AS timeout`)
	if err != nil || left.Statements != 0 || left.Locks != 0 || left.Timeout != "0" {
		t.Errorf("the connection has %+v (%v), want no statements, no locks and no timeout", left, err)
	}
}

func TestTimeoutHoldsThroughAPooler(t *testing.T) {
	server := testenv.Postgres(t)
	url := testenv.PgBouncer(t, server, "transaction", 4)(server.URL(t))
	s, err := postgres.Open(t.Context(), url, postgres.Options{Timeout: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	appendUntilItWorks(t, s)
	tx, err := s.DB().Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(`SELECT 1 FROM coup_studies FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if _, err := s.Append(context.Background(), []store.Message{message("c1")}); !errors.Is(err, store.ErrUnavailable) || time.Since(start) > 3*time.Second {
		t.Errorf("Append to a locked study = %v after %s, want ErrUnavailable after 300ms", err, time.Since(start))
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	appendUntilItWorks(t, s)
}

func TestDatabaseWithAnotherIsolationLevelWorksThroughAPooler(t *testing.T) {
	server := testenv.Postgres(t)
	url := server.URL(t)
	name := url[strings.LastIndex(url, "/")+1 : strings.Index(url, "?")]
	server.SQL(t, "ALTER DATABASE "+name+" SET default_transaction_isolation = 'serializable'")
	s := open(t, testenv.PgBouncer(t, server, "transaction", 4)(url))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 10 {
				if _, err := s.Append(t.Context(), []store.Message{message(store.NewClientID())}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
