package relay

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/internal/work"
	"github.com/coupchat/coup/store"
)

func secret(name string) []byte { return bytes.Repeat([]byte(name), 32) }

// startWith is start with secrets.
func startWith(t *testing.T, b bus.Bus, node store.NodeID, secrets ...[]byte) *Relay {
	w := work.NewGroup(time.Second)
	r := New(Options{Bus: b, Node: node, Prefix: "test:", Secrets: secrets, Work: w, Log: slog.New(slog.DiscardHandler)})
	w.Go(r.Run)
	t.Cleanup(func() { w.End(); w.Wait() })
	return r
}

func TestHubsWithTheSameSecretUnderstandEachOther(t *testing.T) {
	a, b, other := secret("a"), secret("b"), secret("c")
	for _, tt := range []struct {
		name             string
		writes, reads    [][]byte
		messages         bool
		hints, malformed int64
	}{
		{"the same secret", [][]byte{a}, [][]byte{a}, true, 0, 0},
		{"before a rotation and in its middle", [][]byte{a}, [][]byte{b, a}, true, 0, 0},
		{"in the middle of a rotation and before", [][]byte{a, b}, [][]byte{a}, true, 0, 0},
		{"after a rotation and in its middle", [][]byte{b}, [][]byte{a, b}, true, 0, 0},
		{"another secret", [][]byte{other}, [][]byte{a, b}, false, 0, 1},
		{"nothing signed, and nothing asked for", nil, nil, true, 0, 0},
		{"signed, and not asked for", [][]byte{a}, nil, true, 0, 0},
		{"not signed, as by the version before", nil, [][]byte{a}, false, 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBus(t)
				writes, reads := startWith(t, b, "hub-1", tt.writes...), startWith(t, b, "hub-2", tt.reads...)
				rec := receive(t, reads, "s1")
				writes.Publish([]store.Message{message("s1", 7, "a"), message("s1", 8, "b")})
				if tt.messages {
					rec.expect(t, 7, 8)
				} else {
					rec.expect(t)
				}
				if got := rec.hints.Load(); got != tt.hints || got > 0 && rec.hint.Load() != 8 {
					t.Errorf("%d hints, the last to %d; want %d, to 8", got, rec.hint.Load(), tt.hints)
				}
				if got := reads.Malformed(); got != tt.malformed {
					t.Errorf("%d malformed, want %d", got, tt.malformed)
				}
			})
		})
	}
}

// Nothing of a signed payload can be changed, nor published elsewhere.
func TestAForgedPayloadIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(t)
		r := startWith(t, b, "hub-1", secret("a"))
		rec := receive(t, r, "s1")
		body, err := json.Marshal([]store.Message{message("s1", 3, "text")})
		if err != nil {
			t.Fatal(err)
		}
		good := string(keys{secret("a")}.seal("hub-2", "test:room:s1", body))
		forged := []string{
			strings.Replace(good, "text", "evil", 1), strings.Replace(good, `:3,`, `:4,`, 1), strings.Replace(good, "hub-2", "hub-3", 1),
			strings.Replace(good, "2 hub-2 ", "2 hub-2 A", 1), strings.Replace(good, "2 hub-2", "3 hub-2", 1), strings.Replace(good, " ", "  ", 1),
			string(keys{secret("a")}.seal("hub-2", "test:room:s2", body)),
			string(keys{secret("b")}.seal("hub-2", "test:room:s1", body)),
			"2 hub-2 \n" + string(body), "2 hub-2\n" + string(body), "2 hub-1 x\n" + string(body),
		}
		for _, payload := range append(forged, good) {
			if err := b.Publish(t.Context(), bus.Message{Channel: "test:room:s1", Payload: []byte(payload)}); err != nil {
				t.Fatal(err)
			}
		}
		rec.expect(t, 3)
		if n := r.Malformed(); n != int64(len(forged)) {
			t.Errorf("Malformed = %d, want %d", n, len(forged))
		}
	})
}

// Any payload is read without a panic. With a secret none is believed that no hub has signed.
func FuzzPayload(f *testing.F) {
	body, _ := json.Marshal([]store.Message{message("s1", 3, "text")})
	k := keys{secret("a"), secret("b")}
	f.Add(k.seal("hub-2", "c", body))
	f.Add(keys(nil).seal("hub-2", "c", body))
	f.Add([]byte("2 hub-2 x\n[]"))
	f.Add([]byte("1 \nnull"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, k := range []keys{nil, k} {
			p, err := k.open(b, "c")
			if err != nil {
				continue
			}
			if len(k) > 0 && p.proven && !bytes.Equal(b, append([]byte("2 "+p.node+" "+store.NodeID(sign(k[0], "c", p.node, p.body))+"\n"), p.body...)) &&
				!bytes.Equal(b, append([]byte("2 "+p.node+" "+store.NodeID(sign(k[1], "c", p.node, p.body))+"\n"), p.body...)) {
				t.Errorf("%q counts as signed", b)
			}
			msgs, err := p.messages("s1")
			for _, m := range msgs {
				if err == nil && (m.Seq < 1 || m.StudyID != "s1" || m.Clean() != nil) {
					t.Errorf("%q brings %+v", b, m)
				}
			}
		}
	})
}
