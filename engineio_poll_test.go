package coup_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/internal/wstest"
)

// An answer is that of a request that is under way.
type answer struct {
	status int
	body   string
}

// waiting sends a GET, and returns when the server has it. The answer comes over the channel.
func waiting(t *testing.T, s *coup.Server, p *polling) <-chan answer {
	t.Helper()
	waitFor(t, "the GET before has ended", func() bool { return s.Stats().Polling == 0 })
	got := make(chan answer, 1)
	go func() {
		status, body := p.do("GET", "")
		got <- answer{status, body}
	}()
	waitFor(t, "the GET waits", func() bool { return s.Stats().Polling == 1 })
	return got
}

func receive(t *testing.T, from <-chan answer) answer {
	t.Helper()
	select {
	case a := <-from:
		return a
	case <-time.After(wstest.Timeout):
		t.Fatal("no answer")
		return answer{}
	}
}

func TestAGETWaitsForSomethingToSend(t *testing.T) {
	s, url := kind{}.serve(t, coup.Options{})
	c := login(t, url, "u2") // in the room before p, so it gets each message after p
	c.Join("s1")
	p := dialPolling(t, url, nil)
	play(t, p, entered("u1")+joined("s1"))
	got := waiting(t, s, p)
	say(c, "s1", "hello")
	if a := receive(t, got); a.status != 200 || !like(a.body, `42["new_message",{*"content":"hello"*},"s1:1:*"]`) {
		t.Errorf("the GET was answered with %d %s", a.status, a.body)
	}
	say(c, "s1", "two")
	say(c, "s1", "three")
	for c.Expect("new_message").Int("seq") != 3 {
	}
	status, body := p.do("GET", "")
	if packets := strings.Split(body, "\x1e"); status != 200 || len(packets) != 2 {
		t.Errorf("the next GET was answered with %d %s, want two packets", status, body)
	}
}

func TestTwoGETsAtOnceEndTheConnection(t *testing.T) {
	s, url := kind{}.serve(t, coup.Options{})
	p := dialPolling(t, url, nil)
	play(t, p, entered("u1"))
	got := waiting(t, s, p)
	if status, body := p.do("GET", ""); status != 400 || !like(body, `{"code":3,*`) {
		t.Errorf("the second GET = %d %s", status, body)
	}
	if a := receive(t, got); a.status != 200 || a.body != "1" {
		t.Errorf("the first GET was answered with %d %q, want the end", a.status, a.body)
	}
	waitFor(t, "the session has ended", func() bool { return s.Stats().Connections == 0 })
	if status, body := p.do("GET", ""); status != 400 || !like(body, `{"code":1,*`) {
		t.Errorf("then a GET = %d %s", status, body)
	}
}

func TestTwoPOSTsAtOnceEndTheConnection(t *testing.T) {
	s, url := kind{}.serve(t, coup.Options{})
	p := dialPolling(t, url, nil)
	play(t, p, entered("u1"))
	first, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	fmt.Fprintf(first, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n4", strings.TrimPrefix(p.url, url))
	waitFor(t, "the second POST is refused", func() bool {
		status, body := p.do("POST", "3")
		return status == 400 && like(body, `{"code":3,*`)
	})
	waitFor(t, "the session has ended", func() bool { return s.Stats().Connections == 0 })
}

func TestAGETThatIsGivenUpEndsTheConnection(t *testing.T) {
	s, url := kind{}.serve(t, coup.Options{})
	p := dialPolling(t, url, nil)
	play(t, p, entered("u1"))
	ctx, give := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "GET", p.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	go patient.Do(r)
	waitFor(t, "the GET waits", func() bool { return s.Stats().Polling == 1 })
	give()
	waitFor(t, "the session has ended", func() bool { return s.Stats().Connections == 0 })
}

func TestAClientThatPollsClosesTheConnection(t *testing.T) {
	s, url := kind{}.serve(t, coup.Options{})
	p := dialPolling(t, url, nil)
	play(t, p, entered("u1"))
	got := waiting(t, s, p)
	if status, body := p.do("POST", "1"); status != 200 || body != "ok" {
		t.Errorf("POST 1 = %d %s", status, body)
	}
	if a := receive(t, got); a.status != 200 || a.body != "6" {
		t.Errorf("the GET was answered with %d %q, want a noop", a.status, a.body)
	}
	waitFor(t, "the session has ended", func() bool { return s.Stats().Connections == 0 })
}

// A client that gets the end together with events handles the end first.
func TestTheEndComesAlone(t *testing.T) {
	s, url := kind{}.serve(t, coup.Options{})
	p := dialPolling(t, url, nil)
	play(t, p, entered("u1")+joined("s1"))
	c := login(t, url, "u2")
	c.Join("s1")
	say(c, "s1", "last")
	done := make(chan error, 1)
	go func() { done <- s.Shutdown(t.Context()) }()
	waitFor(t, "the server drains", func() bool { return s.Ready() != nil })
	c.ExpectClose(1001)
	if status, body := p.do("GET", ""); status != 200 || !like(body, `42["new_message",{*"content":"last"*},"s1:1:*"]`) {
		t.Errorf("GET = %d %q", status, body)
	}
	if status, body := p.do("GET", ""); status != 200 || body != "1" {
		t.Errorf("the next GET = %d %q, want the end", status, body)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
