package faults

import (
	"fmt"
	"syscall"
	"time"

	"github.com/lib/pq"
)

// hubFrozen stops a hub and lets it go on, with old memberships, and after 25 s with a lease
// that has ended.
func hubFrozen(d time.Duration) func(*round) {
	return func(r *round) {
		b := r.hubs[r.rng.IntN(len(r.hubs))]
		b.Stop(r)
		r.wait(d)
		b.Continue(r)
		r.allReady()
	}
}

// deploy restarts one hub after the other, each with a clean shutdown.
func deploy(r *round) {
	for _, b := range r.hubs {
		r.score.Sample(DrainTime, b.Quit(r, syscall.SIGTERM, patience))
		b.Restart(r)
		r.score.Count(Restarts, 1)
		r.score.Count(DeployClients, len(r.clients))
		r.flow(30)
	}
	r.stopPosting()
	v := Check(History{Rows: r.rows(), Logs: r.logs()})
	r.score.Count(DeployLost, v.Count(LostAck, WrongAck))
	r.resumePosting()
}

// halfOpen loses everything between a hub and its clients, which have to notice it.
func halfOpen(r *round) {
	b := r.hubs[r.rng.IntN(len(r.hubs))]
	b.front.Set(Way{Drop: true}, Way{Drop: true})
	r.flow(100)
	r.wait(3 * time.Second)
	b.front.Heal()
}

// stalled makes one client stop reading while long messages come.
func stalled(r *round) {
	b := r.hubs[0]
	c := r.start(r.enlist(1, true)[0], func(c *ClientConfig) {
		// Without a proxy, which would read in its place.
		c.Every, c.Hubs, c.Buffer = 0, []string{b.Addr()}, 32<<10
	})
	r.eventually("a client is in", patience, c.In)
	slow := b.figure("coup_connections_slow_total")
	// The requests for metrics cost the hub something too, so they are made before as well.
	closed := func(since, most time.Duration) bool {
		for r.clock()-since < most {
			if b.figure("coup_connections_slow_total") > slow {
				return true
			}
			r.wait(100 * time.Millisecond)
		}
		return false
	}
	begin := r.clock()
	if closed(begin, 4*time.Second) {
		r.Error("a client that reads was closed")
	}
	frozen := r.clock()
	c.Freeze(true)
	if !closed(frozen, patience) {
		r.Errorf("a client that does not read was not closed in %v", patience)
	}
	end := r.clock()
	r.score.Sample(SlowClosed, end-frozen)
	c.Freeze(false)
	c.Cut()
	var others []*Log
	for _, l := range r.logs() {
		if l != c.Log {
			others = append(others, l)
		}
	}
	ds := Deliveries(others)
	r.score.Sample(Healthy, Delays(ds, begin, frozen)...)
	r.score.Sample(HealthySlow, Delays(ds, frozen, end)...)
}

// figure returns a metric of a hub.
func (b *hub) figure(name string) float64 {
	_, body, err := get(b.Addr(), "/metrics")
	if err != nil {
		return -1
	}
	return metric(body, name)
}

// reconnectAll cuts all clients at once.
func reconnectAll(r *round) {
	r.wait(1500 * time.Millisecond) // backends report their counts once a second
	before := r.transactions()
	begin := r.clock()
	for _, b := range r.hubs {
		b.front.Reset()
	}
	opened := func() map[*Log]time.Duration {
		back := map[*Log]time.Duration{}
		for _, c := range r.clients {
			joins := 0
			for _, rec := range c.Log.Records() {
				if rec.Kind == Joined && rec.At > begin {
					if joins++; joins == len(r.studies) {
						back[c.Log] = rec.At - begin
					}
				}
			}
		}
		return back
	}
	r.eventually("the reconnectAll is back", patience, func() error {
		r.wait(100 * time.Millisecond) // the query itself takes a while
		if n := len(opened()); n < len(r.clients) {
			return fmt.Errorf("%d of %d", n, len(r.clients))
		}
		return nil
	})
	for _, d := range opened() {
		r.score.Sample(AllReconnected, d)
	}
	r.wait(1500 * time.Millisecond)
	r.score.Count(ReconnectQueries, int(r.transactions()-before))
	r.score.Count(ReconnectClients, len(r.clients))
}

// transactions returns how many transactions Postgres has committed, with those of the
// test.
func (r *round) transactions() int64 {
	r.Helper()
	var n int64
	if err := r.db.QueryRow(`SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()`).Scan(&n); err != nil {
		r.Fatal(err)
	}
	return n
}

// online returns which of people are online.
func (r *round) online(people []person) map[string]bool {
	r.Helper()
	var ids []string
	for _, p := range people {
		ids = append(ids, p.id)
	}
	found, err := r.db.Query(`SELECT user_id FROM coup_user_status WHERE status = 'online' AND user_id = ANY($1)`, pq.Array(ids))
	if err != nil {
		r.Fatal(err)
	}
	defer found.Close()
	online := map[string]bool{}
	for found.Next() {
		var id string
		if err := found.Scan(&id); err != nil {
			r.Fatal(err)
		}
		online[id] = true
	}
	return online
}

// onlineAre checks how many of people are online.
func (r *round) onlineAre(people []person, want int) func() error {
	return func() error {
		if n := len(r.online(people)); n != want {
			return fmt.Errorf("%d of %d are online, want %d", n, len(people), want)
		}
		return nil
	}
}

// presence kills a hub with all users who are connected only to it.
func presence(r *round) {
	b := r.hubs[r.rng.IntN(len(r.hubs))]
	people := r.enlist(20, true)
	for _, p := range people {
		r.start(p, func(c *ClientConfig) { c.Every, c.Hubs = 0, []string{b.front.Addr()} })
	}
	r.eventually("all are online", patience, r.onlineAre(people, len(people)))
	b.Kill(r)
	r.score.Sample(HubOffline, r.eventually("all are offline", patience, r.onlineAre(people, 0)))
	b.Restart(r)
	r.eventually("all are online again", patience, r.onlineAre(people, len(people)))
}

// reconnectOften makes clients reconnect between hubs whose reports are delayed.
func reconnectOften(r *round) {
	delay := func() time.Duration { return time.Duration(time.Now().UnixNano()%100) * time.Millisecond }
	for _, b := range r.hubs {
		b.toAPI.Set(Way{Delay: delay}, Way{})
	}
	people := r.enlist(40, true)
	var clients []*Client
	for _, p := range people {
		clients = append(clients, r.start(p, quiet))
	}
	n := 0
	for range 6 * r.scale {
		r.wait(600 * time.Millisecond) // until most have reconnected
		for _, c := range clients {
			if c.Cut() {
				n++
			}
		}
	}
	gone := map[string]bool{}
	for i, c := range clients[:20] {
		c.Stop()
		c.Log.Partial = true
		gone[people[i].id] = true
		r.extra = append(r.extra, c.Log)
	}
	r.drop(clients[:20])
	r.heal()
	wrong := 0
	check := func() error {
		wrong = 0
		online := r.online(people)
		for _, p := range people {
			if online[p.id] == gone[p.id] {
				wrong++
			}
		}
		if wrong > 0 {
			return fmt.Errorf("the presence of %d is wrong", wrong)
		}
		return nil
	}
	r.waitFor(check)
	r.wait(time.Second)
	if err := check(); err != nil {
		r.Error(err)
	}
	r.score.Count(Reconnects, n)
	r.score.Count(WrongPresence, wrong)
}
