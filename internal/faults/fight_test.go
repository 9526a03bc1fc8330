package faults

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// fight runs one fault against the house and holds what happened against the
// promises.
func (h *house) fight(t testing.TB, f fault, seed uint64, score *Scorecard) {
	t.Helper()
	h.t = t
	h.casts++
	if f.talkers+f.silent == 0 {
		f.talkers, f.silent = 6, 3
	}
	if f.every == 0 {
		f.every = 40 * time.Millisecond
	}
	r := &round{house: h, TB: t, rng: rand.New(rand.NewPCG(seed, 2)), score: score, load: ClientConfig{Every: f.every, Size: f.size},
		studies: []string{fmt.Sprintf("s%d-a", h.casts), fmt.Sprintf("s%d-b", h.casts)}}
	defer func() {
		for _, c := range r.all() {
			c.Stop()
		}
		h.heal()
	}()
	for i, p := range r.enlist(f.talkers+f.silent, true) {
		if i < f.talkers {
			r.start(p, nil)
		} else {
			r.start(p, quiet)
		}
	}
	if !f.alone {
		r.gather(h.pairs)
	}
	r.waitFor(func() error { return r.joined() })
	if f.talkers > 0 {
		r.flow(50)
	}
	f.run(r)
	if f.talkers > 0 {
		r.flow(50)
	}
	r.hush()
	for _, c := range r.all() {
		c.Stop()
	}
	r.judge(f)
}

// gather has pairs of people talk beside the others, each in a study of its own.
func (r *round) gather(pairs int) {
	studies, people, clients := r.studies, r.people, r.clients
	r.clients = nil
	for i := range pairs {
		r.studies = []string{fmt.Sprintf("s%d-p%d", r.casts, i)}
		for _, p := range r.enlist(2, true) {
			r.start(p, nil)
		}
		r.beside = append(r.beside, r.studies...)
	}
	r.choir = r.clients
	r.studies, r.people, r.clients = studies, people, clients
}

// joined waits for everybody to be in.
func (r *round) joined() error {
	for _, c := range r.all() {
		if err := c.In(); err != nil {
			return err
		}
	}
	return nil
}

// maxComplaints is how many are shown.
const maxComplaints = 10

func (r *round) judge(f fault) {
	r.Helper()
	logs := r.logs()
	v := Check(History{Rows: r.rows(), Logs: logs, Exits: r.exits})
	for i, c := range v.Complaints {
		if i == maxComplaints {
			r.Errorf("and %d more", len(v.Complaints)-i)
			break
		}
		r.Errorf("%s: %s", c.Rule, c.Text)
	}
	r.score.Add(f.name, v)
	r.Logf("%s (catalogue %s): %d acks, %d deliveries, %d resumes", f.name, f.rows, v.Acks, v.Heard, v.Resumes)
}

// heal puts everything back, whatever a failed fault left behind.
func (h *house) heal() {
	for _, p := range h.proxies() {
		p.Heal()
	}
}

func (h *house) proxies() []*Proxy {
	all := []*Proxy{h.toDB, h.toBus}
	for _, b := range h.hubs {
		all = append(all, b.front, b.toAPI, b.toRedis)
	}
	return all
}
