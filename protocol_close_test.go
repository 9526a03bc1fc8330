package coup_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/hub"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/store"
)

// Whatever ends a connection, the client learns the code, then the server hangs
// up, and other connections go on.
func TestBreachesOfTheProtocolHaveTheirCloseCodes(t *testing.T) {
	opts := coup.Options{Rate: -1}
	_, url := serve(t, opts)
	other := login(t, url, "u2")
	other.Join("s1")
	var ends []func(*testing.T)
	big := []byte(`{"event":"x","data":"` + strings.Repeat("a", 64<<10) + `"}`)
	for _, tt := range []struct {
		name  string
		bytes []byte
		code  int
	}{
		{"a normal close", wstest.Frame(0x88, []byte("\x03\xe8bye")), 1000},
		{"a close without a code", wstest.Frame(0x88, nil), 1005},
		{"a browser that leaves the page", wstest.Frame(0x88, []byte("\x03\xe9")), 1001},
		{"a close code of an application", wstest.Frame(0x88, []byte("\x0f\xa0")), 4000},
		{"a close code nobody may send", wstest.Frame(0x88, []byte("\x03\xed")), 1002},
		{"a close frame of one byte", wstest.Frame(0x88, []byte("\x03")), 1002},
		{"a reason that is no text", wstest.Frame(0x88, []byte("\x03\xe8\xff")), 1007},
		{"an unmasked frame", []byte("\x81\x02hi"), 1002},
		{"reserved bits", wstest.Frame(0xc1, []byte("hi")), 1002},
		{"a reserved opcode", wstest.Frame(0x83, []byte("hi")), 1002},
		{"a continuation of nothing", wstest.Frame(0x80, []byte("hi")), 1002},
		{"plain HTTP", []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), 1002},
		{"a binary frame", wstest.Frame(0x82, []byte("hi")), 1003},
		{"text that is no UTF-8", wstest.Frame(0x81, []byte("a\xff")), 1007},
		{"a first fragment that is no UTF-8", wstest.Frame(0x01, []byte("a\xff")), 1007},
		{"64 KiB and one byte", wstest.Frame(0x81, append(big[:64<<10:64<<10], 'a')), 1009},
		{"the header of a terabyte", []byte{0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4}, 1009},
		{"64 KiB and one byte in fragments", append(wstest.Frame(0x01, big[:40_000]), wstest.Frame(0x80, big[:30_000])...), 1009},
	} {
		for _, joined := range []bool{false, true} {
			c := wstest.Dial(t, url, nil)
			if joined {
				c.Login("u1")
				c.Join("s1")
			}
			c.Write(tt.bytes)
			ends = append(ends, func(t *testing.T) {
				t.Logf("%s, joined %v", tt.name, joined)
				c.ExpectClose(tt.code)
				if _, _, err := c.ReadFrame(wstest.Timeout); !isEnd(err) {
					t.Errorf("%s: after the close frame: %v, want the end", tt.name, err)
				}
			})
		}
	}
	// All at once: the server hangs up some time after a breach.
	for _, end := range ends {
		end(t)
	}
	if e := say(other, "s1", "still well"); e.Event != "ack" {
		t.Errorf("another connection: %s", e.Raw)
	}
}

// A client that answers a close frame is let go at once, not when the time to
// answer has passed.
func TestAnsweredCloseEndsAtOnce(t *testing.T) {
	opts := coup.Options{}
	opts.Hub.CloseTimeout = time.Minute
	_, url := serve(t, opts)
	for _, tt := range []struct {
		name string
		do   func(*wstest.Client)
		code int
	}{
		{"a refused token", func(c *wstest.Client) { c.Send("authenticate", nil, data{"token": "bad"}) }, 4401},
		{"a goodbye", func(c *wstest.Client) { c.Write(wstest.Frame(0x88, []byte("\x03\xe8"))) }, 1000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := wstest.Dial(t, url, nil)
			tt.do(c)
			c.ExpectClose(tt.code)
			if _, _, err := c.ReadFrame(wstest.Timeout); !isEnd(err) {
				t.Errorf("the end: %v", err)
			}
		})
	}
}

// isEnd reports whether the server has hung up: it did not merely say nothing.
func isEnd(err error) bool {
	var timeout net.Error
	return err != nil && !(errors.As(err, &timeout) && timeout.Timeout())
}

