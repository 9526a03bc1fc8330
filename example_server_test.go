package coup_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// everybody takes the token for the name of the user.
var everybody = auth.VerifierFunc(func(_ context.Context, token string) (auth.Identity, error) {
	return auth.Identity{UserID: token, UserName: token, ExpiresAt: time.Now().Add(time.Hour)}, nil
})

// A bot posts what it has to say, and corrects it later.
func ExampleServer_Post() {
	chat, err := coup.New(coup.Options{Store: store.NewMemory(), Members: coup.Everyone, Verifier: everybody})
	if err != nil {
		log.Fatal(err)
	}
	defer chat.Shutdown(context.Background())
	ctx := context.Background()
	m, err := chat.Post(ctx, store.Message{
		StudyID: "go-101", UserID: "bot", UserName: "Calendar", Content: "We meet at 19:00.",
		ClientID: "meeting-2026-12-01", // with it, a second Post of the same meeting changes nothing
	})
	fmt.Println(m.Seq, m.Content, err)
	e, err := chat.Edit(ctx, store.Entry{StudyID: "go-101", MessageSeq: m.Seq, UserID: "bot", UserName: "Calendar", Content: "We meet at 20:00."})
	fmt.Println(e.Seq, e.Content, err)
	e, err = chat.Delete(ctx, store.Entry{StudyID: "go-101", MessageSeq: m.Seq, UserID: "bot"})
	fmt.Println(e.Seq, e.Kind, err)
	// Output:
	// 1 We meet at 19:00. <nil>
	// 2 We meet at 20:00. <nil>
	// 3 delete <nil>
}

// What a user has said is collected, and then erased everywhere.
func ExampleServer_Erase() {
	messages := store.NewMemory()
	chat, err := coup.New(coup.Options{Store: messages, Members: coup.Everyone, Verifier: everybody})
	if err != nil {
		log.Fatal(err)
	}
	defer chat.Shutdown(context.Background())
	ctx := context.Background()
	for _, text := range []string{"My number is 010-1234-5678.", "See you!"} {
		if _, err := chat.Post(ctx, store.Message{StudyID: "go-101", UserID: "mina", UserName: "Mina", Content: text}); err != nil {
			log.Fatal(err)
		}
	}
	q := store.UserQuery{UserID: "mina", Limit: 100}
	for {
		page, err := messages.EntriesOf(ctx, q)
		if err != nil || len(page) == 0 {
			break
		}
		for _, e := range page {
			fmt.Println(e.StudyID, e.Seq, e.Content)
			q.AfterStudy, q.After = e.StudyID, e.Seq
		}
	}
	fmt.Println(chat.Erase(ctx, store.Erasure{UserID: "mina"}))
	// Output:
	// go-101 1 My number is 010-1234-5678.
	// go-101 2 See you!
	// 2 <nil>
}

// Who is in a study, an import that is heard at once, and a logout everywhere.
func ExampleServer_Who() {
	chat, err := coup.New(coup.Options{Store: store.NewMemory(), Members: coup.Everyone, Verifier: everybody})
	if err != nil {
		log.Fatal(err)
	}
	defer chat.Shutdown(context.Background())
	ctx := context.Background()
	users, count, err := chat.Who(ctx, "go-101")
	fmt.Println(users, count, err)
	fmt.Println(chat.Stored(ctx, "go-101"))
	fmt.Println(chat.Disconnect(ctx, "mina", "You have logged out."))
	// Output:
	// [] 0 <nil>
	// <nil>
	// <nil>
}

// Roles decide, a filter looks at what is posted, and a bot is told of it.
func ExampleOptions() {
	told := make(chan string, 1)
	chat, err := coup.New(coup.Options{
		Store: store.NewMemory(), Members: coup.Everyone, Verifier: everybody,
		May: func(role string, do room.Action) bool {
			if role == "guest" {
				return do == room.ActReact
			}
			return room.MayByDefault(role, do)
		},
		BeforePost: func(_ context.Context, d *room.Draft) error {
			if strings.Contains(d.Content, "http://") {
				return room.Reject("Links must begin with https.")
			}
			return nil
		},
		Posted: func(_ context.Context, e store.Entry) { told <- fmt.Sprint(e.Seq, " ", e.Content) },
	})
	if err != nil {
		log.Fatal(err)
	}
	defer chat.Shutdown(context.Background())
	if _, err := chat.Post(context.Background(), store.Message{StudyID: "go-101", UserID: "bot", Content: "hello"}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(<-told)
	// Output: 1 hello
}

// sessions is a Verifier that knows which tokens were revoked.
type sessions struct {
	auth.Verifier
	revoked func(ctx context.Context, tokenIDs []string) (map[string]bool, error)
}

// Recheck implements auth.Rechecker.
func (s sessions) Recheck(ctx context.Context, of []auth.Identity) ([]bool, error) {
	var ids []string
	for _, who := range of {
		ids = append(ids, who.TokenID)
	}
	revoked, err := s.revoked(ctx, ids)
	if err != nil {
		return nil, err // nobody is disconnected; the next round asks again
	}
	out := make([]bool, len(of))
	for i, who := range of {
		out[i] = revoked[who.TokenID]
	}
	return out, nil
}

// With a Rechecker, a logout ends the connections of the user within 30 s, even if nobody calls
// Disconnect.
func ExampleOptions_rechecker() {
	var verifier auth.Rechecker = sessions{everybody, func(context.Context, []string) (map[string]bool, error) {
		return nil, errors.New("the table of sessions cannot be read now")
	}}
	chat, err := coup.New(coup.Options{Store: store.NewMemory(), Members: coup.Everyone, Verifier: verifier})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(chat.Shutdown(context.Background()))
	// Output: <nil>
}
