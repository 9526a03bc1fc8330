package coup_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
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
	p := dialPolling(t, url, nil)
	play(t, p, entered("u1")+joined("s1"))
	got := waiting(t, s, p)
	c := login(t, url, "u2")
	c.Join("s1")
	say(c, "s1", "hello")
	if a := receive(t, got); a.status != 200 || !like(a.body, `42["new_message",{*"content":"hello"*},"s1:1:*"]`) {
		t.Errorf("the GET was answered with %d %s", a.status, a.body)
	}
	say(c, "s1", "two")
	say(c, "s1", "three")
	status, body := p.do("GET", "")
	if packets := strings.Split(body, "\x1e"); status != 200 || len(packets) != 2 {
		t.Errorf("the next GET was answered with %d %s, want two packets", status, body)
	}
}

func TestTwoGETsAtOnceEndTheConnection(t *testing.T) {
	s, url := kind{}.serve(t, coup.Options{})
	p := dialPolling(t, url, nil)
	play(t, p, opened)
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
	play(t, p, opened)
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
	play(t, p, opened)
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
	play(t, p, opened)
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

func TestHeartbeats(t *testing.T) {
	for name, open := range transports {
		t.Run(name, func(t *testing.T) {
			opts := coup.Options{}
			opts.Hub.PingEvery, opts.Hub.PongTimeout = time.Second, 3*time.Second
			s, url := kind{}.serve(t, opts)
			p := open(t, url)
			play(t, p, `< 0{*"pingInterval":1000,"pingTimeout":2000,*}
				> 40{"token":"u1"}
				< 40{*}
				< 42["auth_success",*
				< 2
				> 3
				< 2
				> 3
				< 2
				> 3
				< 2`)
			// A client that does not answer is cut.
			waitFor(t, "the silent client is cut", func() bool { return s.Stats().Connections == 0 })
		})
	}
}

// Without pings of the server a client would end the connection after some time: it is told one
// that is as long as it can count.
func TestWithoutPingsAClientWaitsForEver(t *testing.T) {
	opts := coup.Options{}
	opts.Hub.PingEvery = -1
	_, url := kind{}.serve(t, opts)
	for _, open := range transports {
		play(t, open(t, url), `< 0{*"pingInterval":1073741823,"pingTimeout":1073741823,*}`)
	}
}

// The timeouts of an http.Server are for requests that are answered at once.
func TestAGETWaitsLongerThanTheTimeoutsOfTheServer(t *testing.T) {
	s, _ := kind{}.serve(t, coup.Options{})
	web := httptest.NewUnstartedServer(s.SocketIO())
	web.Config.ReadTimeout, web.Config.WriteTimeout = 300*time.Millisecond, 300*time.Millisecond
	web.Start()
	defer web.Close()
	p := dialPolling(t, web.URL, nil)
	play(t, p, entered("u1")+joined("s1"))
	begin := time.Now()
	got := waiting(t, s, p)
	waitFor(t, "the timeouts have passed", func() bool { return time.Since(begin) > time.Second })
	if status, body := p.do("POST", `42["leave_room",{"studyId":"s1"}]`); status != 200 || body != "ok" {
		t.Errorf("POST = %d %s", status, body)
	}
	if a := receive(t, got); a.status != 200 || a.body != `42["cursor",""]` {
		t.Errorf("the GET was answered with %d %q", a.status, a.body)
	}
}
