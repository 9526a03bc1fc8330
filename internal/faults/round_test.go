package faults

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/lib/pq"

	"github.com/coupchat/coup/auth"
)

// A fault is one entry of the catalogue.
type fault struct {
	name string
	// rows are the numbers of the scenarios that it covers.
	rows string
	// long leaves it out of the short form. short leaves it out of the long form, which has
	// the same fault at full size.
	long, short bool
	// posters and silent are how many clients there are of each, 6 and 3 if both
	// are 0; every is the gap between the messages of one, 40 ms if 0.
	posters, silent int
	// alone leaves out the pairs of the long form, because they would change what is
	// measured.
	alone bool
	// most is how often the long form injects it at most. 0 is as often as the others.
	most  uint64
	every time.Duration
	size  int
	// messages leaves out edits, deletions and reactions.
	messages bool
	// run breaks something while clients post, and heals it.
	run func(*round)
}

// A round is one injection. It has its own users and studies. At the end the checker checks
// everything.
type round struct {
	*deployment
	testing.TB
	rng     *rand.Rand
	score   *Scorecard
	people  []person
	named   int // how many users have got an id
	studies []string
	clients []*Client
	extra   []*Log    // of clients that were stopped
	pairs   []*Client // clients that post in pairs beside the others
	beside  []string  // their studies
	exits   []Exit
	erased  []Row // rows that were deleted or undone
	load    ClientConfig
}

// A person is a user, who may be a member of the round's studies.
type person struct{ id, token string }

// enlist creates users. If member is set they are members of the studies, and the first one
// owns them.
func (r *round) enlist(n int, member bool) []person {
	r.Helper()
	var people []person
	var ids []string
	for i := range n {
		id := fmt.Sprintf("u%d-%d", r.casts, r.named+i)
		token, err := r.keys.Sign(auth.Identity{UserID: id, UserName: id, ExpiresAt: time.Now().Add(12 * time.Hour)})
		if err != nil {
			r.Fatal(err)
		}
		people, ids = append(people, person{id, token}), append(ids, id)
	}
	r.people = append(r.people, people...)
	r.named += n
	r.exec(`INSERT INTO study_app_users (id, name, created_at) SELECT u, u, 0 FROM unnest($1::text[]) u`, pq.Array(ids))
	for _, s := range r.studies {
		r.exec(`INSERT INTO study_app_studies (id, name, owner_id, created_at) VALUES ($1, $1, $2, 0) ON CONFLICT DO NOTHING`, s, ids[0])
		if member {
			r.exec(`INSERT INTO study_app_members (study_id, user_id, role, joined_at)
				SELECT s.id, u, CASE WHEN u = s.owner_id THEN 'owner' ELSE 'member' END, 0
				FROM unnest($2::text[]) u, study_app_studies s WHERE s.id = $1`, s, pq.Array(ids))
		}
	}
	return people
}

func (r *round) exec(query string, args ...any) {
	r.Helper()
	if _, err := r.db.Exec(query, args...); err != nil {
		r.Fatalf("%s: %v", query, err)
	}
}

// start starts a client of a person. more changes its configuration.
func (r *round) start(p person, more func(*ClientConfig)) *Client {
	c := r.load
	c.User, c.Token, c.Studies, c.Hubs = p.id, p.token, r.studies, r.hubAddrs()
	c.Clock, c.History, c.Seed = r.clock, r.history(p.token), r.rng.Uint64()
	if more != nil {
		more(&c)
	}
	cl := StartClient(c)
	r.clients = append(r.clients, cl)
	return cl
}

// quiet configures a client that posts nothing.
func quiet(c *ClientConfig) { c.Every = 0 }

// all returns all clients of this moment.
func (r *round) all() []*Client { return slices.Concat(r.clients, r.pairs) }

// logs returns the logs of all clients, also of stopped ones.
func (r *round) logs() []*Log {
	logs := slices.Clone(r.extra)
	for _, c := range r.all() {
		logs = append(logs, c.Log)
	}
	return logs
}

// acks returns how many sends have been acknowledged, without those of the pairs.
func (r *round) acks() int {
	n := 0
	for _, l := range r.extra {
		n += l.Acks()
	}
	for _, c := range r.clients {
		n += c.Log.Acks()
	}
	return n
}

// flow waits until n more sends are acknowledged.
func (r *round) flow(n int) {
	r.Helper()
	goal := r.acks() + n
	r.eventually(fmt.Sprintf("%d more acks", n), patience+time.Duration(n)*100*time.Millisecond, func() error {
		if got := r.acks(); got < goal {
			return fmt.Errorf("%d of %d", got, goal)
		}
		return nil
	})
}

// stopPosting stops the posts and waits until all clients have all messages.
func (r *round) stopPosting() {
	r.Helper()
	for _, c := range r.all() {
		c.StopPosting()
	}
	r.settle()
}

// settle waits until all posts are acknowledged and all clients have them.
func (r *round) settle() {
	r.Helper()
	unacked := func() error {
		for _, c := range r.all() {
			if err := c.Settled(nil); err != nil {
				return err
			}
		}
		return nil
	}
	if !r.waitFor(unacked) {
		return
	}
	heads := r.heads()
	r.waitFor(func() error {
		for _, c := range r.all() {
			if err := c.Settled(heads); err != nil {
				return err
			}
		}
		return nil
	})
}

// waitFor is eventually that does not fail the round: the checker reports it better.
func (r *round) waitFor(check func() error) bool {
	r.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := check()
		if err == nil {
			return true
		}
		if time.Now().After(deadline) {
			r.Errorf("not settled within %v: %v", patience, err)
			return false
		}
		r.wait(10 * time.Millisecond)
	}
}

// heads returns the newest seqs in the database.
func (r *round) heads() map[string]int64 {
	r.Helper()
	heads := map[string]int64{}
	for _, row := range r.rows() {
		heads[row.Study] = max(heads[row.Study], row.Seq)
	}
	return heads
}
