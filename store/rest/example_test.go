package rest_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"slices"

	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/rest"
)

// shouting is a custom store: it changes the content of messages and leaves the rest to
// another store.
type shouting struct{ store.Store }

func (s shouting) Append(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
	loud := slices.Clone(msgs) // the caller's are not ours to change
	for i := range loud {
		loud[i].Content += "!"
	}
	return s.Store.Append(ctx, loud)
}

// A service serves its own store and its own members to the hubs.
func Example() {
	members := store.MembersFunc(func(_ context.Context, study store.StudyID, user store.UserID) (string, error) {
		if study == "go-101" && user == "u1" {
			return "member", nil
		}
		return "", store.ErrNotFound
	})
	handler, err := rest.NewHandler(shouting{store.NewMemory()}, members, rest.HandlerOptions{Tokens: []string{serviceToken}})
	if err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(handler) // http.Server on 127.0.0.1:8082
	defer server.Close()

	// On the other side, a hub has a store and members like any other.
	client, err := rest.NewClient(server.URL, rest.ClientOptions{Token: serviceToken})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	ctx := context.Background()
	role, err := client.Member(ctx, "go-101", "u1")
	fmt.Println(role, err)
	said, err := client.Append(ctx, []store.Message{{StudyID: "go-101", UserID: "u1", UserName: "Kim", Content: "hello", ClientID: store.NewClientID()}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(said[0].Seq, said[0].Content)
	// Output:
	// member <nil>
	// 1 hello!
}

// serviceToken is shared by both sides. In production it comes from the
// environment.
const serviceToken = "an-example-token-of-32-bytes-or-more"
