package postgres_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coupchat/coup/internal/testenv"
	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/postgres"
	"github.com/coupchat/coup/store/storetest"
)

func TestMain(m *testing.M) { testenv.Main(m) }

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Backend { return backend(t, testenv.Postgres(t).URL(t)) })
}

func BenchmarkStore(b *testing.B) {
	storetest.Bench(b, func(b *testing.B) store.Store { return open(b, testenv.Postgres(b).URL(b)) })
}

// backend is what the kit tests, with two handles and a reopen.
func backend(t *testing.T, url string) storetest.Backend {
	s := open(t, url)
	again := func() store.Store { return open(t, url) }
	return storetest.Backend{
		Store: s, Second: again,
		Search: func() store.Store { return openWith(t, url, postgres.Options{Search: true}) },
		Reopen: func() store.Store {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return again()
		},
	}
}

func open(t testing.TB, url string) *postgres.Store {
	t.Helper()
	return openWith(t, url, postgres.Options{})
}

func openWith(t testing.TB, url string, options postgres.Options) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), url, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func message(id string) store.Message {
	return store.Message{StudyID: "a", UserID: "u1", UserName: "Mina", Content: "hello", ClientID: id}
}

func TestManyProcessesMayMigrateAtOnce(t *testing.T) {
	url := testenv.Postgres(t).URL(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			s, err := postgres.Open(t.Context(), url, postgres.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			if _, err := s.Append(t.Context(), []store.Message{message(store.NewClientID())}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestAppendSaysThatNULCanNeverBeStored(t *testing.T) {
	s := open(t, testenv.Postgres(t).URL(t))
	m := message("c1")
	m.Content = "a\x00b"
	if _, err := s.Append(t.Context(), []store.Message{message("c2"), m}); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("Append = %v, want ErrInvalid", err)
	}
	heads, err := s.Heads(t.Context(), []store.StudyID{"a"})
	if err != nil || heads["a"] != 0 {
		t.Errorf("Heads = %v, %v; want nothing stored", heads, err)
	}
}

func TestUserStatusViewShowsWhoIsOnline(t *testing.T) {
	s := open(t, testenv.Postgres(t).URL(t))
	if err := s.SetStatus(t.Context(), []store.Status{{UserID: "u1", Online: true}, {UserID: "u2", Online: true, NodeID: "gone"}}); err != nil {
		t.Fatal(err)
	}
	if err := s.RenewNode(t.Context(), "gone", 0); err != nil {
		t.Fatal(err)
	}
	var got []string
	if err := s.DB().Select(&got, "SELECT user_id || ' ' || status FROM coup_user_status ORDER BY 1"); err != nil {
		t.Fatal(err)
	}
	if want := "u1 online, u2 offline"; strings.Join(got, ", ") != want {
		t.Errorf("coup_user_status = %q, want %q", got, want)
	}
}

func TestMessageTableHasOnlyTheTwoIndexesThatItNeeds(t *testing.T) {
	s := open(t, testenv.Postgres(t).URL(t))
	var n int
	if err := s.DB().Get(&n, "SELECT count(*) FROM pg_indexes WHERE tablename = 'coup_messages'"); err != nil || n != 2 {
		t.Errorf("coup_messages has %d indexes (%v), want 2", n, err)
	}
}

func TestOpenSaysWhatIsWrongWithTheURL(t *testing.T) {
	for _, c := range []struct{ name, url, want string }{
		{"another scheme", "mysql://localhost/x", "must start with postgres://"},
		{"no scheme", "localhost/x", "must start with postgres://"},
		{"not a URL", "postgres://u:secret@host:port/x", "cannot be parsed"},
		{"nobody listens", "postgres://u:secret@127.0.0.1:1/x?sslmode=disable", "refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := postgres.Open(t.Context(), c.url, postgres.Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("Open(%s) = %v, want an error with %q and no password", c.url, err, c.want)
			}
		})
	}
}

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	for name, opts := range map[string]postgres.Options{
		"MaxConns":       {MaxConns: -2},
		"ConnectTimeout": {ConnectTimeout: -time.Second},
		"Timeout":        {Timeout: time.Microsecond},
	} {
		_, err := postgres.Open(t.Context(), "postgres://127.0.0.1:1/x", opts)
		if err == nil || !strings.Contains(err.Error(), "Options."+name) {
			t.Errorf("Open = %v, want an error that names Options.%s", err, name)
		}
	}
}
