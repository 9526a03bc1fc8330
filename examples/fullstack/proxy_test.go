package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/internal/testenv"
	"github.com/coupchat/coup/internal/wstest"
)

// proxied is how many clients come through a proxy.
const proxied = 60

// backWithin is how long all clients may take to be back after a hub has ended, or is there
// again.
const backWithin = 5 * time.Second

func TestAllClientsAreBackSoonAfterARollingRestartBehindAProxy(t *testing.T) {
	for _, tt := range proxies {
		t.Run(tt.program, func(t *testing.T) {
			t.Parallel() // it mostly waits
			redis := testenv.Redis(t)
			secret, service := newSecret(), newSecret()
			s, owner, user := startOdd(t, "-redis", redis.URL(), "-jwt-secret", secret, "-service-token", service)
			var hubs [2]*process
			for i := range hubs {
				addr := testenv.FreeAddr(t)
				hubs[i] = launch(t, "hub "+strconv.Itoa(i), addr, "-role", "signaling", "-signaling-addr", addr, "-api-url", "http://"+s.internalAddr,
					"-redis", redis.URL(), "-jwt-secret", secret, "-service-token", service, "-open").ready(t)
			}
			proxy := startProxy(t, tt, map[string]string{
				"127.0.0.1:8080": s.apiAddr, "127.0.0.1:8081": hubs[0].addr, "127.0.0.1:8083": hubs[1].addr,
			})

			study := "http://" + proxy.Addr() + "/api/studies/" + oddStudyInPath
			if status, body := request(t, "POST", study+"/join", user.Token, ""); status != http.StatusOK {
				t.Errorf("join through the proxy = %d %s", status, body)
			}
			if status, body := request(t, "DELETE", study+"/members/"+oddUserInPath, owner.Token, ""); status != http.StatusNoContent {
				t.Errorf("kick through the proxy = %d %s", status, body)
			}

			var inside atomic.Int64
			stop := make(chan struct{})
			var clients sync.WaitGroup
			defer clients.Wait()
			defer close(stop)
			for i := range proxied {
				token, err := s.keys.Sign(auth.Identity{UserID: fmt.Sprint("user", i), ExpiresAt: time.Now().Add(time.Hour)})
				if err != nil {
					t.Fatal(err)
				}
				clients.Go(func() { stay(t, proxy.Addr(), token, &inside, stop) })
			}
			all := func(when string, within time.Duration) {
				t.Helper()
				begin := time.Now()
				eventually(t, "all clients are connected "+when, within, func() error {
					if n := inside.Load(); n != proxied {
						return fmt.Errorf("%d of %d are", n, proxied)
					}
					return nil
				})
				t.Logf("%s: all clients after %s", when, time.Since(begin).Round(time.Millisecond))
			}
			all("at first", patience)
			for _, hub := range hubs {
				hub.end(syscall.SIGTERM)
				all("after "+hub.name+" has ended", backWithin)
				hub.start(t)
				hub.ready(t)
				all("after "+hub.name+" is back", backWithin)
			}
		})
	}
}

// A proxy is one of examples/proxy, with the file that users copy.
type proxy struct {
	file, program string
	args          func(config, dir string) []string
}

var proxies = []proxy{
	{"nginx.conf", "nginx", func(config, dir string) []string { return []string{"-e", "stderr", "-p", dir, "-c", config} }},
	{"haproxy.cfg", "haproxy", func(config, _ string) []string { return []string{"-db", "-f", config} }},
	{"Caddyfile", "caddy", func(config, _ string) []string {
		return []string{"run", "--config", config, "--adapter", "caddyfile"}
	}},
}

// startProxy runs a proxy with its file, whose addresses are replaced.
func startProxy(t *testing.T, p proxy, addresses map[string]string) *testenv.Process {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "proxy", p.file))
	if err != nil {
		t.Fatal(err)
	}
	text, dir := string(b), t.TempDir()
	for example, ours := range addresses {
		if !strings.Contains(text, example) {
			t.Fatalf("%s does not name %s", p.file, example)
		}
		text = strings.ReplaceAll(text, example, ours)
	}
	if strings.Count(text, ":8000") == 0 {
		t.Fatalf("%s does not listen on port 8000", p.file)
	}
	path, err := testenv.Binary(p.program, "/usr/sbin")
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, p.file)
	return testenv.Start(t, testenv.Command{
		Path: path,
		Dir:  dir,
		Env:  []string{"HOME=" + dir, "XDG_DATA_HOME=" + dir, "XDG_CONFIG_HOME=" + dir},
		Args: func(port int) []string {
			text := strings.ReplaceAll(text, ":8000", ":"+strconv.Itoa(port))
			if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
				t.Error(err)
			}
			return p.args(config, dir)
		},
	})
}

// stay keeps a client connected until stop is closed. Like the page, it waits for a random
// while before it connects again. It counts itself in inside while it is in its room.
func stay(t *testing.T, addr, token string, inside *atomic.Int64, stop <-chan struct{}) {
	for {
		visitOnce(t, addr, token, inside, stop)
		select {
		case <-stop:
			return
		case <-time.After(100*time.Millisecond + rand.N(400*time.Millisecond)):
		}
	}
}

// visitOnce connects, joins a room and stays until the connection ends.
func visitOnce(t *testing.T, addr, token string, inside *atomic.Int64, stop <-chan struct{}) {
	c, _, err := wstest.Try(t, "ws://"+addr+"/ws", nil)
	if err != nil || c == nil {
		return
	}
	defer c.Close()
	left := make(chan struct{})
	defer close(left)
	go func() {
		select {
		case <-stop:
			c.Close()
		case <-left:
		}
	}()
	id := "1"
	c.Send("authenticate", &id, map[string]any{"token": token})
	c.Send("join_room", &id, map[string]any{"studyId": "s1"})
	for {
		e, err := c.Next(time.Minute)
		if err != nil {
			return
		}
		if e.Event == "ack" {
			inside.Add(1)
			defer inside.Add(-1)
		}
	}
}
