package faults

import "time"

// catalogue is everything that is done to the house.
var catalogue = []fault{
	{name: "Redis is killed and back at once", rows: "1", run: redisRestart(100 * time.Millisecond)},
	{name: "Redis is killed and back after 2 s", rows: "1", run: redisRestart(2 * time.Second)},
	{name: "Redis is killed and back after 15 s", rows: "1", long: true, run: redisRestart(15 * time.Second)},
	{name: "Redis freezes", rows: "3", run: redisFrozen},
	{name: "what a hub says to Redis is stalled", rows: "2, 3", run: redisOneWay(true)},
	{name: "what Redis says to a hub is stalled", rows: "2, 3", run: redisOneWay(false)},
	{name: "the news of the last message is lost", rows: "4", run: lostTail},
	{name: "Redis cuts a slow subscriber", rows: "5", run: pubsubLimit},
}
