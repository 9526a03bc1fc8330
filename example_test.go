package coup_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/auth/jwt"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// Chat is one more handler in a server that you have.
func Example() {
	mux := http.NewServeMux() // yours, with everything else that it serves
	secret := []byte("at least 32 bytes, from your configuration")

	verifier, err := jwt.New(jwt.Options{Keys: []jwt.Key{{Algorithm: "HS256", Key: secret}}})
	if err != nil {
		log.Fatal(err)
	}
	chat, err := coup.New(coup.Options{
		Store:    store.NewMemory(), // to try; postgres.Open and sqlite.Open keep messages
		Members:  coup.Everyone,     // everyone may enter every study; see store.MembersFunc
		Verifier: verifier,
	})
	if err != nil {
		log.Fatal(err)
	}
	mux.Handle("/ws", chat)
	mux.Handle("/socket.io/", chat.SocketIO()) // for the stock socket.io-client
	web := &http.Server{Handler: mux, ConnContext: coup.ConnContext,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute, IdleTimeout: time.Minute}

	// Serve until it is time to go.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- web.Serve(l) }()
	visit("http://"+l.Addr().String()+"/ws", secret)
	fmt.Println(chat.Shutdown(context.Background()), web.Shutdown(context.Background()), <-served)
	// Output:
	// Minji: hello
	// <nil> <nil> http: Server closed
}

// visit does what a page does: it authenticates, joins a study, and posts a message,
// which it then receives like everybody else.
func visit(url string, secret []byte) {
	signer, err := jwt.NewHS256(secret)
	if err != nil {
		log.Fatal(err)
	}
	token, err := signer.Sign(auth.Identity{UserID: "u1", UserName: "Minji", ExpiresAt: time.Now().Add(time.Hour)})
	if err != nil {
		log.Fatal(err)
	}
	c := wstest.Dial(browser{}, url, nil)
	defer c.Close()
	c.Login(token)
	c.Join("study-1")
	c.Send("send_message", nil, map[string]string{"studyId": "study-1", "content": "hello"})
	said := c.Expect("new_message")
	fmt.Printf("%s: %s\n", said.String("userName"), said.String("content"))
}

// The application notifies a user, on every hub to which the user is connected.
func ExampleServer_Publisher() {
	chat, web := open()
	defer chat.Shutdown(context.Background())
	defer web.Close()
	c := wstest.Dial(browser{}, web.URL, nil)
	defer c.Close()
	c.Login("u1")

	err := chat.Publisher().Notify(context.Background(), room.Notification{
		UserID:  "u1",
		Type:    "application_approved",
		Message: "You are in: Algorithms on Mondays",
		Link:    "/studies/1",
	})
	if err != nil {
		fmt.Println(err)
	}

	n := c.Expect("notification")
	fmt.Println(n.String("type"), n.String("link"), n.String("message"))
	// Output: application_approved /studies/1 You are in: Algorithms on Mondays
}

// A user who is not a member any more is removed from the room at once, on every hub.
func ExampleServer_Publisher_kick() {
	chat, web := open()
	defer chat.Shutdown(context.Background())
	defer web.Close()
	c := wstest.Dial(browser{}, web.URL, nil)
	defer c.Close()
	c.Login("u1")
	c.Join("study-1")

	err := chat.Publisher().Announce(context.Background(), room.StudyEvent{
		Type: room.MemberKicked, StudyID: "study-1", UserID: "u1", Message: "The study is full",
	})
	if err != nil {
		fmt.Println(err)
	}

	left := c.Expect("room_left")
	fmt.Println(left.String("studyId"), left.String("reason"))
	fmt.Println(c.Expect("notification").String("message"))
	// Output:
	// study-1 kicked
	// The study is full
}

// open starts a server whose tokens are the names of users.
func open() (*coup.Server, *httptest.Server) {
	chat, err := coup.New(coup.Options{
		Store:   store.NewMemory(),
		Members: coup.Everyone,
		Verifier: auth.VerifierFunc(func(_ context.Context, token string) (auth.Identity, error) {
			return auth.Identity{UserID: token, ExpiresAt: time.Now().Add(time.Hour)}, nil
		}),
	})
	if err != nil {
		log.Fatal(err)
	}
	return chat, httptest.NewServer(chat)
}

// browser is a testing.TB for the client of the tests, where there is no test.
type browser struct{ testing.TB }

func (browser) Helper()                        {}
func (browser) Cleanup(func())                 {}
func (browser) Fatalf(format string, v ...any) { log.Panicf(format, v...) }
func (browser) Errorf(format string, v ...any) { log.Panicf(format, v...) }
