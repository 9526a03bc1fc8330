package faults

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "github.com/lib/pq"

	"github.com/coupchat/coup/auth/jwt"
	"github.com/coupchat/coup/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

const (
	secret  = "a secret of the fire test, long enough for HS256"
	service = "service-token-of-the-fire-test-long-enough"
	// patience bounds every wait.
	patience = 60 * time.Second
)

// A hub is one process of the signaling service, with its proxies.
type hub struct {
	*testenv.Process
	front   *Proxy // clients reach it through this
	toAPI   *Proxy
	toRedis *Proxy
}

// A deployment has all services of a deployment, as processes on this machine.
type deployment struct {
	t        testing.TB // of the round
	owner    testing.TB // of the deployment
	begin    time.Time
	postgres *testenv.PostgresServer
	redis    *testenv.RedisServer
	dbURL    url.URL // of the database, without a proxy
	db       *sql.DB // likewise
	api      *testenv.Process
	toDB     *Proxy // from the api
	toBus    *Proxy // from the api
	hubs     []*hub
	keys     *jwt.Signer
	web      *http.Client
	casts    int
	// scale multiplies what can cheaply be done more often. It is larger in the long form.
	scale int
	// pairs is how many pairs of clients post beside those of a fault.
	pairs int
}

// newDeployment builds the program and starts a deployment that ends with the test.
func newDeployment(t testing.TB, hubs int) *deployment {
	t.Helper()
	h := &deployment{t: t, owner: t, scale: 1, begin: time.Now(), redis: testenv.Redis(t), postgres: testenv.StartPostgres(t), web: &http.Client{Timeout: 10 * time.Second}}
	t.Cleanup(h.web.CloseIdleConnections)
	program := *before
	if program == "" {
		program = build(t)
	}
	u, err := url.Parse(h.postgres.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	h.dbURL = *u
	if h.db, err = sql.Open("postgres", u.String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.db.Close() })
	if h.keys, err = jwt.NewHS256([]byte(secret)); err != nil {
		t.Fatal(err)
	}
	h.toDB, h.toBus = h.proxy(u.Host), h.proxy(h.redis.Addr())
	u.Host = h.toDB.Addr()
	internal := testenv.FreeAddr(t)
	common := []string{"-jwt-secret", secret, "-service-token", service}
	h.api = testenv.Start(t, testenv.Command{Path: program, Ready: ready, Dir: t.TempDir(), Args: func(port int) []string {
		return append([]string{"-role", "api", "-api-addr", loopback(port), "-internal-addr", internal,
			"-database", u.String(), "-redis", "redis://" + h.toBus.Addr()}, common...)
	}})
	for range hubs {
		b := &hub{toAPI: h.proxy(internal), toRedis: h.proxy(h.redis.Addr())}
		b.Process = testenv.Start(t, testenv.Command{Path: program, Ready: ready, Dir: t.TempDir(), Args: func(port int) []string {
			return append([]string{"-role", "signaling", "-signaling-addr", loopback(port), "-rate", "0",
				"-api-url", "http://" + b.toAPI.Addr(), "-redis", "redis://" + b.toRedis.Addr()}, common...)
		}})
		b.front = h.proxy(b.Addr())
		h.hubs = append(h.hubs, b)
	}
	return h
}

// follow makes another server the Postgres of the deployment. It has a copy of the data.
func (h *deployment) follow(next *testenv.PostgresServer) {
	h.toDB.To(next.Addr())
	h.db.Close()
	h.postgres, h.dbURL.Host = next, next.Addr()
	var err error
	if h.db, err = sql.Open("postgres", h.dbURL.String()); err != nil {
		h.t.Fatal(err)
	}
}

// build builds the program under test.
func build(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fullstack")
	if out, err := exec.Command("go", "build", "-o", path, "../../examples/fullstack").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// ready returns nil if a process answers that it is ready, and lacks nothing.
func ready(port int) error { return readyAt(loopback(port)) }

func readyAt(addr string) error {
	status, body, err := get(addr, "/readyz")
	if err == nil && (status != http.StatusOK || strings.Contains(body, "unreachable")) {
		err = fmt.Errorf("readyz = %d %q", status, body)
	}
	return err
}

// quick makes requests with a short timeout, each on a new connection.
var quick = &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

func get(addr, path string) (int, string, error) {
	answer, err := quick.Get("http://" + addr + path)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(b), err
}

func (h *deployment) proxy(target string) *Proxy {
	h.t.Helper()
	p, err := NewProxy(target)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(p.Close)
	return p
}

// clock returns the time for all clients.
func (h *deployment) clock() time.Duration { return time.Since(h.begin) }

// hubAddrs returns the addresses of all hubs.
func (h *deployment) hubAddrs() []string {
	var addrs []string
	for _, b := range h.hubs {
		addrs = append(addrs, b.front.Addr())
	}
	return addrs
}

// eventually calls check until it returns nil, and returns how long that took.
func (h *deployment) eventually(what string, within time.Duration, check func() error) time.Duration {
	h.t.Helper()
	begin := time.Now()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return time.Since(begin)
		}
		if time.Since(begin) > within {
			h.t.Fatalf("%s: not within %v: %v", what, within, err)
		}
		<-tick.C
	}
}

// wait lets time pass while the fault lasts.
func (h *deployment) wait(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	<-t.C
}

// allReady waits until all services are ready.
func (h *deployment) allReady() {
	h.t.Helper()
	h.eventually("the deployment is ready", patience, func() error {
		for _, b := range h.hubs {
			if err := readyAt(b.Addr()); err != nil {
				return err
			}
		}
		return readyAt(h.api.Addr())
	})
}

// ask makes a request to the sample API.
func (h *deployment) ask(method, path, token string) (int, string, error) {
	req, err := http.NewRequest(method, "http://"+h.api.Addr()+path, nil)
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	answer, err := h.web.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(b), err
}

// history reads a page of messages as the page does.
func (h *deployment) history(token string) func(context.Context, string, int64) ([]Record, error) {
	return func(_ context.Context, study string, after int64) ([]Record, error) {
		status, body, err := h.ask("GET", fmt.Sprintf("/api/studies/%s/messages?after=%d&limit=500", study, after), token)
		if err != nil {
			return nil, err
		}
		var found struct {
			Messages []struct {
				Seq                                   int64
				ID, SentAt, UserID, ClientID, Content string
				shown
			}
		}
		if err := json.NewDecoder(strings.NewReader(body)).Decode(&found); err != nil || status != http.StatusOK {
			return nil, fmt.Errorf("history = %d: %w", status, err)
		}
		var rs []Record
		for _, m := range found.Messages {
			rs = append(rs, Record{Study: study, Seq: m.Seq, ID: m.ID, SentAt: m.SentAt, User: m.UserID, ClientID: m.ClientID, Text: m.Content, State: m.state()})
		}
		return rs, nil
	}
}
