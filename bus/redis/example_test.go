package redis_test

import (
	"context"
	"fmt"
	"log"

	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/bus/redis"
)

func ExampleNew() {
	b, err := redis.New(redis.Options{URL: "redis://localhost:6379"})
	if err != nil {
		log.Fatal(err) // the URL is wrong; New does not need a running Redis
	}
	defer b.Close()
	_, err = b.Subscribe("study-events", bus.Handler{
		Message: func(payload []byte) { fmt.Printf("heard %s\n", payload) },
		Gap:     func() { fmt.Println("read what was missed from the store") },
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := b.Ping(context.Background()); err != nil {
		log.Print("not ready: ", err)
	}
}
