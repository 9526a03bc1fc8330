package store_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/coupchat/coup/store"
)

func TestIDsHaveTheirAlphabetOnly(t *testing.T) {
	for _, c := range []struct {
		name, id   string
		want, node bool // for studies and users, for nodes
	}{
		{"letters, digits and signs", "Az09_.:@-", true, true},
		{"the longest", strings.Repeat("a", 128), true, true},
		{"a subject of Auth0", "auth0|6553da60a54af58e29493993", true, false},
		{"an e-mail address with a tag", "mina+study@example.com", true, false},
		{"base64 of URLs with padding", "bWluYQ_-==", true, false},
		{"a tilde", "~mina", true, false},
		{"a dot", ".", false, true},
		{"two dots", "..", false, true},
		{"three dots", "...", true, true},
		{"too long", strings.Repeat("a", 129), false, false},
		{"empty", "", false, false},
		{"space", "a b", false, false},
		{"newline at the end", "a\n", false, false},
		{"glob", "a*", false, false},
		{"slash", "a/b", false, false},
		{"percent", "a%7Cb", false, false},
		{"braces, which move a channel to another slot of a cluster", "{a}", false, false},
		{"NUL", "a\x00", false, false},
		{"beyond ASCII", "스터디", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := store.ValidID(c.id); got != c.want {
				t.Errorf("ValidID(%q) = %v, want %v", c.id, got, c.want)
			}
			if got := store.ValidNodeID(store.NodeID(c.id)); got != c.node {
				t.Errorf("ValidNodeID(%q) = %v, want %v", c.id, got, c.node)
			}
		})
	}
}

// The rules of ids are also in other languages, as these patterns.
func TestIDsMatchTheirPatterns(t *testing.T) {
	id, node := regexp.MustCompile(`^[A-Za-z0-9_.:@|+=~-]{1,128}$`), regexp.MustCompile(`^[A-Za-z0-9_.:@-]{1,128}$`)
	for c := range 256 {
		s := "a" + string([]byte{byte(c)})
		if got := store.ValidID(s); got != id.MatchString(s) {
			t.Errorf("ValidID(%q) = %v", s, got)
		}
		if got := store.ValidNodeID(store.NodeID(s)); got != node.MatchString(s) {
			t.Errorf("ValidNodeID(%q) = %v", s, got)
		}
	}
}

func TestCleanRefusesWhatCannotBeStored(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(m *store.Message)
		want   error
	}{
		{"a good message", func(*store.Message) {}, nil},
		{"a bad study", func(m *store.Message) { m.StudyID = "a b" }, store.ErrInvalid},
		{"no user", func(m *store.Message) { m.UserID = "" }, store.ErrInvalid},
		{"no name", func(m *store.Message) { m.UserName = "" }, nil},
		{"a name that is too long", func(m *store.Message) { m.UserName = strings.Repeat("가", 201) }, store.ErrInvalid},
		{"NUL in the name", func(m *store.Message) { m.UserName = "\x00" }, store.ErrInvalid},
		{"a name with a character that nobody sees", func(m *store.Message) { m.UserName = "Mi\u200bna" }, store.ErrInvalid},
		{"a name of two lines", func(m *store.Message) { m.UserName = "Mina\u2028Kim" }, store.ErrInvalid},
		{"a name that is not UTF-8", func(m *store.Message) { m.UserName = "Mina\xff" }, store.ErrInvalid},
		{"a name with an emoji of two", func(m *store.Message) { m.UserName = "Mina 👩\u200d💻" }, nil},
		{"a byte order mark only", func(m *store.Message) { m.Content = "\ufeff" }, store.ErrEmpty},
		{"a control character of the second block in the client id", func(m *store.Message) { m.ClientID = "a\u009f" }, store.ErrInvalid},
		{"an invisible character in the client id", func(m *store.Message) { m.ClientID = "a\u200b" }, store.ErrInvalid},
		{"NUL in the content", func(m *store.Message) { m.Content = "a\x00b" }, store.ErrInvalid},
		{"invalid UTF-8", func(m *store.Message) { m.Content = "a\xff" }, store.ErrInvalid},
		{"a lone surrogate in UTF-8", func(m *store.Message) { m.Content = "\xed\xa0\x80" }, store.ErrInvalid},
		{"white space only", func(m *store.Message) { m.Content = " \t\n\u3000\u00a0" }, store.ErrEmpty},
		{"2,000 characters", func(m *store.Message) { m.Content = strings.Repeat("가", 2000) }, nil},
		{"2,000 characters and spaces", func(m *store.Message) { m.Content = " " + strings.Repeat("a", 2000) + "\n" }, nil},
		{"2,001 characters", func(m *store.Message) { m.Content = strings.Repeat("a", 2001) }, store.ErrTooLarge},
		{"1,000 emoji", func(m *store.Message) { m.Content = strings.Repeat("😀", 1000) }, nil},
		{"1,001 emoji", func(m *store.Message) { m.Content = strings.Repeat("😀", 1001) }, store.ErrTooLarge},
		{"no client id", func(m *store.Message) { m.ClientID = "" }, nil},
		{"a generated client id", func(m *store.Message) { m.ClientID = store.NewClientID() }, nil},
		{"the longest client id", func(m *store.Message) { m.ClientID = strings.Repeat("한", 64) }, nil},
		{"a client id that is too long", func(m *store.Message) { m.ClientID = strings.Repeat("a", 65) }, store.ErrInvalid},
		{"a control character in the client id", func(m *store.Message) { m.ClientID = "a\x7f" }, store.ErrInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := store.Message{StudyID: "a", UserID: "u1", UserName: "Mina", Content: "hello", ClientID: "c1"}
			c.change(&m)
			if err := m.Clean(); !errors.Is(err, c.want) {
				t.Errorf("Clean() = %v, want %v", err, c.want)
			}
		})
	}
}

func TestCleanTrimsTheContentOnly(t *testing.T) {
	m := store.Message{StudyID: "a", UserID: "u1", UserName: " Mina ", Content: "\n\u3000 two\n words \t", ClientID: " c "}
	if err := m.Clean(); err != nil {
		t.Fatal(err)
	}
	if m.Content != "two\n words" || m.UserName != " Mina " || m.ClientID != " c " {
		t.Errorf("Clean() made %+v, want only the content trimmed", m)
	}
}

func TestUTF16LenCountsAsBrowsersDo(t *testing.T) {
	for text, want := range map[string]int{"": 0, "abc": 3, "한국어": 3, "😀": 2, "e\u0301": 2, "👍🏽": 4} {
		if got := store.UTF16Len(text); got != want {
			t.Errorf("UTF16Len(%q) = %d, want %d", text, got, want)
		}
	}
}
