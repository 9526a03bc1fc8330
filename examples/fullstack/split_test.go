package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/coupchat/coup/internal/testenv"
	"github.com/coupchat/coup/internal/wstest"
)

// A split is a deployment whose parts are processes: Postgres, Redis, the api, and hubs.
type split struct {
	postgres string
	redis    *testenv.RedisServer
	db       *sqlx.DB
	secret   string
	service  string
	internal string // host:port
	api      *process
	a, b     *process
}

func TestSplit(t *testing.T) {
	s := &split{redis: testenv.Redis(t), postgres: testenv.StartPostgres(t).URL(t), secret: newSecret(), service: newSecret()}
	s.api, s.internal = s.startAPI(t)
	s.a, s.b = s.startHub(t, "hub A"), s.startHub(t, "hub B")
	var err error
	if s.db, err = sqlx.Open("postgres", s.postgres); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.db.Close() })
	s.api.ready(t)
	s.a.ready(t)
	s.b.ready(t)

	t.Run("members on two hubs chat and see one order", s.chat)
	t.Run("a notification reaches every connection of its users once", s.notifications)
	t.Run("who is kicked is out on every hub and stays out", s.kick)
	t.Run("a user is online until the last connection on any hub ends", s.presence)
	t.Run("malformed payloads on the public channels are ignored", s.malformed)
	t.Run("both services show their health, and nothing internal in public", s.listeners)
	t.Run("20,000 messages over two hubs arrive once and in order", s.load)
	t.Run("when something breaks", func(t *testing.T) {
		tests := map[string]func(*testing.T){
			"a hub that is killed is offline with its users":     s.killedHub,
			"a hub with the wrong service token is never ready":  s.wrongToken,
			"what cannot be stored is refused, and stored later": s.apiAway,
			"hubs that stop or die lose and double nothing":      s.rolling,
		}
		for name, test := range tests {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t)
			})
		}
	})
}

// startAPI starts the api and returns the address of its internal API.
func (s *split) startAPI(t *testing.T) (p *process, internal string) {
	t.Helper()
	addr, internal := testenv.FreeAddr(t), testenv.FreeAddr(t)
	return launch(t, "api", addr, "-role", "api", "-api-addr", addr, "-internal-addr", internal,
		"-database", s.postgres, "-redis", s.redis.URL(), "-jwt-secret", s.secret, "-service-token", s.service, "-demo-login"), internal
}

// startHub starts a hub of the deployment. more are further arguments.
func (s *split) startHub(t *testing.T, name string, more ...string) *process {
	t.Helper()
	addr := testenv.FreeAddr(t)
	args := []string{"-role", "signaling", "-signaling-addr", addr, "-api-url", "http://" + s.internal,
		"-redis", s.redis.URL(), "-jwt-secret", s.secret, "-service-token", s.service, "-rate", "0"}
	return launch(t, name, addr, append(args, more...)...)
}

// ask makes a request to the sample API. The status of the answer must be want.
func (s *split) ask(t *testing.T, method, path, token, body string, want int, out any) {
	t.Helper()
	status, answer := request(t, method, "http://"+s.api.addr+path, token, body)
	if status != want {
		t.Fatalf("%s %s = %d %s, want %d", method, path, status, answer, want)
	}
	if out != nil {
		if err := json.Unmarshal([]byte(answer), out); err != nil {
			t.Fatalf("%s %s = %s: %v", method, path, answer, err)
		}
	}
}

func (s *split) login(t *testing.T, name string) person {
	t.Helper()
	var p person
	s.ask(t, "POST", "/api/login", "", fmt.Sprintf(`{"name":%q}`, name), http.StatusOK, &p)
	return p
}

// study creates a study. The first user owns it, the others join.
func (s *split) study(t *testing.T, people ...person) string {
	t.Helper()
	var made struct{ ID string }
	s.ask(t, "POST", "/api/studies", people[0].Token, `{"name":"Algebra"}`, http.StatusCreated, &made)
	for _, p := range people[1:] {
		s.ask(t, "POST", "/api/studies/"+made.ID+"/join", p.Token, "", http.StatusOK, nil)
	}
	return made.ID
}

