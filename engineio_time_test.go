package coup_test

import (
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coupchat/coup"
)

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
	for _, version := range []int{1, 2} {
		t.Run(fmt.Sprint("HTTP/", version), func(t *testing.T) {
			s, _ := kind{}.serve(t, coup.Options{})
			web := httptest.NewUnstartedServer(s.SocketIO())
			web.Config.ReadTimeout, web.Config.WriteTimeout = 2*time.Second, 2*time.Second
			if web.EnableHTTP2 = version == 2; version == 2 {
				web.StartTLS()
			} else {
				web.Start()
			}
			defer web.Close()
			p := dialPolling(t, web.URL, nil)
			play(t, p, entered("u1")+joined("s1"))
			begin := time.Now()
			got := waiting(t, s, p)
			waitFor(t, "the timeouts have passed", func() bool { return time.Since(begin) > 3*time.Second })
			if status, body := p.do("POST", `42["leave_room",{"studyId":"s1"}]`); status != 200 || body != "ok" {
				t.Errorf("POST = %d %s", status, body)
			}
			if a := receive(t, got); a.status != 200 || a.body != `42["cursor",""]` {
				t.Errorf("the GET was answered with %d %q", a.status, a.body)
			}
		})
	}
}
