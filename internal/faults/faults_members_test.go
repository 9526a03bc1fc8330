package faults

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// drop removes clients that were stopped.
func (r *round) drop(gone []*Client) {
	r.clients = slices.DeleteFunc(r.clients, func(c *Client) bool { return slices.Contains(gone, c) })
}

// metric returns the value of a metric in a page of metrics.
func metric(body, name string) float64 {
	for line := range strings.Lines(body) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			if v, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil {
				return v
			}
		}
	}
	return -1
}

// joins makes clients join, and join again, while others post.
func joins(r *round) {
	for range 8 {
		var fresh []*Client
		for _, p := range r.enlist(4, true) {
			fresh = append(fresh, r.start(p, quiet))
		}
		for _, c := range r.clients {
			if r.rng.IntN(2) == 0 {
				c.Cut()
			}
		}
		r.wait(time.Duration(r.rng.IntN(400)) * time.Millisecond)
		for _, c := range fresh[:2] {
			c.Stop()
			c.Log.Partial = true
			r.extra = append(r.extra, c.Log)
		}
		r.drop(fresh[:2])
	}
}

// many makes all clients post on all hubs while all connections have random delays.
func many(r *round) {
	delay := func() time.Duration { return time.Duration(time.Now().UnixNano()%60) * time.Millisecond }
	for _, b := range r.hubs {
		b.toRedis.Set(Way{Delay: delay}, Way{Delay: delay})
		b.toAPI.Set(Way{Delay: delay}, Way{})
	}
	r.flow(400 * r.scale * r.scale) // 6,400 in the long form: about 58,000 deliveries
	r.heal()
	r.stopPosting()
	v := Check(History{Rows: r.rows(), Logs: r.logs()})
	r.score.Count(ManyReceived, v.Received)
	r.score.Count(ManyDisordered, v.Count(Disorder))
	r.resumePosting()
}

// kick ends the memberships of two users, one of whom posts.
func (r *round) kick(grace time.Duration) {
	owner := r.people[0]
	for _, i := range []int{1, len(r.clients) - 1} {
		out := r.people[i]
		status, body, err := r.ask("DELETE", "/api/studies/"+r.studies[0]+"/members/"+out.id, owner.token)
		if err != nil || status != http.StatusNoContent {
			r.Fatalf("kick = %d %q: %v", status, body, err)
		}
		r.exits = append(r.exits, Exit{Study: r.studies[0], User: out.id, At: r.clock(), Grace: grace})
	}
}

// kicked measures for how long removed users received messages.
func (r *round) kicked(figure Figure) {
	for _, e := range r.exits {
		var last time.Duration
		for _, l := range r.logs() {
			for _, rec := range l.Records() {
				if l.User == e.User && rec.Kind == Received && rec.Study == e.Study {
					last = max(last, rec.At-e.At)
				}
			}
		}
		r.score.Sample(figure, last)
	}
}

func kickBusUp(r *round) {
	r.kick(2 * time.Second)
	r.flow(100)
	r.kicked(KickBusUp)
}

// kickRedisDown kicks while Redis is down.
func kickRedisDown(r *round) {
	r.redis.Kill(r)
	r.kick(30 * time.Second)
	r.wait(2 * time.Second)
	r.redis.Restart(r)
	r.allReady()
	r.flow(100)
	r.kicked(KickBusDown)
}

// kickLost kicks while only the api does not reach Redis: no hub notices anything.
func kickLost(r *round) {
	r.toBus.Set(Way{Drop: true}, Way{})
	r.kick(30 * time.Second)
	r.toBus.Heal()
	r.wait(31 * time.Second)
	r.kicked(KickBusDown)
	r.flow(50)
}

// publish publishes a payload on Redis a number of times.
func (r *round) publish(channel string, times int, payload []byte) {
	r.Helper()
	conn, err := net.DialTimeout("tcp", r.redis.Addr(), time.Second)
	if err != nil {
		r.Fatal(err)
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	for range times {
		if _, err := fmt.Fprintf(conn, "*3\r\n$7\r\nPUBLISH\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", len(channel), channel, len(payload), payload); err != nil {
			r.Fatal(err)
		}
		if answer, err := answers.ReadString('\n'); err != nil || answer[0] != ':' {
			r.Fatalf("PUBLISH %s = %q: %v", channel, answer, err)
		}
	}
}

// malformed publishes payloads that cannot be read on every channel.
func malformed(r *round) {
	channels := []string{"notifications", "study-events"}
	for _, s := range r.studies {
		channels = append(channels, "coup:room:"+s)
	}
	room := `"studyId":"` + r.studies[0] + `"`
	payloads := []string{"", "x", "null", "[]", "{}", `{"v":99}`, `{"type":"member_kicked",` + room + `}`, `{"type":1,` + room + `}`,
		`{` + room + `,"seq":-1}`, strings.Repeat("[", 20_000), strings.Repeat(`{"a":`, 5_000), strings.Repeat("\xff", 1<<16)}
	for range 10 {
		for _, c := range channels {
			for _, j := range payloads {
				r.publish(c, 1, []byte(j))
			}
			b := make([]byte, r.rng.IntN(200))
			for i := range b {
				b[i] = byte(r.rng.Uint32())
			}
			r.publish(c, 1, b)
		}
	}
	for _, b := range r.hubs {
		if n := b.figure("coup_session_panics_total"); n != 0 {
			r.Errorf("%v sessions panicked", n)
		}
	}
}

// quizzes counts the notifications of one kind by id.
func quizzes(l *Log) map[string]int {
	got := map[string]int{}
	for _, rec := range l.Records() {
		if rec.Kind == Notified && rec.Text == "quiz" {
			got[rec.ID]++
		}
	}
	return got
}

// republished publishes every notification three times.
func republished(r *round) {
	for n := range 20 {
		for _, p := range r.people {
			r.publish("notifications", 3, fmt.Appendf(nil, `{"userId":%q,"type":"quiz","message":"new","id":"n%d-%s"}`, p.id, n, p.id))
		}
	}
	r.waitFor(func() error {
		for _, c := range r.clients {
			if n := len(quizzes(c.Log)); n < 20 {
				return fmt.Errorf("%s has %d notifications", c.Log.User, n)
			}
		}
		return nil
	})
	r.stopPosting() // messages posted after them arrive after them
	for _, c := range r.clients {
		got := quizzes(c.Log)
		for id, n := range got {
			if n != 1 {
				r.Errorf("%s got %s %d times", c.Log.User, id, n)
			}
		}
		if len(got) != 20 {
			r.Errorf("%s got %d notifications, want 20", c.Log.User, len(got))
		}
	}
	r.resumePosting()
}