// connect opens an authenticated connection to a hub.
func connect(t *testing.T, hub *process, who person) *wstest.Client {
	t.Helper()
	c := wstest.Dial(t, "ws://"+hub.addr+"/ws", nil)
	c.Login(who.Token)
	return c
}

// publish publishes on Redis, as a program in any language can.
func (s *split) publish(t *testing.T, channel, payload string) {
	t.Helper()
	if n := s.redis.Command(t, "PUBLISH "+channel+" '"+payload+"'"); !strings.HasPrefix(n, ":") || n == ":0" {
		t.Fatalf("PUBLISH %s = %s, want at least one subscriber", channel, n)
	}
}

// only returns the next event with a name, and drops others.
func only(t *testing.T, c *wstest.Client, event string) wstest.Event {
	t.Helper()
	for {
		e, err := c.Next(wstest.Timeout)
		if err != nil {
			t.Fatalf("waiting for %s: %v", event, err)
		}
		if e.Event == event {
			return e
		}
	}
}

func (s *split) chat(t *testing.T) {
	ada, ben := s.login(t, "chat Ada"), s.login(t, "chat Ben")
	id := s.study(t, ada, ben)
	clients := []*wstest.Client{connect(t, s.a, ada), connect(t, s.b, ben)}
	for _, c := range clients {
		c.Join(id)
	}
	const each = 100
	for n := range each {
		for i, c := range clients {
			c.Send("send_message", nil, map[string]any{"studyId": id, "content": fmt.Sprintf("%d of %d", n, i)})
		}
	}
	seen := [2][]string{}
	for i, c := range clients {
		for n := range 2 * each {
			e := only(t, c, "new_message")
			if e.Int("seq") != int64(n+1) {
				t.Fatalf("message %d of client %d has seq %d", n+1, i, e.Int("seq"))
			}
			seen[i] = append(seen[i], e.String("id")+" "+e.String("content")+" "+e.String("sentAt"))
		}
		c.ExpectNothing()
	}
	if !slices.Equal(seen[0], seen[1]) {
		t.Errorf("one saw %q, the other %q", seen[0], seen[1])
	}
}

func (s *split) notifications(t *testing.T) {
	ada, ben, eve := s.login(t, "note Ada"), s.login(t, "note Ben"), s.login(t, "note Eve")
	of := map[string][]*wstest.Client{
		"ada": {connect(t, s.a, ada), connect(t, s.a, ada), connect(t, s.b, ada)},
		"ben": {connect(t, s.a, ben), connect(t, s.b, ben)},
		"eve": {connect(t, s.b, eve)},
	}
	one := fmt.Sprintf(`{"userId":%q,"type":"quiz","message":"one","link":"/quiz/1","id":"n1"}`, ada.UserID)
	several := fmt.Sprintf(`{"userIds":[%q,%q,%q],"type":"quiz","message":"two","link":"javascript:x"}`, ada.UserID, ben.UserID, ada.UserID)
	s.publish(t, "notifications", one)
	s.publish(t, "notifications", one)
	s.publish(t, "notifications", several)
	s.publish(t, "notifications", strings.Replace(one, "n1", "n2", 1))
	tests := map[string][]string{"ada": {"one /quiz/1 n1", "two  ", "one /quiz/1 n2"}, "ben": {"two  "}, "eve": {}}
	for name, want := range tests {
		for i, c := range of[name] {
			for _, w := range want {
				e := c.Expect("notification")
				if got := e.String("message") + " " + e.String("link") + " " + e.String("id"); got != w || e.String("type") != "quiz" {
					t.Errorf("connection %d of %s got %s, want %q", i, name, e.Raw, w)
				}
			}
			c.ExpectNothing()
		}
	}
}

