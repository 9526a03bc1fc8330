package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coupchat/coup/store"
)

// A wrong store is a memory store with a method that is wrong.
type wrong struct {
	store.Store
	append  func(ctx context.Context, msgs []store.Message) ([]store.Message, error)
	history func(ctx context.Context, q store.Query) ([]store.Message, error)
	heads   func(ctx context.Context, studies []store.StudyID) (map[store.StudyID]int64, error)
	status  func(ctx context.Context, reports []store.Status) error
	failure func(error) error
}

func (w *wrong) fail(err error) error {
	if w.failure != nil && err != nil {
		return w.failure(err)
	}
	return err
}

func (w *wrong) Append(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
	if w.append != nil {
		return w.append(ctx, msgs)
	}
	out, err := w.Store.Append(ctx, msgs)
	return out, w.fail(err)
}

func (w *wrong) History(ctx context.Context, q store.Query) ([]store.Message, error) {
	if w.history != nil {
		return w.history(ctx, q)
	}
	out, err := w.Store.History(ctx, q)
	return out, w.fail(err)
}

func (w *wrong) Heads(ctx context.Context, studies []store.StudyID) (map[store.StudyID]int64, error) {
	if w.heads != nil {
		return w.heads(ctx, studies)
	}
	return w.Store.Heads(ctx, studies)
}

func (w *wrong) SetStatus(ctx context.Context, reports []store.Status) error {
	if w.status != nil {
		return w.status(ctx, reports)
	}
	return w.Store.SetStatus(ctx, reports)
}

// appending is a store that changes what goes into Append, and what comes out.
func appending(in, out func(m *store.Message)) Backend {
	s := store.NewMemory()
	return one(&wrong{Store: s, append: func(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
		msgs = slices.Clone(msgs)
		sent := slices.Clone(msgs)
		for i := range msgs {
			if in != nil {
				in(&msgs[i])
			}
		}
		stored, err := s.Append(ctx, msgs)
		for i := range stored {
			stored[i].StudyID, stored[i].UserID, stored[i].ClientID = sent[i].StudyID, sent[i].UserID, sent[i].ClientID
			if out != nil {
				out(&stored[i])
			}
		}
		return stored, err
	}})
}

// reading is a store that changes the answers of History.
func reading(change func(q store.Query, msgs []store.Message) []store.Message, ask func(q *store.Query)) Backend {
	s := store.NewMemory()
	return one(&wrong{Store: s, history: func(ctx context.Context, q store.Query) ([]store.Message, error) {
		asked := q
		if ask != nil {
			ask(&asked)
		}
		msgs, err := s.History(ctx, asked)
		if change != nil {
			msgs = change(q, msgs)
		}
		return msgs, err
	}})
}

func one(s store.Store) Backend {
	return Backend{Store: s, Second: func() store.Store { return s }, Reopen: func() store.Store { return s }}
}

