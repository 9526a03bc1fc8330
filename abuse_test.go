//go:build unix

package coup_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/store"
)

var long = flag.Bool("abuse", false, "print what requests cost, and run as many as make abuse does")

// A hollow is a store that keeps only the newest seq, so that all memory is the hub's. It makes up
// the messages that it is asked for, and counts calls.
type hollow struct {
	store.Store
	calls   atomic.Int64
	content string
	head    int64
}

func (l *hollow) Append(_ context.Context, msgs []store.Message) ([]store.Message, error) {
	l.calls.Add(1)
	out := make([]store.Message, len(msgs))
	for i, m := range msgs {
		m.ID, m.Seq, m.SentAt = fmt.Sprint("id", i), atomic.AddInt64(&l.head, 1), time.Now()
		out[i] = m
	}
	return out, nil
}

func (l *hollow) History(_ context.Context, q store.Query) (msgs []store.Message, err error) {
	l.calls.Add(1)
	last := atomic.LoadInt64(&l.head)
	if q.Before > 0 {
		last = min(last, q.Before-1)
	}
	for seq := q.After + 1; seq <= last && len(msgs) < q.Limit; seq++ {
		msgs = append(msgs, store.Message{
			ID: fmt.Sprint(q.StudyID, ":", seq), StudyID: q.StudyID, Seq: seq, UserID: "u9", UserName: "Park", Content: strings.Clone(l.content), SentAt: time.Unix(seq, 0),
		})
	}
	return msgs, nil
}

func (l *hollow) Heads(_ context.Context, studies []store.StudyID) (map[store.StudyID]int64, error) {
	l.calls.Add(1)
	heads := map[store.StudyID]int64{}
	for _, study := range studies {
		heads[study] = atomic.LoadInt64(&l.head)
	}
	return heads, nil
}

