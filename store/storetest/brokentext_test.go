package storetest

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/coupchat/coup/store"
)

// renaming is a store that keeps another name of the author.
func renaming(name func(m store.Message) string) Backend {
	return appending(func(m *store.Message) { m.UserName = name(*m) }, nil)
}

// misreading is a store that keeps names, and returns others from History.
func misreading(name func(string) string) Backend {
	return reading(func(_ store.Query, msgs []store.Message) []store.Message {
		for i := range msgs {
			msgs[i].UserName = name(msgs[i].UserName)
		}
		return msgs
	}, nil)
}

// comparing is a store that keeps client ids as they are, and compares them by key.
func comparing(key func(string) string) Backend {
	type author struct {
		study store.StudyID
		user  store.UserID
		key   string
	}
	first := make(map[author]string)
	return appending(func(m *store.Message) {
		a := author{m.StudyID, m.UserID, key(m.ClientID)}
		if id, known := first[a]; known {
			m.ClientID = id
		}
		first[a] = m.ClientID
	}, nil)
}

// cut returns the first n bytes of s, without half of a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func collapse(s string) string { return strings.Join(strings.Fields(s), " ") }

var brokenTexts = []fault{
	{"the user name is dropped", "Append: UserName of answer 0 is", func() Backend {
		return appending(func(m *store.Message) { m.UserName = "" }, nil)
	}},
	{"names are trimmed", "Append: UserName of answer 0 is", func() Backend {
		return renaming(func(m store.Message) string { return strings.TrimSpace(m.UserName) })
	}},
	{"names are trimmed by History", "UserName of a message is", func() Backend { return misreading(strings.TrimSpace) }},
	{"white space in names is collapsed", "Append: UserName of answer 0 is", func() Backend {
		return renaming(func(m store.Message) string { return collapse(m.UserName) })
	}},
	{"white space in names is collapsed by History", "UserName of a message is", func() Backend { return misreading(collapse) }},
	{"an empty name is filled in", `Append: UserName of answer`, func() Backend {
		return renaming(func(m store.Message) string {
			if m.UserName == "" {
				return string(m.UserID)
			}
			return m.UserName
		})
	}},
	{"an empty name is filled in by History", `UserName of a message is "someone", want ""`, func() Backend {
		return misreading(func(name string) string {
			if name == "" {
				return "someone"
			}
			return name
		})
	}},
	{"names are cut after 255 bytes", "Append: UserName of answer", func() Backend {
		return renaming(func(m store.Message) string { return cut(m.UserName, 255) })
	}},
	{"names are cut after 255 bytes in History", "UserName of a message is", func() Backend {
		return misreading(func(name string) string { return cut(name, 255) })
	}},
	{"names lose their case", "Append: UserName of answer 0 is", func() Backend {
		return renaming(func(m store.Message) string { return strings.ToLower(m.UserName) })
	}},
	{"History has the newest name of each user", "UserName of a message is", func() Backend { return newestName(false) }},
	{"all answers have the newest name of each user", "UserName of a message is", func() Backend { return newestName(true) }},
	{"line separators become newlines", "Append: Content of answer 0 is", func() Backend {
		return appending(func(m *store.Message) { m.Content = strings.ReplaceAll(m.Content, "\u2028", "\n") }, nil)
	}},
	{"texts are trimmed of white space", "Append: Content of answer 0 is", func() Backend {
		return appending(func(m *store.Message) { m.Content = collapse(m.Content) }, nil)
	}},
	{"trailing spaces of client ids are ignored", `client id "a " counts as another one`, func() Backend {
		return comparing(func(id string) string { return strings.TrimRight(id, " ") })
	}},
	{"client ids are compared without case", `client id "A" counts as another one`, func() Backend { return comparing(strings.ToLower) }},
	{"client ids are compared by their first 64 bytes", `client id "` + strings.Repeat(`\uac00`, 63) + `1" counts as another one`, func() Backend {
		return comparing(func(id string) string { return cut(id, 64) })
	}},
	{"client ids are compared by their first 63 characters", `client id "` + strings.Repeat("x", 63) + `1" counts as another one`, func() Backend {
		return comparing(func(id string) string { r := []rune(id); return string(r[:min(len(r), 63)]) })
	}},
	{"client ids are cut after 64 bytes", "ClientID of a message is", func() Backend {
		return appending(func(m *store.Message) { m.ClientID = cut(m.ClientID, 64) }, nil)
	}},
	{"client ids are forgotten after 300 messages", "after 1,200 other messages the client id is forgotten", func() Backend {
		n, at := 0, make(map[string]int)
		return appending(func(m *store.Message) {
			n++
			key := string(m.StudyID) + " " + string(m.UserID) + " " + m.ClientID
			if first, known := at[key]; known && n-first > 300 {
				m.ClientID += " " + strconv.Itoa(n)
			} else if !known {
				at[key] = n
			}
		}, nil)
	}},
	{"a repeat is not marked", "client id \"1\" is forgotten", func() Backend {
		return appending(nil, func(m *store.Message) { m.Repeated = false })
	}},
}

// newestName is a store that keeps names in a table of users. With all, Append reads it also
// for repeats.
func newestName(all bool) Backend {
	s := store.NewMemory()
	names := newTable[store.UserID, string]()
	rename := func(msgs []store.Message) []store.Message {
		for i, m := range msgs {
			msgs[i].UserName = names.get(m.UserID)
		}
		return msgs
	}
	return one(&wrong{Store: s,
		append: func(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
			out, err := s.Append(ctx, slices.Clone(msgs))
			for _, m := range out {
				if !m.Repeated {
					names.set(m.UserID, m.UserName)
				}
			}
			for i, m := range out {
				if all && m.Repeated {
					rename(out[i : i+1])
				}
			}
			return out, err
		},
		history: func(ctx context.Context, q store.Query) ([]store.Message, error) {
			msgs, err := s.History(ctx, q)
			return rename(msgs), err
		},
	})
}
