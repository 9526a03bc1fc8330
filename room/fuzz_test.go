package room

import (
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/coupchat/coup/internal/index"
	"github.com/coupchat/coup/internal/membership"
	"github.com/coupchat/coup/internal/work"
	"github.com/coupchat/coup/store"
)

// quiet returns a listener of a hub with one connection of u1, and what it gets.
func quiet(f *testing.F) (*listener, *fuzzed) {
	w := work.NewGroup(0)
	f.Cleanup(func() { w.End(); w.Wait() })
	c := &fuzzed{}
	us := &users{byID: index.New((*user).key), report: func(store.UserID, bool) {}}
	if err := us.connect(c, -1); err != nil {
		f.Fatal(err)
	}
	return &listener{
		users: us, members: membership.New(guarded{members: anybody}, w, 0), room: func(store.StudyID) *room { return nil },
		stats: &counters{}, log: slog.New(slog.DiscardHandler),
	}, c
}

type fuzzed struct{ got []*Event }

func (*fuzzed) User() store.UserID { return "u1" }
func (c *fuzzed) Deliver(b *Batch) { c.got = append(c.got, b.Events...) }

// check checks what clients are shown of an announcement.
func (c *fuzzed) check(t *testing.T, payload []byte) {
	t.Helper()
	for _, ev := range c.got {
		n := ev.Notice
		if ev.Kind != Notified || n.Type == "" || len(n.Type) > 128 || len(n.Message) > maxText || n.Link != "" && !ValidLink(n.Link) || !utf8.ValidString(n.Message) {
			t.Errorf("%q is shown as %+v", payload, n)
		}
	}
	c.got = nil
}

// Any payload is taken without a panic, and shows nothing that is not valid.
func FuzzNotification(f *testing.F) {
	f.Add([]byte(`{"userId":"u1","type":"t","message":"m","link":"/studies/1","id":"1"}`))
	f.Add([]byte(`{"userIds":["u1","u2"],"type":"t","message":"m","link":"https://example.org/?a=b"}`))
	f.Add([]byte(`{"userId":"u1","type":"","link":7}`))
	l, c := quiet(f)
	f.Fuzz(func(t *testing.T, payload []byte) {
		_ = l.notification(payload)
		c.check(t, payload)
	})
}

func FuzzStudyEvent(f *testing.F) {
	f.Add([]byte(`{"type":"member_kicked","studyId":"s1","userId":"u1","message":"out","link":"/"}`))
	f.Add([]byte(`{"type":"member_approved","studyId":"s1","userId":"u1"}`))
	f.Add([]byte(`{"type":"messages_erased","studyId":"s1","from":1,"to":3}`))
	f.Add([]byte(`{"type":"notice","studyId":"s1","message":"m","id":"1","from":"x"}`))
	f.Add([]byte(`{"type":"other","studyId":"s1","userId":"u1","link":"javascript:x"}`))
	l, c := quiet(f)
	f.Fuzz(func(t *testing.T, payload []byte) {
		_ = l.studyEvent(payload)
		c.check(t, payload)
	})
}

// A valid link is a path of the same site or https, as a browser reads it too.
func FuzzLink(f *testing.F) {
	for _, link := range []string{"/studies/1", "https://example.org/a?b#c", "//evil", "/\\evil", "JaVa\tScript:x", "data:x", "https:/x", "/%0aevil", "https://a@b/", "/a//b", "https://é.example/"} {
		f.Add(link)
	}
	f.Fuzz(func(t *testing.T, link string) {
		if !ValidLink(link) {
			return
		}
		// A browser drops tabs and line ends, controls and spaces at both ends, and reads a
		// backslash as a slash (https://url.spec.whatwg.org/#concept-basic-url-parser). Other white
		// space stays.
		trimmed := strings.TrimFunc(link, func(r rune) bool { return r <= ' ' })
		seen := strings.ReplaceAll(strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(trimmed), "\\", "/")
		base, _ := url.Parse("https://chat.example.org/studies/1")
		u, err := base.Parse(seen)
		switch {
		case err != nil || u.Scheme != "https" || u.User != nil:
			t.Errorf("%q leads to %v, %v", link, u, err)
		case strings.HasPrefix(link, "/") && u.Host != "chat.example.org":
			t.Errorf("%q leaves the site, to %s", link, u.Host)
		case seen != link || !utf8.ValidString(link):
			t.Errorf("%q is read as %q", link, seen)
		}
	})
}
