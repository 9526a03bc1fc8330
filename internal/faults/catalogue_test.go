package faults

import (
	"syscall"
	"time"
)

// catalogue holds all faults that are injected into a deployment.
var catalogue = []fault{
	{name: "Redis is killed and back at once", rows: "1", run: redisRestart(100 * time.Millisecond)},
	{name: "Redis is killed and back after 2 s", rows: "1", run: redisRestart(2 * time.Second)},
	{name: "Redis is killed and back after 15 s", rows: "1", long: true, most: 5, run: redisRestart(15 * time.Second)},
	{name: "Redis freezes", rows: "3", run: redisFrozen},
	{name: "traffic from a hub to Redis stalls", rows: "2, 3", run: redisOneWay(true)},
	{name: "traffic from Redis to a hub stalls", rows: "2, 3", run: redisOneWay(false)},
	{name: "Redis is demoted behind its address", rows: "2", run: redisDemoted},
	{name: "the publish of the last message is lost", rows: "4", run: lastMessageLost},
	{name: "Redis cuts a slow subscriber", rows: "5", run: pubsubLimit},
	{name: "a hub dies between commit and publish", rows: "6, 10", run: hubDiesAfterCommit},
	{name: "answers of the store are cut at any byte", rows: "7", run: lostAnswers},
	{name: "connections to the api are half closed and reset", rows: "7", run: apiHalfClosed},
	{name: "the api is killed", rows: "9", run: apiKilled},
	{name: "the api freezes", rows: "9", run: apiFrozen},
	{name: "the api takes 1.5 s for every answer", rows: "9", run: apiSlow},
	{name: "Postgres is killed", rows: "8", run: postgresEnds(syscall.SIGKILL)},
	{name: "Postgres stops immediately", rows: "8", run: postgresEnds(syscall.SIGQUIT)},
	{name: "Postgres dies and its standby is promoted", rows: "8", run: standbyPromoted},
	{name: "connections to Postgres are reset", rows: "8", run: postgresCut},
	{name: "an older dump is restored", rows: "6", run: restored},
	{name: "rows are deleted by hand", rows: "6", run: rowsErased},
	{name: "the clock of Postgres jumps", rows: "16", run: clockJumps},
	{name: "a hub freezes", rows: "24", run: hubFrozen(5 * time.Second)},
	{name: "a hub freezes for longer than its lease", rows: "24", long: true, most: 3, run: hubFrozen(25 * time.Second)},
	{name: "a deploy restarts all hubs", rows: "12", short: true, run: deploy},
	{name: "a deploy restarts all hubs under 500 clients", rows: "12", long: true, most: 7, silent: 494, posters: 6, every: 500 * time.Millisecond, run: deploy},
	{name: "connections are half open", rows: "13", run: halfOpen},
	{name: "one client stops reading", rows: "14", alone: true, posters: 8, silent: 12, size: 1800, run: stalled},
	{name: "many clients are cut at once", rows: "15", short: true, alone: true, silent: 150, run: reconnectAll},
	{name: "3,000 clients are cut at once", rows: "15", alone: true, long: true, most: 3, silent: 3000, run: reconnectAll},
	{name: "clients join while others post", rows: "19", run: joins},
	{name: "eight clients post on three hubs with delays", rows: "20", alone: true, posters: 8, silent: 1, every: 20 * time.Millisecond, run: many},
	{name: "members are kicked", rows: "18", run: kickBusUp},
	{name: "members are kicked while Redis is down", rows: "18", run: kickRedisDown},
	{name: "members are kicked and the event is lost", rows: "18", long: true, most: 3, run: kickLost},
	{name: "malformed payloads are published on all channels", rows: "21", run: malformed},
	{name: "notifications are published three times", rows: "26", run: republished},
	{name: "a hub is killed with its users", rows: "10", run: presence},
	{name: "clients reconnect between hubs again and again", rows: "11", run: reconnectOften},
}
