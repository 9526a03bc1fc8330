package main

import (
	"fmt"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/internal/stockclient"
	"github.com/coupchat/coup/internal/testenv"
)

// Stock Socket.IO clients are behind nginx with two hubs. One hub after the other is killed, or
// stopped as in a deploy. Nothing is lost, and nothing comes twice.
func TestStockClientsFindTheOtherHub(t *testing.T) {
	redis := testenv.Redis(t)
	secret, service := newSecret(), newSecret()
	s, _, _ := startOdd(t, "-redis", redis.URL(), "-jwt-secret", secret, "-service-token", service)
	var hubs [2]*process
	for i := range hubs {
		addr := testenv.FreeAddr(t)
		hubs[i] = launch(t, "hub "+strconv.Itoa(i), addr, "-role", "signaling", "-signaling-addr", addr, "-api-url", "http://"+s.internalAddr,
			"-redis", redis.URL(), "-jwt-secret", secret, "-service-token", service, "-open", "-rate", "0", "-tag", string(rune('a'+i)), "-origins", "http://localhost").ready(t)
	}
	proxy := startProxy(t, proxies[0], map[string]string{"127.0.0.1:8080": s.apiAddr, "127.0.0.1:8081": hubs[0].addr, "127.0.0.1:8083": hubs[1].addr})
	node := stockclient.Start(t)
	sign := func(user string) map[string]any {
		token, err := s.keys.Sign(auth.Identity{UserID: user, UserName: user, ExpiresAt: time.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		return map[string]any{"token": token}
	}
	open := func(user string, more stockclient.Options) *stockclient.Client {
		// What is sent on a line that is dead already is sent again.
		options := stockclient.Options{"reconnectionDelay": 100, "reconnectionDelayMax": 500, "retries": 20, "ackTimeout": 2000}
		for k, v := range more {
			options[k] = v
		}
		return node.Open(t, "http://"+proxy.Addr(), options)
	}
	clients := []*stockclient.Client{
		open("u1", stockclient.Options{"auth": sign("u1")}),
		open("u2", stockclient.Options{"auth": sign("u2"), "transports": []string{"websocket"}}),
		open("u3", stockclient.Options{"auth": sign("u3"), "transports": []string{"polling"}}),
	}
	byEvent := open("u4", nil)
	byEvent.Until("@connect")
	byEvent.MustCall("authenticate", sign("u4"))
	byEvent.MustCall("join_room", map[string]any{"studyId": "s1"})
	for _, c := range clients {
		c.Until("@connect")
		c.MustCall("join_room", map[string]any{"studyId": "s1"})
	}
	head := int64(0)
	// say posts as each client, and waits for all acks. A client that is away sends it when it is
	// back.
	say := func(when string) {
		calls := make([]int, len(clients))
		for i, c := range clients {
			calls[i] = c.Ask("send_message", map[string]any{"studyId": "s1", "content": when, "clientId": fmt.Sprint(when, " ", i)})
		}
		for i, c := range clients {
			if got := c.Answer(calls[i]); got["ok"] != true {
				t.Errorf("%s: %v", when, got)
			}
			head++
		}
	}
	say("at first")
	for round, how := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGKILL, syscall.SIGTERM} {
		hub := hubs[round%2]
		hub.end(how)
		say(fmt.Sprint("round ", round))
		for _, c := range clients {
			c.Upto(1, head)
		}
		hub.start(t)
		hub.ready(t)
	}
	// The one that authenticates by event joins with what it has.
	for {
		if got := byEvent.Call("join_room", map[string]any{"studyId": "s1", "after": len(byEvent.Seen)}); got["ok"] == true {
			break
		}
		byEvent.Call("authenticate", sign("u4"))
	}
	byEvent.Upto(1, head)
}
