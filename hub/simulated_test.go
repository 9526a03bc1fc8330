package hub

import (
	"flag"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

var simulated = flag.Int("simulated", 200, "how many hours TestWeeksOfIdleClients simulates")

// Clients that stay for weeks: they answer pings, renew tokens of an hour, say something every
// ten minutes, and connect again every eight hours. All of it in fake time.
func TestWeeksOfIdleClients(t *testing.T) {
	const clients = 5
	hours := time.Duration(*simulated) * time.Hour
	inBubble(t, func(t *testing.T, connect func() *peer) {
		var mu sync.Mutex
		pings, renewals, acks, connections := 0, 0, 0, 0
		var wg sync.WaitGroup
		begin := time.Now()
		for i := range clients {
			wg.Go(func() {
				for time.Since(begin) < hours {
					mu.Lock()
					c := connect()
					mu.Unlock()
					gotPings, gotRenewals, gotAcks := stay(t, c, fmt.Sprint("u", i), begin.Add(hours))
					mu.Lock()
					pings, renewals, acks, connections = pings+gotPings, renewals+gotRenewals, acks+gotAcks, connections+1
					mu.Unlock()
					c.conn.Close()
				}
			})
		}
		wg.Wait()
		n := clients * int(hours/time.Hour)
		t.Logf("%d hours of connections: %d connections, %d pings, %d renewals, %d messages", n, connections, pings, renewals, acks)
		for what, count := range map[string][2]int{"pings": {pings, n * 144}, "renewals": {renewals, n}, "messages": {acks, n * 6}, "connections": {connections, n / 8}} {
			if got, want := count[0], count[1]; got < want*8/10-5 || got > want*12/10+5 {
				t.Errorf("%d %s in %d hours, want about %d", got, what, n, want)
			}
		}
	})
}

// stay lets a client stay for eight hours, or until end, and counts what it got.
func stay(t *testing.T, c *peer, user string, end time.Time) (pings, renewals, acks int) {
	c.authenticateAs(user, "1h")
	c.send(0x81, `{"event":"join_room","data":{"studyId":"`+user+`"}}`)
	leave := time.Now().Add(8 * time.Hour)
	renew, say := time.Now().Add(50*time.Minute), time.Now().Add(10*time.Minute)
	for time.Now().Before(leave) && time.Now().Before(end) {
		what, _ := c.next()
		switch {
		case what == "ping":
			pings++
			c.send(0x8a, "")
		case what == "auth_success":
			renewals++
		case strings.Contains(what, `"ack"`):
			acks++
		case strings.Contains(what, `"new_message"`):
		default:
			t.Errorf("%s got %s after %s", user, what, time.Since(c.since))
			return pings, renewals, acks
		}
		if now := time.Now(); now.After(renew) {
			renew = now.Add(50 * time.Minute)
			c.send(0x81, `{"event":"authenticate","data":{"token":"`+user+` 1h"}}`)
		}
		if now := time.Now(); now.After(say) {
			say = now.Add(10 * time.Minute)
			c.send(0x81, `{"event":"send_message","id":"1","data":{"studyId":"`+user+`","content":"still here"}}`)
		}
	}
	return pings, renewals, acks
}
