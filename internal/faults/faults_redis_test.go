package faults

import (
	"errors"
	"fmt"
	"time"
)

// redisRestart kills Redis and starts it again after a while.
func redisRestart(down time.Duration) func(*round) {
	return func(r *round) {
		r.redis.Kill(r)
		r.pass(down)
		r.redis.Restart(r)
		back := r.clock()
		r.allReady()
		r.flow(100)
		r.hush()
		ds := Deliveries(r.logs())
		r.score.Sample(RedisLive, LiveAgain(ds, back))
		r.score.Sample(RedisCaughtUp, CaughtUp(ds, back))
		r.talk()
	}
}

// talk has those who were hushed talk again.
func (r *round) talk() {
	for _, c := range r.all() {
		if c.config.Every > 0 {
			c.Talk()
		}
	}
}

// red waits until every one of the hubs says that it is not ready.
func (r *round) red(hubs ...*hub) {
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
	r.red(r.hubs...)
	r.flow(50) // people go on without it
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
		r.red(b)
		r.flow(50)
		b.toRedis.Heal()
		r.allReady()
	}
}

// lostTail loses the news of the last message before a silence.
func lostTail(r *round) {
	for i := range 3 {
		r.hush()
		for _, b := range r.hubs {
			b.toRedis.Set(Way{Drop: true}, Way{})
		}
		begin := r.clock()
		r.clients[i].Say(r.studies[0])
		r.clients[i+1].Say(r.studies[1])
		r.settle()
		for _, d := range Deliveries(r.logs()) {
			if d.Acked > begin && !d.Own {
				r.score.Sample(TailRepair, d.Heard-d.Acked)
			}
		}
		r.heal()
		r.allReady()
	}
	r.talk()
}

// pubsubLimit has Redis cut subscribers that it has to wait for.
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
