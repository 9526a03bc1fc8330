package coup_test

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/store"
)

// eager is a connection that sends the handshake and a frame in one write.
type eager struct {
	net.Conn
	more []byte
}

func (e *eager) Write(b []byte) (int, error) {
	_, err := e.Conn.Write(append(slices.Clone(b), e.more...))
	e.more = nil
	return len(b), err
}

func TestFramesThatComeWithTheHandshakeAreRead(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		_, at := k.serve(t, coup.Options{})
		u, err := url.Parse(at)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := net.Dial("tcp", u.Host)
		if err != nil {
			t.Fatal(err)
		}
		first := wstest.Frame(0x81, []byte(`{"event":"authenticate","id":"1","data":{"token":"u1"}}`))
		c, resp, err := wstest.Handshake(t, &eager{conn, first}, u, nil)
		if err != nil || c == nil {
			t.Fatalf("%v, %v", resp, err)
		}
		c.Expect("auth_success")
		c.Join("s1")
	})
}

func TestOriginsAreChecked(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		_, open := k.serve(t, coup.Options{})
		_, listed := k.serve(t, coup.Options{Origins: []string{"https://chat.example.org", "http://localhost:3000"}})
		host := func(raw string) string {
			u, err := url.Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			return u.Host
		}
		same := host(open)
		_, port, err := net.SplitHostPort(same)
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			name, server string
			origins      []string
			status       int
		}{
			{"none, no list", open, nil, 101},
			{"the same host", open, []string{"http://" + same}, 101},
			{"the same host over TLS before a proxy", open, []string{"https://" + same}, 101},
			{"another host", open, []string{"http://evil.example"}, 403},
			{"another port", open, []string{"http://127.0.0.1:1"}, 403},
			{"no port", open, []string{"http://127.0.0.1"}, 403},
			{"another name of the same machine", open, []string{"http://localhost:" + port}, 403},
			{"null", open, []string{"null"}, 403},
			{"empty", open, []string{""}, 403},
			{"the host alone", open, []string{same}, 403},
			{"the host as a prefix", open, []string{"http://" + same + ".evil.example"}, 403},
			{"the host as a user", open, []string{"http://" + same + "@evil.example"}, 403},
			{"the host as a suffix", open, []string{"http://evil." + same}, 403},
			{"the host in the path", open, []string{"http://evil.example/" + same}, 403},
			{"two of the same host", open, []string{"http://" + same, "http://" + same}, 403},
			{"none, with a list", listed, nil, 101},
			{"listed", listed, []string{"https://chat.example.org"}, 101},
			{"listed with its port", listed, []string{"http://localhost:3000"}, 101},
			{"the same host, not listed", listed, []string{"http://" + host(listed)}, 403},
			{"another scheme", listed, []string{"http://chat.example.org"}, 403},
			{"another port than listed", listed, []string{"https://chat.example.org:8443"}, 403},
			{"a port where none is listed", listed, []string{"http://localhost"}, 403},
			{"another case", listed, []string{"https://Chat.example.org"}, 403},
			{"a longer name", listed, []string{"https://chat.example.org.evil.example"}, 403},
			{"a name in front", listed, []string{"https://evilchat.example.org"}, 403},
			{"a slash behind", listed, []string{"https://chat.example.org/"}, 403},
			{"null, with a list", listed, []string{"null"}, 403},
			{"two, both listed", listed, []string{"https://chat.example.org", "http://localhost:3000"}, 403},
			{"two in one line", listed, []string{"https://chat.example.org, https://chat.example.org"}, 403},
		} {
			t.Run(tt.name, func(t *testing.T) {
				header := http.Header{}
				if tt.origins != nil {
					header["Origin"] = tt.origins
				}
				c, resp, err := wstest.Try(t, tt.server, header)
				if err != nil {
					t.Fatal(err)
				}
				if resp.StatusCode != tt.status {
					t.Errorf("Origin %q: status %d, want %d", tt.origins, resp.StatusCode, tt.status)
				}
				if c != nil {
					c.Login("u1")
					c.Close()
				}
			})
		}
	})
}

func TestOriginsThatCanNeverMatchAreRefusedAtNew(t *testing.T) {
	for origin, want := range map[string]string{
		"":                              "not of the form",
		"chat.example.org":              "not of the form",
		"https://":                      "not of the form",
		"https://chat.example.org:":     "not of the form",
		"https://u@chat.example.org":    "not of the form",
		"null":                          "not of the form",
		"*":                             "Options.OriginFunc",
		"https://*.example.org":         "Options.OriginFunc",
		"https://한글.example":            "xn--",
		"https://chat.example.org/":     `send "https://chat.example.org"`,
		"https://chat.example.org/page": `send "https://chat.example.org"`,
		"https://chat.example.org?a":    `send "https://chat.example.org"`,
		"https://chat.example.org#a":    `send "https://chat.example.org"`,
		"https://Chat.example.org":      `send "https://chat.example.org"`,
		"https://chat.example.org:443":  `send "https://chat.example.org"`,
		"http://chat.example.org:80":    `send "http://chat.example.org"`,
		"wss://chat.example.org":        `send "https://chat.example.org"`,
		"ws://localhost:8080":           `send "http://localhost:8080"`,
		"http://[0:0:0:0:0:0:0:1]:80":   `send "http://[::1]"`,
	} {
		s, err := coup.New(coup.Options{Store: store.NewMemory(), Members: coup.Everyone, Verifier: plain, Origins: []string{origin}})
		if err == nil {
			s.Shutdown(t.Context())
			t.Errorf("New takes the origin %q", origin)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("origin %q: %v, want %q in it", origin, err, want)
		}
	}
	s, err := coup.New(coup.Options{
		Store: store.NewMemory(), Members: coup.Everyone, Verifier: plain,
		Origins: []string{"https://xn--bj0bj06e.example", "http://[::1]:8080", "app://localhost", "http://127.0.0.1"},
	})
	if err != nil {
		t.Fatalf("good origins: %v", err)
	}
	s.Shutdown(t.Context())
}