func TestTheLargestMessageIsRead(t *testing.T) {
	_, url := serve(t, coup.Options{})
	c := login(t, url, "u1")
	raw := `{"event":"join_room","id":"x","data":{"studyId":"s1","more":"%s"}}`
	raw = fmt.Sprintf(raw, strings.Repeat("a", 64<<10-len(raw)+2))
	if len(raw) != 64<<10 {
		t.Fatalf("%d bytes", len(raw))
	}
	c.Text(raw)
	if e := c.Expect("ack"); *e.ID != "x" {
		t.Errorf("got %s", e.Raw)
	}
	// In single bytes, with a ping in between.
	for i, b := range wstest.Frame(0x81, []byte(`{"event":"leave_room","id":"y","data":{"studyId":"s1"}}`)) {
		if i == 0 {
			c.Write(wstest.Frame(0x89, nil))
		}
		c.Write([]byte{b})
	}
	if e := c.Expect("ack"); *e.ID != "y" {
		t.Errorf("got %s", e.Raw)
	}
}

func TestFloodingIsClosed(t *testing.T) {
	_, url := serve(t, coup.Options{})
	for name, frame := range map[string][]byte{
		"bad requests": wstest.Frame(0x81, []byte("junk")),
		"pings":        wstest.Frame(0x89, []byte("p")),
		"pongs":        wstest.Frame(0x8a, nil),
		"bad renewals": wstest.Frame(0x81, []byte(`{"event":"authenticate","data":{"token":"bad"}}`)),
		"leaving":      wstest.Frame(0x81, []byte(`{"event":"leave_room","data":{"studyId":"s1"}}`)),
	} {
		t.Run(name, func(t *testing.T) {
			c := login(t, url, "u1")
			go func() {
				for range 500 {
					if c.Write(frame) != nil {
						return
					}
				}
			}()
			for {
				first, payload, err := c.ReadFrame(wstest.Timeout)
				if err != nil {
					t.Fatalf("ended with %v, want a close frame", err)
				}
				if first == 0x88 {
					if code := int(payload[0])<<8 | int(payload[1]); code != 1008 {
						t.Errorf("code %d, want 1008", code)
					}
					return
				}
			}
		})
	}
	login(t, url, "u1").Join("s1")
}

// A client may ask again and again for what is unavailable: it is told to.
func TestWhatIsAwayIsNoFlooding(t *testing.T) {
	var away atomic.Bool
	opts := coup.Options{Members: store.MembersFunc(func(context.Context, store.StudyID, store.UserID) (string, error) {
		if away.Load() {
			return "", store.ErrUnavailable
		}
		return "member", nil
	})}
	opts.Hub.MaxRefused = 5
	_, url := serve(t, opts)
	c := login(t, url, "u1")
	away.Store(true)
	for range 30 {
		if e := c.Call("join_room", data{"studyId": "s1"}, nil); e.String("code") != "unavailable" {
			t.Fatalf("got %s, want unavailable", e.Raw)
		}
	}
	for range 30 {
		if e := c.Call("authenticate", data{"token": "later"}, nil); e.String("code") != "unavailable" {
			t.Fatalf("got %s, want unavailable", e.Raw)
		}
	}
	away.Store(false)
	c.Join("s1")
}

// buggy is a Store that panics when it is told to.
type buggy struct {
	store.Store
	panics *atomic.Bool
}

func (b *buggy) Append(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
	if b.panics.Load() {
		panic("a bug in the Store")
	}
	return b.Store.Append(ctx, msgs)
}

