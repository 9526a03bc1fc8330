package faults

import (
	"fmt"
	"time"
)

// rows returns the lines of the scorecard. The caller holds mu.
func (s *Scorecard) rows(injections int) []ScoreRow {
	n := s.counts
	return []ScoreRow{
		{"1", "Acknowledged messages lost", fmt.Sprintf("%d of %d over %d injections", s.broken[LostAck]+s.broken[WrongAck], s.acks, injections), "0 of 1,000,000 over 260"},
		{"2", "Duplicates stored / delivered", fmt.Sprintf("%d / %d; %s", s.broken[StoredTwice]+s.broken[StoredBadly], s.broken[DeliveredTwice], s.with(func() string { return fmt.Sprintf("%d answers of the store cut", n[LostAnswers]) }, LostAnswers)), "0 / 0 over 10,000 cut"},
		{"3", "Order violations", fmt.Sprintf("%d of %d deliveries; %s", s.broken[Disorder], s.received, s.with(func() string {
			return fmt.Sprintf("%d of %d with 8 senders on 3 hubs", n[ManyDisordered], n[ManyReceived])
		}, ManyReceived)), "0 of 500,000"},
		{"4", "Gaps after a resume or join", fmt.Sprintf("%d of %d joins, %d of them resumes", s.broken[Gap], s.joins, s.resumes), "0 of 10,000 resumes"},
		{"4a", "Clients that show something else than the tables", fmt.Sprintf("%d of %d views; %d edits, deletions and reactions", s.broken[Differs]+s.broken[Distorted], s.views, s.changes), "0"},
		{"5", "Last message before a silence repaired", s.worst(LastMessageRead), "p99 5s"},
		{"6", "Redis restart: live again / caught up", s.worst(RedisLive) + " / " + s.worst(RedisCaughtUp), "p99 2s / 5s"},
		{"7", "Frozen Redis noticed, readyz says so", s.worst(RedisNoticed), "4s"},
		{"7a", "Demoted Redis left by all hubs", s.worst(RedisMoved), "5s"},
		{"8", "Postgres killed: acks lost / first good send / every send answered", s.with(func() string {
			return fmt.Sprintf("%d over %d / %s / %s", n[PostgresLost], n[PostgresKills], s.worst(GoodSend), s.worst(SendAnswered))
		}, PostgresKills), "0 over 50 / 2s / 5s"},
		{"8a", "Standby promoted: first good send", s.worst(GoodPromoted), "5s"},
		{"9", "Wrong presence after a hub is killed / after quick changes", s.worst(HubOffline) + " / " + s.with(func() string {
			return fmt.Sprintf("%d wrong after %d changes", n[WrongPresence], n[Reconnects])
		}, Reconnects), "20s / 0 of 5,000"},
		{"10", "Rolling deploy: sends lost / drain", s.with(func() string {
			return fmt.Sprintf("%d over %d restarts under %d clients / %s", n[DeployLost], n[Restarts], n[DeployClients]/max(1, n[Restarts]), s.worst(DrainTime))
		}, Restarts), "0 over 20, 500 clients / 10s"},
		{"11", "Last delivery after a kick, bus up / down", s.worst(KickBusUp) + " / " + s.worst(KickBusDown), "p99 1s / 30s"},
		{"12", "One stalled: others' p99 before / during; stalled one closed", s.slow(), "within 10 %; 5s"},
		{"13", "Many clients reconnect at once: all back / transactions a client (a query is up to two)", s.with(func() string {
			return fmt.Sprintf("%d clients: %s / %.2f", n[ReconnectClients], s.worst(AllReconnected), float64(n[ReconnectQueries])/float64(max(1, n[ReconnectClients])))
		}, ReconnectClients), "3,000 in 30s / 0.1"},
	}
}

func (s *Scorecard) slow() string {
	return s.with(func() string {
		ms := func(f Figure) time.Duration { return Percentile(s.samples[f], 0.99).Round(100 * time.Microsecond) }
		return fmt.Sprintf("%v / %v; %s", ms(Healthy), ms(HealthySlow), s.worst(SlowClosed))
	}, Healthy, HealthySlow, SlowClosed)
}
