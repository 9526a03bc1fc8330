package coup_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/auth/jwt"
	"github.com/coupchat/coup/bus/redis"
	"github.com/coupchat/coup/internal/testenv"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/postgres"
	"github.com/coupchat/coup/store/rest"
	"github.com/coupchat/coup/store/sqlite"
)

// Ids with every sign that identity providers use, and what encodeURIComponent makes of them.
const (
	oddStudy, oddStudyInPath = "s|1+2=~@x", "s%7C1%2B2%3D~%40x"
	oddUser, oddUserInPath   = "a.b+c=|d~@x", "a.b%2Bc%3D%7Cd~%40x"
)

// A guest list says that oddUser, until it is removed, and u2 are members of oddStudy.
type guestList struct{ removed atomic.Bool }

func (g *guestList) Member(ctx context.Context, study store.StudyID, user store.UserID) (string, error) {
	if user == oddUser && g.removed.Load() {
		return "", store.ErrNotFound
	}
	return only(oddStudy, oddUser, "u2").Member(ctx, study, user)
}

func TestIDsOfIdentityProvidersWorkEverywhere(t *testing.T) {
	server := testenv.Redis(t)
	for _, c := range []struct {
		name string
		open func(t *testing.T) store.Store
	}{
		{"memory", func(*testing.T) store.Store { return store.NewMemory() }},
		{"sqlite", openSQLite},
		{"postgres", openPostgres},
		{"rest", func(t *testing.T) store.Store {
			_, c := internalAPI(t, store.NewMemory(), &guestList{})
			return c
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &oddDeployment{store: c.open(t)}
			d.api, d.client = internalAPI(t, d.store, &d.guests)
			d.start(t, server)
			d.chat(t)
			d.paths(t)
			d.kick(t)
		})
	}
}