func (s *split) kick(t *testing.T) {
	owner, member := s.login(t, "kick owner"), s.login(t, "kick member")
	id := s.study(t, owner, member)
	watcher := connect(t, s.a, owner)
	watcher.Join(id)
	kicked := []*wstest.Client{connect(t, s.a, member), connect(t, s.b, member)}
	for _, c := range kicked {
		c.Join(id)
	}
	s.ask(t, "DELETE", "/api/studies/"+id+"/members/"+string(member.UserID), owner.Token, "", http.StatusNoContent, nil)
	for i, c := range kicked {
		if e := c.Expect("room_left"); e.String("studyId") != id || e.String("reason") != "kicked" {
			t.Errorf("connection %d got %s", i, e.Raw)
		}
		if e := c.Expect("notification"); e.String("type") != "member_kicked" || e.String("studyId") != id {
			t.Errorf("connection %d got %s", i, e.Raw)
		}
		if e := c.Call("join_room", map[string]any{"studyId": id}, nil); e.String("code") != "forbidden" {
			t.Errorf("connection %d joins again: %s, want forbidden", i, e.Raw)
		}
		if e := c.Call("send_message", map[string]any{"studyId": id, "content": "x"}, nil); e.String("code") != "not_joined" {
			t.Errorf("connection %d sends: %s, want not_joined", i, e.Raw)
		}
	}
	watcher.Send("send_message", nil, map[string]any{"studyId": id, "content": "among us"})
	only(t, watcher, "new_message")
	for _, c := range kicked {
		c.ExpectNothing()
	}
}

func (s *split) malformed(t *testing.T) {
	ada := s.login(t, "malformed Ada")
	id := s.study(t, ada)
	c, d := connect(t, s.a, ada), connect(t, s.b, ada)
	c.Join(id)
	d.Join(id)
	payloads := []string{"", "x", "null", "[]", "{}", `{"userId":1}`, `{"userId":"` + string(ada.UserID) + `"}`, `{"type":"notice"}`,
		`{"type":"member_kicked","studyId":"` + id + `"}`, `{"type":"notice","studyId":"../*"}`, "\xff\xfe", strings.Repeat("[", 10_000)}
	for _, channel := range []string{"notifications", "study-events", "coup:room:" + id} {
		for _, payload := range payloads {
			s.publish(t, channel, payload)
		}
	}
	s.publish(t, "study-events", `{"type":"notice","studyId":"`+id+`","message":"after"}`)
	for _, c := range []*wstest.Client{c, d} {
		if e := c.Expect("notification"); e.String("message") != "after" {
			t.Errorf("after malformed payloads: %s", e.Raw)
		}
	}
	c.Send("send_message", nil, map[string]any{"studyId": id, "content": "still here"})
	for _, c := range []*wstest.Client{c, d} {
		if e := c.Expect("new_message"); e.Int("seq") != 1 {
			t.Errorf("after malformed payloads: %s", e.Raw)
		}
		c.ExpectNothing()
	}
}

func (s *split) listeners(t *testing.T) {
	public := []string{s.api.addr, s.a.addr}
	for _, addr := range public {
		for path, want := range map[string]string{"/healthz": "ok", "/readyz": "ready"} {
			if status, body := get(t, "http://"+addr+path, ""); status != 200 || !strings.Contains(body, want) {
				t.Errorf("GET %s%s = %d %q, want 200 %q", addr, path, status, body, want)
			}
		}
		for _, path := range []string{"messages?studyId=x", "users/x/status", "studies/x/members/y", "", "../v1/messages"} {
			if status, body := get(t, "http://"+addr+"/api/internal/v1/"+path, s.service); status != 404 {
				t.Errorf("GET %s/api/internal/v1/%s = %d %.80q, want 404", addr, path, status, body)
			}
		}
	}
	for addr, want := range map[string]string{s.a.addr: "coup_", s.internal: "go_sql_"} {
		if status, body := get(t, "http://"+addr+"/metrics", ""); status != 200 || !strings.Contains(body, want) {
			t.Errorf("GET %s/metrics = %d, want 200 with %s…", addr, status, want)
		}
	}
}
