package faults

import (
	"fmt"
	"sync"
	"syscall"
	"time"
)

// lostAnswers cuts answers of the store after any number of bytes: messages are stored, but
// the hub does not learn it.
func lostAnswers(r *round) {
	var mu sync.Mutex // guards r.rng
	cut := &Cut{Match: []byte("POST /api/internal/v1/messages"), After: func() int {
		mu.Lock()
		defer mu.Unlock()
		if r.rng.IntN(3) == 0 {
			return -1 // so that some posts succeed
		}
		return r.rng.IntN(600)
	}}
	cuts := func() (n int) {
		for _, b := range r.hubs {
			n += int(b.toAPI.Cuts())
		}
		return n
	}
	before := cuts()
	for _, b := range r.hubs {
		b.toAPI.CutAnswers(cut)
	}
	enough := 100
	if *long {
		enough = 1100
	}
	r.eventually("enough answers are cut", 2*patience, func() error {
		if n := cuts() - before; n < enough {
			return fmt.Errorf("%d of %d", n, enough)
		}
		return nil
	})
	r.heal()
	r.score.Count(LostAnswers, cuts()-before)
}

// apiKilled kills the api and starts it again.
func apiKilled(r *round) {
	r.api.Kill(r)
	r.wait(time.Second)
	r.api.Restart(r)
	r.allReady()
}

// apiFrozen stops the api for a while.
func apiFrozen(r *round) {
	r.api.Stop(r)
	r.wait(3 * time.Second)
	r.api.Continue(r)
	r.allReady()
}

// apiSlow delays the answers of the api.
func apiSlow(r *round) {
	for _, b := range r.hubs {
		b.toAPI.Set(Way{}, Way{Delay: func() time.Duration { return 1500 * time.Millisecond }})
	}
	r.flow(20)
	r.heal()
	r.allReady()
}

// apiHalfClosed half closes the connections from the api, and then resets them.
func apiHalfClosed(r *round) {
	for _, b := range r.hubs {
		b.toAPI.HalfClose()
	}
	r.flow(50)
	for _, b := range r.hubs {
		b.toAPI.Reset()
	}
}

// postgresEnds ends Postgres without a clean shutdown, so that it has to recover.
func postgresEnds(sig syscall.Signal) func(*round) {
	return func(r *round) {
		times := 1
		if *long {
			times = 3
		}
		for range times {
			r.wait(time.Duration(r.rng.IntN(500)) * time.Millisecond)
			if sig == syscall.SIGKILL {
				r.postgres.Kill(r)
			} else {
				r.postgres.Quit(r, sig, patience)
			}
			r.wait(500 * time.Millisecond)
			r.postgres.Restart(r)
			back := r.clock()
			r.flow(50)
			r.allReady()
			if d, ok := FirstAck(r.logs(), back); ok {
				r.score.Sample(GoodSend, d)
			}
		}
		r.stopPosting()
		logs := r.logs()
		v := Check(History{Rows: r.rows(), Logs: logs})
		r.score.Count(PostgresLost, v.Count(LostAck, WrongAck))
		r.score.Count(PostgresKills, times)
		r.score.Sample(SendAnswered, Answers(logs)...)
		r.resumePosting()
	}
}

// postgresCut resets the connections of the api to Postgres, again and again.
func postgresCut(r *round) {
	for range 5 {
		r.toDB.Reset()
		r.flow(20)
	}
}

// hubDiesAfterCommit kills a hub after it has stored a message, and before it publishes it.
func hubDiesAfterCommit(r *round) {
	b := r.hubs[r.rng.IntN(len(r.hubs))]
	p := r.enlist(1, true)[0]
	c := r.start(p, func(c *ClientConfig) { c.Every, c.Hubs = 0, []string{b.front.Addr()} })
	r.eventually("a client is in", patience, c.In)
	r.stopPosting() // while its store does not answer, a hub accepts one message at a time
	b.toAPI.Set(Way{}, Way{Stall: true})
	c.Post(r.studies[0])
	r.eventually("the message is stored", patience, func() error {
		var n int
		if err := r.db.QueryRow(`SELECT count(*) FROM coup_messages WHERE study_id = $1 AND user_id = $2`, r.studies[0], p.id).Scan(&n); err != nil || n != 1 {
			return fmt.Errorf("%d rows: %w", n, err)
		}
		return nil
	})
	b.Kill(r)
	b.toAPI.Heal()
	r.resumePosting()
	r.flow(50)
	b.Restart(r)
	r.allReady()
}

// rowsErased deletes rows under load, old and new ones, and tells the hubs only sometimes.
// Meanwhile clients lose their connections and come back.
func rowsErased(r *round) {
	for i := range 6 {
		r.flow(40)
		for _, study := range r.studies {
			var head int64
			if err := r.db.QueryRow(`SELECT head FROM coup_studies WHERE study_id = $1`, study).Scan(&head); err != nil {
				r.Fatal(err)
			}
			first := max(1, head-r.rng.Int64N(20))
			last := first + r.rng.Int64N(10)
			r.erase(study, first, last)
			if i%2 == 0 {
				r.redis.Command(r, fmt.Sprintf(`PUBLISH study-events '{"type":"messages_erased","studyId":%q,"from":%d,"to":%d}'`, study, first, last))
			}
		}
		for _, c := range r.clients {
			if r.rng.IntN(3) == 0 {
				c.Cut()
			}
		}
	}
	r.allReady()
}

// restored restores an older dump of the studies under load: rows are gone, and their seqs
// come again. Clients lose their connections before and after it.
func restored(r *round) {
	cut := func() {
		for _, c := range r.clients {
			if r.rng.IntN(3) == 0 {
				c.Cut()
			}
		}
	}
	for _, c := range r.clients {
		r.eventually("a client has read something", patience, c.In)
	}
	dump := r.dump()
	r.flow(20 + r.rng.IntN(60))
	cut()
	down := r.rng.IntN(2) == 0
	if down {
		r.api.Kill(r)
	}
	r.restore(dump)
	r.toDB.Reset()
	if down {
		r.api.Restart(r)
	}
	cut()
	r.flow(150)
	r.allReady()
	r.waitFor(func() error {
		if n := Check(History{Rows: r.rows(), Logs: r.logs()}).Count(Stale); n > 0 {
			return fmt.Errorf("%d rooms of clients show what is gone", n)
		}
		return nil
	})
}

// standbyPromoted kills Postgres and promotes its synchronous standby, to which the address
// then leads.
func standbyPromoted(r *round) {
	standby := r.postgres.Standby(r.owner) // it stays for the next rounds
	r.flow(50)
	r.postgres.Kill(r)
	standby.Promote(r)
	r.follow(standby)
	back := r.clock()
	r.flow(50)
	r.allReady()
	if d, ok := FirstAck(r.logs(), back); ok {
		r.score.Sample(GoodPromoted, d)
	}
}