func TestAPanicEndsOneSessionOnly(t *testing.T) {
	var panics atomic.Bool
	opts := coup.Options{
		Store: &buggy{Store: store.NewMemory(), panics: &panics},
		Verifier: auth.VerifierFunc(func(ctx context.Context, token string) (auth.Identity, error) {
			if token == "boom" {
				panic("a bug in the Verifier")
			}
			return plain(ctx, token)
		}),
		Members: store.MembersFunc(func(_ context.Context, study store.StudyID, _ store.UserID) (string, error) {
			if study == "boom" {
				panic("a bug in Members")
			}
			return "", nil
		}),
	}
	opts.Rate, opts.Room.PostBudget = -1, -1
	s, url := serve(t, opts)
	other := login(t, url, "u2")
	other.Join("s1")
	c := wstest.Dial(t, url, nil)
	c.Send("authenticate", nil, data{"token": "boom"})
	c.ExpectClose(1011)
	c = login(t, url, "u1")
	c.Join("s1")
	if got := s.Stats().Panics; got != 1 {
		t.Errorf("%d panics counted, want 1", got)
	}
	// A backend that panics is one that is away.
	if e := c.Call("join_room", data{"studyId": "boom"}, nil); e.String("code") != "unavailable" || strings.Contains(e.Raw, "bug") {
		t.Errorf("Members panicked: %s, want unavailable", e.Raw)
	}
	panics.Store(true)
	if e := say(c, "s1", "hi"); e.String("code") != "unavailable" || strings.Contains(e.Raw, "bug") {
		t.Errorf("the Store panicked: %s, want unavailable", e.Raw)
	}
	panics.Store(false)
	// Posts are tried again once the store is known to be back.
	var e wstest.Event
	for deadline := time.Now().Add(wstest.Timeout); e.Event != "ack" && time.Now().Before(deadline); {
		e = say(other, "s1", "still well")
	}
	if e.Event != "ack" {
		t.Errorf("another session: %s", e.Raw)
	}
}

func TestShutdownSaysGoingAway(t *testing.T) {
	s, url := serve(t, coup.Options{})
	silent, c := wstest.Dial(t, url, nil), login(t, url, "u1")
	c.Join("s1")
	for i := range 10 {
		id := fmt.Sprint(i)
		c.Send("send_message", &id, data{"studyId": "s1", "content": id})
	}
	for range 20 { // ten acks, ten messages
		if _, err := c.Next(wstest.Timeout); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		done <- s.Shutdown(ctx)
	}()
	c.ExpectClose(1001)
	silent.ExpectClose(1001)
	if err := <-done; err != nil {
		t.Errorf("Shutdown = %v", err)
	}
	if _, resp, err := wstest.Try(t, url, nil); err != nil || resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
		t.Errorf("after it: %v, %v; want 503", resp, err)
	}
	if err := s.Ready(); err == nil {
		t.Error("Ready after Shutdown = nil")
	}
}

// held is a Store that stores nothing until it is let.
type held struct {
	store.Store
	came, let chan struct{}
}

func (h *held) Append(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
	h.came <- struct{}{}
	select {
	case <-h.let:
		return h.Store.Append(ctx, msgs)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestADrainStoresWhatWasPostedAndRefusesWhatComes(t *testing.T) {
	h := &held{store.NewMemory(), make(chan struct{}, 8), make(chan struct{})}
	s, url := serve(t, coup.Options{Store: h})
	c := login(t, url, "u1")
	c.Join("s1")
	early, late := "early", "late"
	c.Send("send_message", &early, data{"studyId": "s1", "content": "before the drain"})
	<-h.came
	done := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), wstest.Timeout)
		defer cancel()
		done <- s.Shutdown(ctx)
	}()
	for deadline := time.Now().Add(wstest.Timeout); s.Ready() == nil; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("the server never drains")
		}
	}
	c.Send("send_message", &late, data{"studyId": "s1", "content": "too late"})
	if e := c.Expect("error"); e.ID == nil || *e.ID != late || e.String("code") != "unavailable" {
		t.Errorf("a post during the drain: %s, want unavailable", e.Raw)
	}
	close(h.let)
	if e := c.Expect("ack"); e.ID == nil || *e.ID != early {
		t.Errorf("the post from before: %s", e.Raw)
	}
	c.Expect("new_message")
	c.ExpectClose(1001)
	if err := <-done; err != nil {
		t.Errorf("Shutdown = %v", err)
	}
	if heads, err := h.Heads(t.Context(), []store.StudyID{"s1"}); err != nil || heads["s1"] != 1 {
		t.Errorf("stored: %v, %v; want one message", heads, err)
	}
}