func openSQLite(t *testing.T) store.Store {
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "coup.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func openPostgres(t *testing.T) store.Store {
	s, err := postgres.Open(t.Context(), testenv.StartPostgres(t).URL(t), postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

const serviceToken = "0123456789abcdef0123456789abcdef"

// internalAPI serves a store and returns the URL and a client.
func internalAPI(t *testing.T, s store.Store, m store.Members) (string, *rest.Client) {
	h, err := rest.NewHandler(s, m, rest.HandlerOptions{Tokens: []string{serviceToken}})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(h)
	t.Cleanup(web.Close)
	c, err := rest.NewClient(web.URL, rest.ClientOptions{Token: serviceToken})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return web.URL + rest.Base, c
}

// An oddDeployment is two hubs with a store, a Redis, and memberships behind the internal API.
type oddDeployment struct {
	store  store.Store
	guests guestList
	api    string
	client *rest.Client
	hubs   [2]string
	bus    *redis.Bus
	tokens *jwt.Signer
	a, b   *wstest.Client // oddUser and u2, on different hubs
}

func (d *oddDeployment) start(t *testing.T, server *testenv.RedisServer) {
	var err error
	if d.bus, err = redis.New(redis.Options{URL: server.URL()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.bus.Close() })
	if d.tokens, err = jwt.NewHS256([]byte(serviceToken)); err != nil {
		t.Fatal(err)
	}
	verifier, err := jwt.New(jwt.Options{Keys: []jwt.Key{d.tokens.Key()}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range d.hubs {
		var s *coup.Server
		s, d.hubs[i] = kind{}.serve(t, coup.Options{Store: d.store, Bus: d.bus, Members: d.client, Verifier: verifier})
		await(t, "the hub to reach Redis", func() bool { return s.Ready() == nil })
	}
}

// enter connects a user to a hub and joins the study.
func (d *oddDeployment) enter(t *testing.T, hub int, user, name string) *wstest.Client {
	t.Helper()
	token, err := d.tokens.Sign(auth.Identity{UserID: user, UserName: name, ExpiresAt: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	c := wstest.Dial(t, d.hubs[hub], nil)
	if e := c.Login(token); e.String("userId") != user {
		t.Fatalf("authenticate as %s: %s", user, e.Raw)
	}
	if e := c.Join(oddStudy); e.String("studyId") != oddStudy {
		t.Fatalf("join: %s", e.Raw)
	}
	return c
}

func (d *oddDeployment) chat(t *testing.T) {
	d.a, d.b = d.enter(t, 0, oddUser, "Mina"), d.enter(t, 1, "u2", "Sora")
	ack := say(d.a, oddStudy, "hello")
	if ack.Event != "ack" || ack.String("studyId") != oddStudy || ack.Int("seq") != 1 {
		t.Fatalf("send_message: %s", ack.Raw)
	}
	for _, c := range []*wstest.Client{d.a, d.b} {
		e := c.Expect("new_message")
		if e.String("studyId") != oddStudy || e.String("userId") != oddUser || e.String("id") != ack.String("id") {
			t.Errorf("got %s, want the message of %s", e.Raw, ack.Raw)
		}
	}
	for name, s := range map[string]store.Store{"the store": d.store, "the internal API": d.client} {
		msgs, err := s.History(t.Context(), store.Query{StudyID: oddStudy, Limit: 10})
		if err != nil || len(msgs) != 1 || msgs[0].UserID != oddUser || msgs[0].StudyID != oddStudy || msgs[0].ID != ack.String("id") {
			t.Errorf("History of %s = %+v, %v", name, msgs, err)
		}
		heads, err := s.Heads(t.Context(), []store.StudyID{oddStudy})
		if err != nil || heads[oddStudy] != 1 {
			t.Errorf("Heads of %s = %v, %v", name, heads, err)
		}
	}
}

// paths asks the internal API as a program in another language does.
func (d *oddDeployment) paths(t *testing.T) {
	get := func(path string) string {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.api+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+serviceToken)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		var body strings.Builder
		if err := answer.Write(&body); err != nil {
			t.Fatal(err)
		}
		return body.String()
	}
	await(t, "the user to be online", func() bool {
		body := get("/users/" + oddUserInPath + "/status")
		return strings.Contains(body, `{"userId":"`+oddUser+`","status":"online"`)
	})
	if body := get("/studies/" + oddStudyInPath + "/members/" + oddUserInPath); !strings.Contains(body, `{"role":"member"}`) {
		t.Errorf("the membership is %s", body)
	}
}

func (d *oddDeployment) kick(t *testing.T) {
	p := room.Publisher{Bus: d.bus}
	if err := p.Notify(t.Context(), room.Notification{UserID: oddUser, Type: "hint", Link: "/studies/" + oddStudyInPath}); err != nil {
		t.Fatal(err)
	}
	if e := d.a.Expect("notification"); e.String("type") != "hint" || e.String("link") != "/studies/"+oddStudyInPath {
		t.Errorf("the notification is %s", e.Raw)
	}
	d.guests.removed.Store(true)
	if err := p.Announce(t.Context(), room.StudyEvent{Type: room.MemberKicked, StudyID: oddStudy, UserID: oddUser}); err != nil {
		t.Fatal(err)
	}
	if e := d.a.Expect("room_left"); e.String("studyId") != oddStudy || e.String("reason") != "kicked" {
		t.Errorf("got %s, want that %s was kicked", e.Raw, oddUser)
	}
	if e := d.a.Expect("notification"); e.String("studyId") != oddStudy {
		t.Errorf("the notification is %s", e.Raw)
	}
	if e := d.a.Call("join_room", data{"studyId": oddStudy}, nil); e.String("code") != "forbidden" {
		t.Errorf("the join of a removed user is %s", e.Raw)
	}
	if e := say(d.b, oddStudy, "the others go on"); e.Int("seq") != 2 {
		t.Errorf("send_message: %s", e.Raw)
	}
	d.a.ExpectNothing()
}

// await waits until ok returns true.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(wstest.Timeout); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("waiting for %s", what)
		}
	}
}