// heap returns the bytes in use, without garbage.
func heap() int64 {
	var m runtime.MemStats
	for range 3 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// A sender is a connection that counts the bytes that it sends, and keeps nothing of what it reads.
type sender struct {
	conn net.Conn
	sent int64
}

// dial connects, and authenticates unless token is "".
func dial(t *testing.T, address, token string) *sender {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	a := &sender{conn: conn}
	a.write([]byte("GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"))
	if token != "" {
		a.text(`{"event":"authenticate","data":{"token":"` + token + `"}}`)
	}
	return a
}

func (a *sender) write(b []byte) {
	n, _ := a.conn.Write(b)
	a.sent += int64(n)
}

func (a *sender) text(s string) { a.write(wstest.Frame(0x81, []byte(s))) }

// ask sends requests one after the other, and waits until the last is answered.
func (a *sender) ask(t *testing.T, n int, request func(i int) string) {
	t.Helper()
	var asking sync.WaitGroup
	defer asking.Wait()
	asking.Go(func() {
		for i := range n {
			a.text(request(i))
		}
		a.text(`{"event":"leave_room","id":"last one","data":{"studyId":"nowhere"}}`)
	})
	a.conn.SetReadDeadline(time.Now().Add(60 * time.Second))
	buf := make([]byte, 64<<10)
	for tail := ""; !strings.Contains(tail, `"last one"`); {
		n, err := a.conn.Read(buf)
		if err != nil {
			t.Fatalf("waiting for the last answer: %v", err)
		}
		tail = tail[max(0, len(tail)-100):] + string(buf[:n])
	}
}

// What one client can make a hub do: for the bytes it sends, how many stay in memory, and how
// often the store is asked. What rooms remember is bounded for all of them together, by
// room.Options.MaxMemory.
func TestNoRequestAmplifies(t *testing.T) {
	const memory = 8 << 20 // instead of 64 MiB, to see the bound sooner
	content := strings.Repeat("가", store.MaxContent)
	replays := 20
	if *long {
		replays = 100
	}
	rows := []struct {
		name    string
		clients int
		token   bool
		do      func(t *testing.T, a *sender, i int)
		// times is how many bytes may stay for each byte that was sent, and base how many
		// more for each client. calls is how often the store may be asked for each request.
		times, base int64
		requests    int
		calls       float64
		posts       int64 // how many are stored, which their sender does not wait for
	}{
		{"a stranger who is silent", 400, false, func(*testing.T, *sender, int) {}, 0, 12 << 10, 1, 0, 0},
		{"a stranger with half a message", 400, false, func(_ *testing.T, a *sender, _ int) {
			a.write(wstest.Frame(0x81, []byte(strings.Repeat("x", 16<<10)))[:16_000])
		}, 2, 12 << 10, 1, 0, 0},
		{"a stranger in tiny fragments", 400, false, func(_ *testing.T, a *sender, _ int) {
			a.write(wstest.Frame(0x01, nil))
			for range 60 {
				a.write(wstest.Frame(0x00, []byte("x")))
			}
		}, 4, 12 << 10, 1, 0, 0},
		{"a user who authenticates again and again", 20, true, func(t *testing.T, a *sender, i int) {
			a.ask(t, 80, func(int) string {
				return `{"event":"authenticate","id":"1","data":{"token":"` + fmt.Sprint("u", i) + `"}}`
			})
		}, 10, 16 << 10, 80, 0, 0},
		{"half a message of 64 KiB", 40, true, func(t *testing.T, a *sender, _ int) {
			a.ask(t, 1, func(int) string { return `{}` })
			a.write(wstest.Frame(0x81, []byte(strings.Repeat("x", 64<<10)))[:64_000])
		}, 3, 24 << 10, 1, 0, 0},
		{"requests that are refused", 20, true, func(t *testing.T, a *sender, _ int) {
			a.ask(t, 90, func(i int) string { return `{"event":"none","id":"` + strings.Repeat("x", 60) + `"}` })
		}, 10, 16 << 10, 90, 0, 0},
		{"joins of studies, and leaving them", 20, true, func(t *testing.T, a *sender, n int) {
			a.ask(t, 180, func(i int) string {
				event := "join_room"
				if i%2 == 1 {
					event = "leave_room"
				}
				return fmt.Sprintf(`{"event":"%s","data":{"studyId":"%d-%d"}}`, event, n, i/2)
			})
		}, 50, 16 << 10, 180, 1.5, 0},
		{"joins of 150 studies", 20, true, func(t *testing.T, a *sender, n int) {
			a.ask(t, 150, func(i int) string { return fmt.Sprintf(`{"event":"join_room","data":{"studyId":"%d-%d"}}`, n, i) })
		}, 50, 16 << 10, 150, 1.5, 0},
		{"joins of many studies, each with 500 messages of 6 KB", 1, true, func(t *testing.T, a *sender, n int) {
			a.ask(t, replays, func(i int) string {
				return fmt.Sprintf(`{"event":"join_room","data":{"studyId":"%d-%d","after":0}}`, n, i)
			})
		}, 50, 4 << 20, replays, 12, 0},
		{"messages of 6 KB", 20, true, func(t *testing.T, a *sender, n int) {
			a.ask(t, 19, func(i int) string {
				if i == 0 {
					return fmt.Sprintf(`{"event":"join_room","data":{"studyId":"m%d"}}`, n)
				}
				return fmt.Sprintf(`{"event":"send_message","data":{"studyId":"m%d","content":"%s"}}`, n, content)
			})
		}, 3, 16 << 10, 19, 1.2, 20 * 18},
	}
	var printed strings.Builder
	table := tabwriter.NewWriter(&printed, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "what one client does\tclients\tbytes in\tbytes that stay\ttimes\tremembered\tcalls of the store\tCPU (both ends)")
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			l := &hollow{Store: store.NewMemory(), content: content, head: 500}
			opts := coup.Options{Store: l, Log: slog.New(slog.DiscardHandler)}
			opts.Room.MaxMemory = memory
			opts.Hub.AuthTimeout, opts.Hub.PingEvery = -1, -1
			s, address := kind{}.serve(t, opts)
			first := dial(t, address, "warm")
			first.ask(t, 1, func(int) string { return `{}` })
			before, began, asked := heap(), cpu(), l.calls.Load()
			clients := make([]*sender, row.clients)
			in := int64(0)
			for i := range clients {
				token := ""
				if row.token {
					token = fmt.Sprint("u", i)
				}
				clients[i] = dial(t, address, token)
				row.do(t, clients[i], i)
				in += clients[i].sent
			}
			waitFor(t, "all clients are connected", func() bool { return s.Stats().Connections == row.clients+1 })
			waitFor(t, "all posts are delivered", func() bool { return s.Stats().Room.Delivered >= row.posts })
			spent, calls, remembered := cpu()-began, l.calls.Load()-asked, s.Stats().Room.Remembered
			stays := heap() - before
			fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%.1f\t%d\t%d\t%s\n", row.name, row.clients, in, stays, float64(stays)/float64(in), remembered, calls, spent.Round(time.Millisecond))
			if limit := row.times*in + row.base*int64(row.clients) + min(remembered*3/2, memory*2) + 2<<20; stays > limit {
				t.Errorf("%s: %d bytes stay for %d that were sent (%d remembered), want at most %d", row.name, stays, in, remembered, limit)
			}
			if remembered > memory {
				t.Errorf("%s: rooms remember %d bytes, want at most %d", row.name, remembered, memory)
			}
			if most := row.calls*float64(row.requests*row.clients) + 20; float64(calls) > most {
				t.Errorf("%s: the store was asked %d times, want at most %.0f", row.name, calls, most)
			}
			for _, c := range append(clients, first) {
				c.conn.Close()
			}
		})
	}
	table.Flush()
	if *long {
		t.Log("\n" + printed.String())
	}
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(wstest.Timeout); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// Clients come, authenticate, join, leave and go, thousands of them. Nothing of them stays.
func TestNothingStaysOfClientsThatAreGone(t *testing.T) {
	cycles := 1000
	if *long {
		cycles = 20_000
	}
	eachKind(t, func(t *testing.T, k kind) {
		opts := coup.Options{Rate: -1, Log: slog.New(slog.DiscardHandler)}
		opts.Hub.MaxAccepts = -1
		s, address := k.serve(t, opts)
		// A test keeps each of its connections until it ends. So a few clients come in a test of
		// their own.
		few := func(t *testing.T) {
			for i := range 100 {
				c := login(t, address, fmt.Sprint("u", i%50))
				c.Join(fmt.Sprint("s", i))
				c.Call("leave_room", data{"studyId": fmt.Sprint("s", i)}, nil)
				if i%2 == 0 {
					c.Write(wstest.Frame(0x88, []byte("\x03\xe8")))
					c.ExpectClose(1000)
				}
				c.Close()
			}
		}
		round := func(n int) {
			for range n / 100 {
				t.Run("clients", few)
			}
			waitFor(t, "all sessions have ended", func() bool { return s.Stats().Connections == 0 && s.Stats().Room.Rooms == 0 })
		}
		round(300)
		goroutines, files, bytes := runtime.NumGoroutine(), openFiles(t), heap()
		round(cycles)
		waitFor(t, "goroutines and files are as before", func() bool { return runtime.NumGoroutine() <= goroutines+5 && openFiles(t) <= files+5 })
		grown := heap() - bytes
		if *long {
			t.Logf("%d cycles: %d goroutines, %d files, %+d bytes", cycles, runtime.NumGoroutine(), openFiles(t), grown)
		}
		if grown > 1<<20 {
			t.Errorf("%d cycles left %d bytes", cycles, grown)
		}
	})
}
