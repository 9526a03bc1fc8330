package faults

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coupchat/coup/internal/testenv"
)

// redisRestart kills Redis and starts it again after a while.
func redisRestart(down time.Duration) func(*round) {
	return func(r *round) {
		r.redis.Kill(r)
		r.wait(down)
		r.redis.Restart(r)
		back := r.clock()
		r.allReady()
		r.flow(100)
		r.stopPosting()
		ds := Deliveries(r.logs())
		r.score.Sample(RedisLive, LiveAgain(ds, back))
		r.score.Sample(RedisCaughtUp, CaughtUp(ds, back))
		r.resumePosting()
	}
}

// resumePosting makes all clients post again.
func (r *round) resumePosting() {
	for _, c := range r.all() {
		if c.config.Every > 0 {
			c.ResumePosting()
		}
	}
}

// notReady waits until all of hubs answer that they lack something.
func (r *round) notReady(hubs ...*hub) {
	r.Helper()
	begin := time.Now()
	for _, b := range hubs {
		r.eventually("a hub notices", patience, func() error {
			if err := readyAt(b.Addr()); err == nil {
				return errors.New("it is ready")
			}
			return nil
		})
		r.score.Sample(RedisNoticed, time.Since(begin))
	}
}

// redisFrozen stops Redis without closing anything.
func redisFrozen(r *round) {
	r.redis.Stop(r)
	r.notReady(r.hubs...)
	r.flow(50) // clients go on without it
	r.redis.Continue(r)
	r.allReady()
}

// redisOneWay loses one direction between one hub and Redis.
func redisOneWay(up bool) func(*round) {
	return func(r *round) {
		b := r.hubs[r.rng.IntN(len(r.hubs))]
		lost, fine := Way{Stall: true}, Way{}
		if up {
			b.toRedis.Set(lost, fine)
		} else {
			b.toRedis.Set(fine, lost)
		}
		r.notReady(b)
		r.flow(50)
		b.toRedis.Heal()
		r.allReady()
	}
}

// lastMessageLost loses the publish of the last message before a silence.
func lastMessageLost(r *round) {
	for i := range 3 {
		r.stopPosting()
		for _, b := range r.hubs {
			b.toRedis.Set(Way{Drop: true}, Way{})
		}
		begin := r.clock()
		r.clients[i].Post(r.studies[0])
		r.clients[i+1].Post(r.studies[1])
		r.settle()
		for _, d := range Deliveries(r.logs()) {
			if d.Acked > begin && !d.Own {
				r.score.Sample(LastMessageRead, d.Received-d.Acked)
			}
		}
		r.heal()
		r.allReady()
	}
	r.resumePosting()
}

// pubsubLimit makes Redis cut subscribers that read too slowly.
func pubsubLimit(r *round) {
	set := func(limit string) {
		if answer := r.redis.Command(r, "CONFIG SET client-output-buffer-limit "+fmt.Sprintf("%q", "pubsub "+limit)); answer != "+OK" {
			r.Fatalf("CONFIG SET = %s", answer)
		}
	}
	set("16kb 0 0")
	b := r.hubs[r.rng.IntN(len(r.hubs))]
	b.toRedis.Set(Way{}, Way{Rate: 2 << 10})
	r.flow(600)
	b.toRedis.Heal()
	set("32mb 8mb 60")
	r.allReady()
}

// redisDemoted makes another Redis the master, and the old one its replica. The addresses of
// the hubs and the api lead to the new master, but their connections stay. Then it goes back.
func redisDemoted(r *round) {
	other := testenv.Redis(r)
	r.moveRedis(r.redis, other)
	r.flow(50)
	r.moveRedis(other, r.redis)
	r.flow(50)
}

// moveRedis demotes one Redis, and waits until all hubs are on the other.
func (r *round) moveRedis(from, to *testenv.RedisServer) {
	to.Command(r, "REPLICAOF NO ONE")
	r.toBus.To(to.Addr())
	for _, b := range r.hubs {
		b.toRedis.To(to.Addr())
	}
	from.Command(r, "REPLICAOF "+strings.Replace(to.Addr(), ":", " ", 1))
	begin := time.Now()
	r.eventually("all hubs are on the new master", patience, func() error {
		answer := to.Answer(r, "PUBSUB NUMSUB notifications")
		if want := fmt.Sprintf(":%d\r\n", len(r.hubs)); !strings.HasSuffix(answer, want) {
			return fmt.Errorf("PUBSUB NUMSUB = %q", answer)
		}
		return nil
	})
	r.score.Sample(RedisMoved, time.Since(begin))
	r.allReady()
}