// What a hub has to catch up with may be larger than the queue: a client that reads
// is not to blame for it.
func TestCatchingUpMayTakeMoreThanTheQueue(t *testing.T) {
	s := store.NewMemory()
	opts := coup.Options{Store: s}
	opts.Hub.MaxQueue = 64 << 10
	opts.Room.CheckHeads = 50 * time.Millisecond
	_, url := serve(t, opts)
	c := login(t, url, "u1")
	c.Join("s1")
	batch := make([]store.Message, store.MaxBatch) // 3 MB
	for i := range batch {
		batch[i] = store.Message{StudyID: "s1", UserID: "u9", Content: strings.Repeat("한", 2000), ClientID: store.NewClientID()}
	}
	if _, err := s.Append(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	expectSeqs(t, c, 1, store.MaxBatch)
	c.Join("s2")
}

// A client that does not read is closed, and misses nothing when it comes back.
func TestSlowReaderIsClosedAndRecovers(t *testing.T) {
	opts := coup.Options{Rate: -1}
	opts.Hub.MaxQueue, opts.Hub.WriteTimeout = 64<<10, -1 // only its queue gives it away
	opts.Hub.CloseTimeout = time.Minute                   // it reads what the system had in its buffers first
	s, url := serve(t, opts)
	slow, c := login(t, url, "slow"), login(t, url, "u1")
	slow.Join("s1")
	c.Join("s1")
	last := int64(0)
	content := strings.Repeat("한", 2000)
	for deadline := time.Now().Add(wstest.Timeout); s.Stats().Slow == 0; {
		if time.Now().After(deadline) {
			t.Fatal("the slow reader is never noticed")
		}
		ack := say(c, "s1", content)
		last = ack.Int("seq")
	}
	have := int64(0)
	for {
		e, err := slow.Next(wstest.Timeout)
		if err != nil {
			var closed *wstest.Closed
			if !errors.As(err, &closed) || closed.Code != 1013 {
				t.Errorf("the slow reader ended with %v, want 1013", err)
			}
			break
		}
		if have++; e.Int("seq") != have {
			t.Fatalf("got seq %d, want %d", e.Int("seq"), have)
		}
	}
	if have >= last {
		t.Fatalf("the slow reader has all %d", last)
	}
	for have < last {
		slow = login(t, url, "slow")
		ack := slow.Call("join_room", data{"studyId": "s1", "after": have}, nil)
		if ack.Data["truncated"] == true {
			have = last - 500 // it reads history up to there
			continue
		}
		expectSeqs(t, slow, have+1, ack.Int("seq"))
		have = ack.Int("seq")
	}
	say(c, "s1", "live")
	expectSeqs(t, slow, last+1, last+1)
}

func TestTooManyConnectionsAreClosed(t *testing.T) {
	t.Run("of one user", func(t *testing.T) {
		_, url := serve(t, coup.Options{})
		var ten []*wstest.Client
		for range 10 {
			ten = append(ten, login(t, url, "u1"))
		}
		c := wstest.Dial(t, url, nil)
		c.Send("authenticate", nil, data{"token": "u1"})
		c.ExpectClose(4429)
		for _, c := range ten {
			c.Join("s1")
		}
		login(t, url, "u2")
		ten[0].Write(wstest.Frame(0x88, nil))
		ten[0].ExpectClose(1005)
		ten[0].Conn.SetReadDeadline(time.Now().Add(wstest.Timeout))
		bufio.NewReader(ten[0].Conn).ReadByte() // the server has hung up, and gives the place up now
		for deadline := time.Now().Add(wstest.Timeout); ; {
			c := wstest.Dial(t, url, nil)
			c.Send("authenticate", nil, data{"token": "u1"})
			e, err := c.Next(wstest.Timeout)
			if err == nil && e.Event == "auth_success" {
				break
			}
			if closed, ok := err.(*wstest.Closed); !ok || closed.Code != 4429 || time.Now().After(deadline) {
				t.Fatalf("authenticate after somebody has left: %s, %v", e.Raw, err)
			}
		}
	})
	t.Run("of one address", func(t *testing.T) {
		opts := coup.Options{}
		opts.Hub.MaxPerAddress = 2
		_, url := serve(t, opts)
		// A handshake is answered before the connection is counted: only with the
		// next answer is it sure to be.
		login(t, url, "u1")
		login(t, url, "u2")
		wstest.Dial(t, url, nil).ExpectClose(4429)
	})
}

func TestAHerdIsLetInByAndBy(t *testing.T) {
	opts := coup.Options{}
	opts.Hub.MaxAccepts = 3
	_, url := serve(t, opts)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	in, refused := 0, 0
	for deadline := time.Now().Add(wstest.Timeout); in < 7; {
		c, resp, err := wstest.Try(t, url, nil)
		switch {
		case err != nil || time.Now().After(deadline):
			t.Fatalf("%d let in, %d refused, then %v", in, refused, err)
		case c != nil:
			c.Close()
			in++
			continue
		case resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "":
			t.Fatalf("refused with %v, want 503 and Retry-After", resp)
		case in < 6:
			t.Fatalf("the %dth was refused, want a burst of 6", in+1)
		}
		refused++
		<-tick.C
	}
	for range 10 { // what is no handshake takes nobody's place
		if resp, err := http.Get(url); err != nil || resp.StatusCode != http.StatusUpgradeRequired {
			t.Fatalf("GET = %v, %v", resp, err)
		} else {
			resp.Body.Close()
		}
	}
	if refused == 0 {
		t.Error("seven were let in at once, want a burst of 6")
	}
}

func TestAFullServerTurnsClientsAway(t *testing.T) {
	opts := coup.Options{}
	opts.Hub.MaxConnections = 2
	_, url := serve(t, opts)
	for range 5 { // what is no handshake takes nobody's place
		if resp, err := http.Get(url); err != nil || resp.Body.Close() != nil || resp.StatusCode < 400 {
			t.Errorf("no handshake: %v, %v; want 4xx", resp, err)
		}
	}
	first, second := login(t, url, "u1"), login(t, url, "u2")
	if _, resp, err := wstest.Try(t, url, nil); err != nil || resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
		t.Errorf("the third: %v, %v; want 503", resp, err)
	}
	second.Close()
	for deadline := time.Now().Add(wstest.Timeout); ; {
		c, _, err := wstest.Try(t, url, nil)
		if err == nil && c != nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("a place that became free is not given away")
		}
	}
	first.Join("s1")
}

