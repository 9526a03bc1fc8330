package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/hub/prom"
	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/rest"
)

// startSignaling serves the hub. It uses the internal API for messages and members, even if
// the api is in the same process.
func (s *services) startSignaling(l net.Listener) error {
	inside, err := rest.NewClient(s.internalURL(), rest.ClientOptions{Token: s.config.serviceTokens[0]})
	if err != nil {
		return err
	}
	s.atEnd(func(context.Context) error { return inside.Close() })
	var members store.Members = inside
	if s.config.open {
		members = coup.Everyone
	}
	rate := s.config.rate
	if rate == 0 {
		rate = -1
	}
	server, err := coup.New(coup.Options{
		Store: inside, Members: members, Verifier: s.verifier, Bus: s.bus,
		Origins: s.origins(), Rate: rate, Log: s.log, Room: s.config.room, Hub: s.config.hub,
	})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/ws", server)
	mux.Handle("/socket.io/", server.SocketIO())
	mux.HandleFunc("GET /healthz", healthy)
	mux.HandleFunc("GET /readyz", readiness(server.Ready, func() []part {
		now := server.Stats().Room
		return []part{{"store", now.StoreReachable}, {"bus", now.BusReachable}}
	}, s.log))
	mux.Handle("GET /metrics", metrics(prom.New(server)))
	s.serve(l, mux)
	// The hub ends before its listener: while it drains, /readyz answers 503.
	s.atEnd(server.Shutdown)
	return nil
}

// hubSecrets derives what hubs sign with from the service tokens, which all of them have. A token
// that was made at start would fit no other process, so then nothing is signed.
func hubSecrets(tokens []string) (secrets [][]byte) {
	for _, token := range tokens {
		mac := hmac.New(sha256.New, []byte(token))
		mac.Write([]byte("coup: what hubs tell each other"))
		secrets = append(secrets, mac.Sum(nil))
	}
	return secrets
}

// metrics serves the metrics of the chat and of the process.
func metrics(ours ...prometheus.Collector) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(ours...)
	registry.MustRegister(collectors.NewBuildInfoCollector(), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// internalURL returns the URL of the internal API: in one process that of its listener,
// unless -api-url is given.
func (s *services) internalURL() string {
	if s.config.role == roleAll && !s.config.apiURLGiven {
		host, port, _ := net.SplitHostPort(s.internalAddr)
		if ip := net.ParseIP(host); ip.IsUnspecified() {
			host = "127.0.0.1"
		}
		return "http://" + net.JoinHostPort(host, port)
	}
	return s.config.apiURL
}

// origins returns the origins that may connect: those configured, or that of the page.
func (s *services) origins() []string {
	if len(s.config.origins) > 0 {
		return s.config.origins
	}
	host, port, _ := net.SplitHostPort(s.apiAddr)
	hosts := []string{"127.0.0.1", "localhost"}
	if host != "" && !slices.Contains(hosts, host) && !net.ParseIP(host).IsUnspecified() {
		hosts = append(hosts, host)
	}
	origins := make([]string, len(hosts))
	for i, h := range hosts {
		origins[i] = "http://" + strings.TrimSuffix(net.JoinHostPort(h, port), ":80")
	}
	return origins
}
