package bus_test

import (
	"context"
	"fmt"

	"github.com/coupchat/coup/bus"
)

func ExampleMemory() {
	b := bus.NewMemory()
	defer b.Close()
	s, err := b.Subscribe("room", bus.Handler{
		Message: func(payload []byte) { fmt.Printf("got %s\n", payload) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	if err := b.Publish(context.Background(), bus.Message{Channel: "room", Payload: []byte("hello")}); err != nil {
		fmt.Println(err)
	}
	// Output: got hello
}