// told is a Store that says when presence is reported, and when a join asks for the
// newest seq.
type told struct {
	store.Store
	presence, join chan struct{}
}

func (s *told) SetStatus(ctx context.Context, reports []store.Status) error {
	select {
	case s.presence <- struct{}{}:
	default:
	}
	return s.Store.SetStatus(ctx, reports)
}

func (s *told) Heads(ctx context.Context, studies []store.StudyID) (map[store.StudyID]int64, error) {
	select {
	case s.join <- struct{}{}:
	default:
	}
	return s.Store.Heads(ctx, studies)
}

// Whoever hangs up while a request of theirs is under way leaves nothing behind.
func TestAClientThatHangsUpMeanwhileLeavesNothingBehind(t *testing.T) {
	asked, answer := make(chan struct{}, 1), make(chan struct{})
	wait := func() {
		asked <- struct{}{}
		<-answer
	}
	st := &told{store.NewMemory(), make(chan struct{}, 1), make(chan struct{}, 1)}
	s, url := serve(t, coup.Options{
		Store: st,
		Verifier: auth.VerifierFunc(func(ctx context.Context, token string) (auth.Identity, error) {
			if token == "slow" {
				wait()
			}
			return plain(ctx, token)
		}),
		Members: store.MembersFunc(func(_ context.Context, study store.StudyID, _ store.UserID) (string, error) {
			if study == "slow" {
				wait()
			}
			return "", nil
		}),
	})
	until := func(what string, done func(hub.Stats) bool) {
		t.Helper()
		for deadline := time.Now().Add(wstest.Timeout); !done(s.Stats()); runtime.Gosched() {
			if time.Now().After(deadline) {
				t.Fatalf("never: %s (%+v)", what, s.Stats())
			}
		}
	}
	hangUp := func(c *wstest.Client) {
		t.Helper()
		<-asked
		c.Conn.(*net.TCPConn).SetLinger(0) // with a reset, which an epoll set reports at once
		c.Conn.Close()
		if !onGoroutines { // those read again when the request is done
			until("the connection is gone", func(s hub.Stats) bool { return s.Connections == 0 })
		}
		answer <- struct{}{}
	}

	c := wstest.Dial(t, url, nil)
	c.Send("authenticate", nil, data{"token": "slow"})
	hangUp(c)
	<-st.presence // it was connected
	until("nobody is connected", func(s hub.Stats) bool { return s.Room.Users == 0 })

	c = login(t, url, "u1")
	c.Send("join_room", nil, data{"studyId": "slow"})
	hangUp(c)
	<-st.join // the room is open
	until("the room is closed and nobody is there", func(s hub.Stats) bool { return s.Room.Rooms == 0 && s.Room.Users == 0 })
}
