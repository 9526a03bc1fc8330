package main

import (
	"io/fs"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func TestPageAllowsOnlyItselfAndTheHub(t *testing.T) {
	page, err := newPage(config{}.signalingURLFor("127.0.0.1:8081"))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, host, path, connect string
		status                    int
	}{
		{"by address", "127.0.0.1:8080", "/", "ws://127.0.0.1:8081", 200},
		{"by name", "localhost:8080", "/studies/s_1", "ws://localhost:8081", 200},
		{"an asset", "localhost:8080", "/assets/app.js", "ws://localhost:8081", 200},
		{"a host that would leave the header", "x; script-src *", "/", "ws://127.0.0.1:8081", 200},
		{"the list of assets", "localhost:8080", "/assets/", "ws://localhost:8081", 404},
		{"a path that leads nowhere", "localhost:8080", "/nothing", "ws://localhost:8081", 404},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", test.path, nil)
			r.Host = test.host
			w := httptest.NewRecorder()
			guarded(page).ServeHTTP(w, r)
			policy := w.Header().Get("Content-Security-Policy")
			want := "default-src 'self'; img-src 'self' blob:; connect-src 'self' " + test.connect + ";"
			if w.Code != test.status || !strings.HasPrefix(policy, want) {
				t.Errorf("GET %s of %s = %d with policy %q, want %d with %q", test.path, test.host, w.Code, policy, test.status, want)
			}
			if !strings.Contains(policy, "frame-ancestors 'none'") || w.Header().Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("headers = %v, want no frames and no sniffing", w.Header())
			}
		})
	}
}

func TestPageHasNothingInlineAndNothingFromElsewhere(t *testing.T) {
	inline := regexp.MustCompile(`(?i)<script(?:[^>]*)>[^<]|<style|\sstyle=|\son[a-z]+=|javascript:|(?:src|href)="(?:https?:)?//`)
	unsafe := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function`)
	err := fs.WalkDir(web, "web", func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		b, _ := fs.ReadFile(web, path)
		if strings.HasSuffix(path, ".html") {
			if found := inline.Find(b); found != nil {
				t.Errorf("%s holds %q", path, found)
			}
		}
		// Of the libraries, the policy of the page sees to it that they make no HTML of texts.
		if found := unsafe.Find(b); found != nil && !strings.Contains(path, "third-party") {
			t.Errorf("%s uses %q", path, found)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestOriginsAreThePagesOwn(t *testing.T) {
	tests := []struct {
		name, addr string
		given      []string
		want       string
	}{
		{"loopback", "127.0.0.1:8080", nil, "http://127.0.0.1:8080 http://localhost:8080"},
		{"an address of the network", "192.0.2.1:80", nil, "http://127.0.0.1 http://localhost http://192.0.2.1"},
		{"another loopback address", "[::1]:8080", nil, "http://127.0.0.1:8080 http://localhost:8080 http://[::1]:8080"},
		{"any address", "[::]:8080", nil, "http://127.0.0.1:8080 http://localhost:8080"},
		{"as configured", "127.0.0.1:8080", []string{"https://a"}, "https://a"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := &services{apiAddr: test.addr, config: config{origins: test.given}}
			if got := strings.Join(s.origins(), " "); got != test.want {
				t.Errorf("origins of a page at %s = %s, want %s", test.addr, got, test.want)
			}
		})
	}
}
