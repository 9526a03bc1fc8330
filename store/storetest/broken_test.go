package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/coupchat/coup/store"
)

// brokenName names the broken backend that a child process tests.
const brokenName = "STORETEST_BROKEN"

// failure finds the messages of a failed test.
var failure = regexp.MustCompile(`\n\s+[a-z_]+\.go:\d+: (.*)`)

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
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestBrokenBackendsAreCaught$", "-test.count=1", "-test.failfast")
			cmd.Env = append(os.Environ(), brokenName+"="+b.name)
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			err := cmd.Run()
			var failed *exec.ExitError
			if !errors.As(err, &failed) {
				t.Fatalf("the kit passes it: %v", err)
			}
			var messages []string
			for _, m := range failure.FindAllStringSubmatch(out.String(), -1) {
				messages = append(messages, m[1])
				if len(m[1]) > 700 {
					t.Errorf("a message has %d bytes", len(m[1]))
				}
			}
			if len(messages) == 0 || !strings.HasPrefix(messages[0], b.message) {
				t.Fatalf("the kit says %q, want %q first", messages, b.message)
			}
			t.Logf("%s: %s", b.name, messages[0])
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
