package postgres_test

import (
	"testing"

	"github.com/coupchat/coup/internal/testenv"
	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/postgres"
)

// Every text that Clean takes comes back byte for byte.
func FuzzTexts(f *testing.F) {
	s, err := postgres.Open(f.Context(), testenv.Postgres(f).URL(f), postgres.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	f.Add("안녕 😀", "Mina", "c-1")
	f.Add("'; DROP TABLE coup_messages; --", "O'Brien", `"{}\`)
	f.Add("\u202eturned\u2028 ? $1 :a %s", "NULL", "é")
	f.Fuzz(func(t *testing.T, content, name, clientID string) {
		m := store.Message{StudyID: "s1", UserID: "u1", UserName: name, Content: content, ClientID: clientID}
		if m.ClientID == "" || m.Clean() != nil {
			return
		}
		stored, err := s.Append(t.Context(), []store.Message{m})
		if err != nil {
			t.Fatalf("%+q: %v", m.Content, err)
		}
		if stored[0].Repeated {
			return
		}
		read, err := s.History(t.Context(), store.Query{StudyID: "s1", After: stored[0].Seq - 1, Limit: 1})
		if err != nil || len(read) != 1 || read[0].Content != m.Content || read[0].UserName != m.UserName || read[0].ClientID != m.ClientID {
			t.Fatalf("%+q of %+q came back as %+v, %v", m.Content, m.UserName, read, err)
		}
	})
}
