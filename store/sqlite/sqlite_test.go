package sqlite_test

import (
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/sqlite"
	"github.com/coupchat/coup/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestFile(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Backend {
		path := file(t)
		s := open(t, path)
		return storetest.Backend{
			Store:  s,
			Second: func() store.Store { return open(t, path) },
			Search: func() store.Store { return open(t, path, sqlite.WithSearch()) },
			Reopen: func() store.Store {
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				return open(t, path)
			},
		}
	})
}

func TestMemory(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Backend {
		s := open(t, sqlite.Memory, sqlite.WithSearch())
		return storetest.Backend{Store: s, Second: func() store.Store { return s }}
	})
}

func BenchmarkFile(b *testing.B) {
	storetest.Bench(b, func(b *testing.B) store.Store { return open(b, file(b)) })
}

// file returns a path with characters that have a meaning in a URL.
func file(t testing.TB) string { return filepath.Join(t.TempDir(), "50% of it? a#b c.db") }

func open(t testing.TB, path string, options ...sqlite.Option) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, options...)
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

func TestFileKeepsItsDataWhenOpenedAgain(t *testing.T) {
	path := file(t)
	first, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	before, err := first.Append(t.Context(), []store.Message{message("c1")})
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	after, err := open(t, path).Append(t.Context(), []store.Message{message("c1"), message("c2")})
	if err != nil {
		t.Fatal(err)
	}
	if !after[0].Repeated || !after[0].SentAt.Equal(before[0].SentAt) || after[1].Seq != 2 {
		t.Errorf("Append after a restart = %+v, want the original and seq 2", after)
	}
}

func TestFileIsSafeOnPowerLoss(t *testing.T) {
	s := open(t, file(t))
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		var got string
		if err := s.DB().Get(&got, "PRAGMA "+pragma); err != nil || got != want {
			t.Errorf("%s = %q, %v; want %q", pragma, got, err, want)
		}
	}
}

func TestFileMayBeOpenedAndWrittenByManyAtOnce(t *testing.T) {
	path := file(t)
	const openers, each = 4, 10
	var wg sync.WaitGroup
	for range openers {
		wg.Go(func() {
			s, err := sqlite.Open(t.Context(), path)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			for range each {
				if _, err := s.Append(t.Context(), []store.Message{message(store.NewClientID())}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	heads, err := open(t, path).Heads(t.Context(), []store.StudyID{"a"})
	if err != nil || heads["a"] != openers*each {
		t.Errorf("Heads = %v, %v; want %d", heads, err, openers*each)
	}
}

func TestOpenSaysWhichDatabaseCannotBeOpened(t *testing.T) {
	for _, path := range []string{"", filepath.Join(t.TempDir(), "no such folder", "x.db")} {
		if s, err := sqlite.Open(t.Context(), path); err == nil {
			s.Close()
			t.Errorf("Open(%q) succeeded", path)
		}
	}
}

// A restore by hand may leave the row of a study out, or bring back an older one.
func TestStudyWhoseRowIsMissingOrBehindIsRepaired(t *testing.T) {
	for _, damage := range []string{`DELETE FROM coup_studies`, `UPDATE coup_studies SET head = 1`} {
		s := open(t, sqlite.Memory, sqlite.WithSearch())
		for range 5 {
			if _, err := s.Append(t.Context(), []store.Message{message(store.NewClientID())}); err != nil {
				t.Fatal(err)
			}
		}
		s.DB().MustExec(damage)
		out, err := s.Append(t.Context(), []store.Message{message("new")})
		if err != nil || out[0].Seq != 6 || out[0].Repeated {
			t.Errorf("after %s: Append = %+v, %v, want seq 6", damage, out, err)
		}
	}
}

// The index of the search has nothing of what was deleted, edited or erased.
func TestTheIndexForgets(t *testing.T) {
	s := open(t, file(t), sqlite.WithSearch())
	count := func() (n int) {
		if err := s.DB().Get(&n, `SELECT count(*) FROM coup_search`); err != nil {
			t.Fatal(err)
		}
		return n
	}
	wait := func(want int) {
		t.Helper()
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for deadline := time.Now().Add(20 * time.Second); count() != want; <-tick.C {
			if time.Now().After(deadline) {
				t.Fatalf("the index has %d pairs, want %d", count(), want)
			}
		}
	}
	say := func(e store.Entry) {
		t.Helper()
		e.StudyID, e.UserID, e.ClientID = "a", "u1", store.NewClientID()
		if out, err := s.Append(t.Context(), []store.Entry{e}); err != nil || out[0].Err != nil {
			t.Fatal(err, out)
		}
	}
	say(store.Entry{Content: "abcd"})
	say(store.Entry{Content: "wxyz"})
	wait(6)
	say(store.Entry{Kind: store.KindEdit, MessageSeq: 1, Content: "ab"})
	wait(4)
	say(store.Entry{Kind: store.KindDelete, MessageSeq: 1})
	wait(3)
	if _, err := s.Erase(t.Context(), store.Erasure{StudyID: "a"}); err != nil {
		t.Fatal(err)
	}
	wait(0)
}
