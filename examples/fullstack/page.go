package main

import (
	"embed"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/coupchat/coup/hub/client/js"
)

//go:embed web
var web embed.FS

// newPage serves the page at / and at the link of every study, and its files under
// /assets/.
func newPage(signalingURL func(*http.Request) string) (http.Handler, error) {
	files, err := fs.Sub(web, "web")
	if err != nil {
		return nil, err
	}
	index, err := fs.ReadFile(files, "index.html")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	page := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(index)
	}
	mux.HandleFunc("GET /{$}", page)
	mux.HandleFunc("GET /studies/{id}", page)
	mux.HandleFunc("GET /invite/{code}", page)
	mux.Handle("GET /assets/{file}", http.FileServerFS(files))
	mux.Handle("GET /assets/third-party/{path...}", http.FileServerFS(files))
	for _, module := range []string{"connection.js", "outbox.js"} { // the page uses these of the client
		mux.Handle("GET /assets/"+module, http.StripPrefix("/assets", http.FileServerFS(js.Files)))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; img-src 'self' blob:; connect-src 'self' "+originOf(signalingURL(r))+
			"; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache") // a new build is a new page
		mux.ServeHTTP(w, r)
	}), nil
}

// originOf returns the scheme and host of a URL, for the policy.
func originOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// signalingURLFor returns the URL of the hub for a browser: the configured one, or the host
// from which it got the page with the port of the hub.
func (c config) signalingURLFor(addr string) func(*http.Request) string {
	host, port, _ := net.SplitHostPort(addr)
	return func(r *http.Request) string {
		if c.signalingURL != "" {
			return c.signalingURL
		}
		name := host
		if ip := net.ParseIP(host); host == "" || host == "localhost" || ip.IsUnspecified() || ip.IsLoopback() {
			name = pageHost(r.Host)
		}
		return "ws://" + net.JoinHostPort(name, port) + "/ws"
	}
}

// pageHost returns the host name in a Host header if it is valid. The server writes it into
// a header of the answer.
func pageHost(header string) string {
	u, err := url.Parse("//" + header)
	if err != nil || u.Hostname() == "" || strings.Trim(u.Hostname(), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-") != "" {
		return "127.0.0.1"
	}
	return u.Hostname()
}