// broken are backends with the faults of real ones, and the beginning of the message that
// each gets.
var broken = []struct {
	name, message string
	open          func() Backend
}{
	{"a counter in the process", "with two handles in turn, append 2 gets seq 1", func() Backend {
		b := one(store.NewMemory())
		b.Second = func() store.Store { return store.NewMemory() } // it counts for itself
		return b
	}},
	{"the user name is dropped", "Append: UserName of answer 0 is", func() Backend {
		return appending(func(m *store.Message) { m.UserName = "" }, nil)
	}},
	{"times are whole seconds", "SentAt of each message is a whole second", func() Backend {
		return appending(nil, func(m *store.Message) { m.SentAt = m.SentAt.Truncate(time.Second) })
	}},
	{"nothing is kept", "0 messages, want 3: the first that is missing has seq 1", func() Backend {
		b := one(store.NewMemory())
		b.Reopen = func() store.Store { return store.NewMemory() }
		return b
	}},
	{"ids of users lose their case", "users Mina and mina count as one", func() Backend {
		return appending(func(m *store.Message) { m.UserID = store.UserID(strings.ToLower(string(m.UserID))) }, nil)
	}},
	{"trailing spaces of client ids are ignored", `client id "a " came back as "a ", repeated true`, func() Backend {
		return appending(func(m *store.Message) { m.ClientID = strings.TrimRight(m.ClientID, " ") }, nil)
	}},
	{"client ids are forgotten after 300 messages", "after 1,200 other messages the client id is forgotten", func() Backend {
		n := 0
		return appending(func(m *store.Message) {
			if n++; n > 1000 && m.Content == "first" {
				m.ClientID += " anew"
			}
		}, nil)
	}},
	{"every error is ErrInvalid", "Append with a cancelled context returns ErrInvalid", func() Backend {
		return one(&wrong{Store: store.NewMemory(), failure: func(err error) error { return errors.Join(store.ErrInvalid, err) }})
	}},
	{"Append ignores its context", "Append goes on for 3s although its context is done", func() Backend {
		s := store.NewMemory()
		return one(&wrong{Store: s, append: func(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
			if _, ok := ctx.Deadline(); ok && len(msgs) == 10 {
				<-time.After(5 * time.Second) // a driver that does not know contexts
			}
			return s.Append(ctx, msgs)
		}})
	}},
	{"an online report prolongs the lease", "not within 5s: u1 is offline after the lease of its node has ended", func() Backend {
		s := store.NewMemory()
		return one(&wrong{Store: s, status: func(ctx context.Context, reports []store.Status) error {
			for _, r := range reports {
				if r.Online && r.NodeID != "" {
					_ = s.RenewNode(ctx, r.NodeID, store.LeaseTTL)
				}
			}
			return s.SetStatus(ctx, reports)
		}})
	}},
	{"History begins with the newest", "message 1 of", func() Backend {
		return reading(func(_ store.Query, msgs []store.Message) []store.Message { slices.Reverse(msgs); return msgs }, nil)
	}},
	{"History returns one too many", "4 messages, want 3", func() Backend {
		return reading(nil, func(q *store.Query) { q.Limit++ })
	}},
	{"History ignores Newest", "message 1 of 3 has seq 1, want 8", func() Backend {
		return reading(nil, func(q *store.Query) { q.Newest = false })
	}},
	{"Before is inclusive", "4 messages, want 3", func() Backend {
		return reading(nil, func(q *store.Query) {
			if q.Before > 0 {
				q.Before++
			}
		})
	}},
	{"After is inclusive", "message 1 of", func() Backend {
		return reading(nil, func(q *store.Query) { q.After = max(0, q.After-1) })
	}},
	{"Heads leaves out studies without messages", "Heads = map", func() Backend {
		s := store.NewMemory()
		return one(&wrong{Store: s, heads: func(ctx context.Context, studies []store.StudyID) (map[store.StudyID]int64, error) {
			heads, err := s.Heads(ctx, studies)
			for id, seq := range heads {
				if seq == 0 {
					delete(heads, id)
				}
			}
			return heads, err
		}})
	}},
	{"a repeat is not marked", "client id \"1\" is forgotten", func() Backend {
		return appending(nil, func(m *store.Message) { m.Repeated = false })
	}},
	{"texts are trimmed", "Append: Content of answer 0 is", func() Backend {
		return appending(func(m *store.Message) { m.Content = strings.ReplaceAll(m.Content, "\u2028", "\n") }, nil)
	}},
	{"the messages of the caller are changed", "Append changed its input", func() Backend {
		s := store.NewMemory()
		return one(&wrong{Store: s, append: func(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
			out, err := s.Append(ctx, msgs)
			copy(msgs, out)
			return out, err
		}})
	}},
	{"one offline report counts for all nodes", "Presence(u1) = ", func() Backend {
		s := store.NewMemory()
		return one(&wrong{Store: s, status: func(ctx context.Context, reports []store.Status) error {
			for _, r := range reports {
				if !r.Online {
					for _, node := range []store.NodeID{"n1", "n2", ""} {
						_ = s.SetStatus(ctx, []store.Status{{UserID: r.UserID, NodeID: node}})
					}
				}
			}
			return s.SetStatus(ctx, reports)
		}})
	}},
}

// brokenName names the broken backend that a child process tests.
const brokenName = "STORETEST_BROKEN"

// said1 finds the first message of a failed test.
var said1 = regexp.MustCompile(`\n\s+[a-z]+\.go:\d+: (.*)`)

func TestBrokenBackendsAreCaught(t *testing.T) {
	if name := os.Getenv(brokenName); name != "" { // the child process
		for _, b := range broken {
			if b.name == name {
				Run(t, func(*testing.T) Backend { return b.open() })
			}
		}
		return
	}
	for _, b := range broken {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestBrokenBackendsAreCaught$", "-test.count=1")
			cmd.Env = append(os.Environ(), brokenName+"="+b.name)
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			err := cmd.Run()
			var failed *exec.ExitError
			if !errors.As(err, &failed) {
				t.Fatalf("the kit passes it: %v", err)
			}
			var messages []string
			for _, m := range said1.FindAllStringSubmatch(out.String(), -1) {
				messages = append(messages, m[1])
				if len(m[1]) > 700 {
					t.Errorf("a message has %d bytes", len(m[1]))
				}
			}
			i := slices.IndexFunc(messages, func(m string) bool { return strings.HasPrefix(m, b.message) })
			if i < 0 {
				t.Fatalf("the kit says %q, want %q", messages, b.message)
			}
			t.Logf("%s: %s", b.name, messages[i])
		})
	}
}

// Ids of a backend that takes only UUIDs.
func TestABackendMayHaveItsOwnIDs(t *testing.T) {
	Run(t, func(t *testing.T) Backend {
		s := store.NewMemory()
		uuid := regexp.MustCompile(`^00000000-0000-0000-0000-[0-9]{12}$`)
		n := 0
		strict := &wrong{Store: s, append: func(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
			for _, m := range msgs {
				if !uuid.MatchString(string(m.StudyID)) || !uuid.MatchString(string(m.UserID)) {
					return nil, fmt.Errorf("%w: %s and %s are no UUIDs", store.ErrInvalid, m.StudyID, m.UserID)
				}
			}
			return s.Append(ctx, msgs)
		}}
		b := one(strict)
		b.NewID = func() string { n++; return fmt.Sprintf("00000000-0000-0000-0000-%012d", n) }
		return b
	})
}
