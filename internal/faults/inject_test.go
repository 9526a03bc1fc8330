package faults

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// inject injects one fault and checks everything that happened.
func (h *deployment) inject(t testing.TB, f fault, seed uint64, score *Scorecard) {
	t.Helper()
	h.t = t
	h.casts++
	if f.posters+f.silent == 0 {
		f.posters, f.silent = 6, 3
	}
	f.every = cmp.Or(f.every, 40*time.Millisecond)
	r := &round{deployment: h, TB: t, rng: rand.New(rand.NewPCG(seed, 2)), score: score, load: ClientConfig{Every: f.every, Size: f.size, MessagesOnly: f.messages},
		studies: []string{fmt.Sprintf("s%d-a", h.casts), fmt.Sprintf("s%d-b", h.casts)}}
	defer func() {
		for _, c := range r.all() {
			c.Stop()
		}
		h.heal()
	}()
	for i, p := range r.enlist(f.posters+f.silent, true) {
		r.start(p, func(c *ClientConfig) {
			if i >= f.posters {
				quiet(c)
			}
			c.Protocol = Protocols[i%len(Protocols)]
		})
	}
	if !f.alone {
		r.gather(h.pairs)
	}
	r.waitFor(func() error { return r.joined() })
	if f.posters > 0 {
		r.flow(50)
	}
	f.run(r)
	if f.posters > 0 {
		r.flow(50)
	}
	r.stopPosting()
	for _, c := range r.all() {
		c.Stop()
	}
	r.judge(f)
}

// gather starts pairs of clients that post beside the others, each pair in its own study.
func (r *round) gather(pairs int) {
	studies, people, clients := r.studies, r.people, r.clients
	r.clients = nil
	for i := range pairs {
		r.studies = []string{fmt.Sprintf("s%d-p%d", r.casts, i)}
		for j, p := range r.enlist(2, true) {
			r.start(p, func(c *ClientConfig) { c.Protocol = Protocols[(i+j)%len(Protocols)] })
		}
		r.beside = append(r.beside, r.studies...)
	}
	r.pairs = r.clients
	r.studies, r.people, r.clients = studies, people, clients
}

// joined waits until all clients have joined.
func (r *round) joined() error {
	for _, c := range r.all() {
		if err := c.In(); err != nil {
			return err
		}
	}
	return nil
}

// maxPrinted is how many violations are printed.
const maxPrinted = 10

func (r *round) judge(f fault) {
	r.Helper()
	logs := r.logs()
	v := Check(History{Rows: r.rows(), Logs: logs, Exits: r.exits})
	for i, c := range v.Violations {
		if i == maxPrinted {
			r.Errorf("and %d more", len(v.Violations)-i)
			break
		}
		r.Errorf("%s: %s", c.Rule, c.Text)
	}
	r.score.Add(f.name, v)
	r.Logf("%s (catalogue %s): %d acks, %d deliveries, %d resumes, %d changes, %d views", f.name, f.rows, v.Acks, v.Received, v.Resumes, v.Changes, v.Views)
}

// heal ends all faults, also those that a failed round left.
func (h *deployment) heal() {
	for _, p := range h.proxies() {
		p.Heal()
	}
}

func (h *deployment) proxies() []*Proxy {
	all := []*Proxy{h.toDB, h.toBus}
	for _, b := range h.hubs {
		all = append(all, b.front, b.toAPI, b.toRedis)
	}
	return all
}
