package sqlite_test

import (
	"testing"

	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/sqlite"
)

// Every text that Clean takes comes back byte for byte.
func FuzzTexts(f *testing.F) {
	s, err := sqlite.Open(f.Context(), sqlite.Memory)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	f.Add("안녕 😀", "Mina", "c-1")
	f.Add("'; DROP TABLE coup_messages; --", "O'Brien", `"`)
	f.Add("\u202eturned\u2028 ? $1 :a %s", "", "é")
	f.Fuzz(func(t *testing.T, content, name, clientID string) {
		m := store.Message{StudyID: "s1", UserID: "u1", UserName: name, Content: content, ClientID: clientID}
		if m.ClientID == "" || m.Clean() != nil {
			return
		}
		m.ClientID = store.NewClientID() // the same id would be the same message
		stored, err := s.Append(t.Context(), []store.Message{m})
		if err != nil {
			t.Fatalf("%+q: %v", m.Content, err)
		}
		read, err := s.History(t.Context(), store.Query{StudyID: "s1", After: stored[0].Seq - 1, Limit: 1})
		if err != nil || len(read) != 1 || read[0].Content != m.Content || read[0].UserName != m.UserName {
			t.Fatalf("%+q of %+q came back as %+v, %v", m.Content, m.UserName, read, err)
		}
	})
}
