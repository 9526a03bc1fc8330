package coup_test

import (
	"bufio"
	"net/http"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/internal/wstest"
)

func TestPostsAreRateLimited(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		_, url := k.serve(t, coup.Options{Rate: 0.5})
		a, twin, b := login(t, url, "u1"), login(t, url, "u1"), login(t, url, "u2")
		for _, c := range []*wstest.Client{a, twin, b} {
			c.Join("s1")
		}
		say(a, "s1", "one")
		for name, c := range map[string]*wstest.Client{"the same connection": a, "another one of the same user": twin} {
			e := say(c, "s1", "two")
			if wait := e.Int("retryAfterMs"); e.Event != "error" || e.String("code") != "rate_limited" || wait < 1 || wait > 2000 {
				t.Errorf("%s: %s, want rate_limited with at most 2,000 ms", name, e.Raw)
			}
		}
		if e := say(b, "s1", "others may"); e.Event != "ack" {
			t.Errorf("another user: %s", e.Raw)
		}
	})
}

func TestFloodingIsClosed(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		_, url := k.serve(t, coup.Options{})
		for name, frame := range map[string][]byte{
			"bad requests": wstest.Frame(0x81, []byte("malformed")),
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
	})
}

func TestTooManyConnectionsAreClosed(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		t.Run("of one user", func(t *testing.T) {
			_, url := k.serve(t, coup.Options{})
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
			bufio.NewReader(ten[0].Conn).ReadByte() // the server has hung up
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
			_, url := k.serve(t, opts)
			// A handshake is answered before the connection counts. After the next answer it
			// does.
			login(t, url, "u1")
			login(t, url, "u2")
			wstest.Dial(t, url, nil).ExpectClose(4429)
		})
	})
}

func TestStrangersDoNotTakeEveryPlace(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		opts := coup.Options{}
		opts.Hub.MaxConnections = 6 // so MaxUnauthenticated is 3
		s, url := k.serve(t, opts)
		refused := func() {
			t.Helper()
			if c, resp, err := wstest.Try(t, url, nil); c != nil || resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
				t.Fatalf("a stranger too many: %v, %v", resp, err)
			}
		}
		strangers := []*wstest.Client{wstest.Dial(t, url, nil), wstest.Dial(t, url, nil), wstest.Dial(t, url, nil)}
		refused()
		strangers[0].Login("u1")
		strangers[0].Login("u1") // the same again counts once
		strangers = append(strangers, wstest.Dial(t, url, nil))
		refused()
		strangers[1].Write(wstest.Frame(0x88, nil))
		strangers[1].ExpectClose(1005)
		login(t, url, "u2")
		login(t, url, "u3")
		if got := s.Stats(); got.Unauthenticated != 2 || got.RefusedHandshakes["strangers"] != 2 {
			t.Errorf("%d have not authenticated, %d were refused; want 2 and 2", got.Unauthenticated, got.RefusedHandshakes["strangers"])
		}
	})
}

func TestManyClientsAtOnceAreAcceptedOneAfterTheOther(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		opts := coup.Options{}
		opts.Hub.MaxAccepts = 3
		_, url := k.serve(t, opts)
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
	})
}

func TestAFullServerRefusesClients(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		opts := coup.Options{}
		opts.Hub.MaxConnections = 2
		_, url := k.serve(t, opts)
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
				t.Fatal("a place that became free is not used")
			}
		}
		first.Join("s1")
	})
}
