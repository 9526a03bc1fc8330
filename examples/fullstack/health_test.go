package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/coupchat/coup/internal/testenv"
)

// page returns the status and the body of a GET.
func page(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// Without Redis the chat works, so a load balancer must not drop every hub and every api.
func TestServicesAreReadyWithoutRedisAndSaySo(t *testing.T) {
	redis := testenv.Redis(t)
	s := startAll(t, "-redis", redis.URL())
	expect := func(state string, gauge int) {
		t.Helper()
		want := "ready\nstore: reachable\nbus: " + state + "\n"
		eventually(t, "the services say that the bus is "+state, patience, func() error {
			for _, addr := range []string{s.apiAddr, s.signalingAddr} {
				if status, body := page(t, "http://"+addr+"/readyz"); status != http.StatusOK || body != want {
					return fmt.Errorf("readyz of %s = %d %q", addr, status, body)
				}
			}
			for _, addr := range []string{s.internalAddr, s.signalingAddr} {
				metric := fmt.Sprintf("\ncoup_bus_reachable %d\n", gauge)
				if _, body := page(t, "http://"+addr+"/metrics"); !strings.Contains(body, metric) || !strings.Contains(body, "\ncoup_store_reachable 1\n") || !strings.Contains(body, "go_build_info") {
					return fmt.Errorf("metrics of %s lack %q", addr, metric)
				}
			}
			return nil
		})
	}
	expect("reachable", 1)
	redis.Kill(t)
	expect("unreachable", 0)
	redis.Restart(t)
	expect("reachable", 1)
}

func TestAnAddressInUseIsNamedWithItsFlag(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, name := range []string{"-api-addr", "-internal-addr", "-signaling-addr"} {
		args := []string{"-database", "memory:", "-api-addr", "127.0.0.1:0", "-internal-addr", "127.0.0.1:0", "-signaling-addr", "127.0.0.1:0", name, taken.Addr().String()}
		var out bytes.Buffer
		code := run(t.Context(), args, environ(), &out)
		if code == 0 || !strings.Contains(out.String(), name) || !strings.Contains(out.String(), taken.Addr().String()) {
			t.Errorf("exit code %d, %s", code, out.String())
		}
	}
}

func TestTheLogHasTheFormatAndTheLevelOfItsFlags(t *testing.T) {
	c, err := parse([]string{"-log-format", "json", "-log-level", "warn"}, environ(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	log := newLog(c, &out)
	log.Info("left out")
	log.Warn("written", "err", errors.New("why"))
	var line struct{ Level, Msg, Err string }
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line.Level != "WARN" || line.Msg != "written" || line.Err != "why" {
		t.Errorf("the log has %s", &out)
	}
	for _, args := range [][]string{{"-log-format", "xml"}, {"-log-level", "loud"}} {
		if _, err := parse(args, environ(), io.Discard); err == nil {
			t.Errorf("%v is accepted", args)
		}
	}
}

func TestEachLimitHasAFlagAndAVariable(t *testing.T) {
	var c config
	for _, l := range c.limits() {
		for _, value := range []string{"7", "-1", "0"} {
			given := value
			if l.duration != nil && value == "7" {
				given = "7s"
			}
			byFlag, err1 := parse([]string{"-" + l.name, given}, environ(), io.Discard)
			byVariable, err2 := parse(nil, environ(l.variable(), given), io.Discard)
			if err1 != nil || err2 != nil {
				t.Errorf("-%s %s: %v, %v", l.name, given, err1, err2)
				continue
			}
			for _, c := range []config{byFlag, byVariable} {
				got := fmt.Sprint(valueOf(&c, l.name))
				if want := map[string]string{"7": "7", "-1": "-1", "0": "0", "7s": fmt.Sprint(int64(7 * time.Second))}[given]; got != want {
					t.Errorf("-%s %s sets %s, want %s", l.name, given, got, want)
				}
			}
		}
		for _, bad := range []string{"-2", "x", ""} {
			if _, err := parse([]string{"-" + l.name, bad}, environ(), io.Discard); err == nil || !strings.Contains(err.Error(), l.name) {
				t.Errorf("-%s %q: %v", l.name, bad, err)
			}
		}
	}
}

// valueOf returns the value of a limit in c.
func valueOf(c *config, name string) int64 {
	for _, l := range c.limits() {
		if l.name == name && l.count != nil {
			return int64(*l.count)
		} else if l.name == name {
			return int64(*l.duration)
		}
	}
	return 0
}

// A primary that was made read-only answers, but no message can be stored.
func TestTheAPIIsNotReadyWhileItsDatabaseTakesNoWrites(t *testing.T) {
	server := testenv.StartPostgres(t)
	s := startAll(t, "-database", server.URL(t))
	admin, err := sqlx.Open("postgres", server.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	for _, step := range []struct {
		readOnly string
		status   int
	}{{"on", http.StatusServiceUnavailable}, {"off", http.StatusOK}} {
		if _, err := admin.Exec("ALTER SYSTEM SET default_transaction_read_only = " + step.readOnly); err != nil {
			t.Fatal(err)
		}
		if _, err := admin.Exec("SELECT pg_reload_conf()"); err != nil {
			t.Fatal(err)
		}
		eventually(t, "readyz follows default_transaction_read_only = "+step.readOnly, patience, func() error {
			if status, body := page(t, "http://"+s.apiAddr+"/readyz"); status != step.status {
				return fmt.Errorf("readyz = %d %q", status, body)
			}
			return nil
		})
	}
}
