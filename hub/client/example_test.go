package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/coupchat/coup/hub/client"
)

// A bot that greets everybody in a study.
func Example() {
	c, err := client.New(client.Options{
		URL:   "wss://chat.example.com/ws",
		Token: func(context.Context) (string, error) { return "a token of your own", nil },
		Handler: func(e client.Event) {
			if e.Name == "new_message" {
				fmt.Println(e.Message.UserName, e.Message.Content)
			}
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Join(context.Background(), "go-101", client.From{}); err != nil {
		log.Fatal(err)
	}
	if _, err := c.Send(context.Background(), "go-101", "hello"); err != nil {
		log.Fatal(err)
	}
}
