package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/rest"
	"github.com/coupchat/coup/store/sqlite"
)

// startAll starts all services on free ports with args. The test ends them.
func startAll(t *testing.T, args ...string) *services {
	t.Helper()
	args = append([]string{"-api-addr", "127.0.0.1:0", "-internal-addr", "127.0.0.1:0", "-signaling-addr", "127.0.0.1:0", "-database", "memory:", "-example=false", "-search=false"}, args...)
	c, err := parse(args, environ(), io.Discard)
	if err != nil {
		t.Fatalf("parse(%q): %v", args, err)
	}
	s, err := start(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("start(%q): %v", args, err)
	}
	t.Cleanup(func() {
		if err := s.end(); err != nil {
			t.Errorf("end: %v", err)
		}
	})
	return s
}

// call makes a request of the sample API and decodes the answer into out.
func call(t *testing.T, s *services, method, path, token, body string, out any) int {
	t.Helper()
	status, b := request(t, method, "http://"+s.apiAddr+path, token, body)
	if status == 0 {
		t.Fatalf("%s %s: %s", method, path, b)
	}
	if out != nil {
		if err := json.Unmarshal([]byte(b), out); err != nil {
			t.Fatalf("%s %s = %q: %v", method, path, b, err)
		}
	}
	return status
}

type person struct {
	Token  string       `json:"token"`
	UserID store.UserID `json:"userId"`
}

func login(t *testing.T, s *services, name string) person {
	t.Helper()
	var p person
	body, _ := json.Marshal(map[string]string{"name": name})
	if code := call(t, s, "POST", "/api/login", "", string(body), &p); code != http.StatusOK {
		t.Fatalf("login as %q = %d, want 200", name, code)
	}
	return p
}

func createStudy(t *testing.T, s *services, who person, name string) string {
	t.Helper()
	var made struct{ ID, Name string }
	if code := call(t, s, "POST", "/api/studies", who.Token, `{"name":"`+name+`"}`, &made); code != http.StatusCreated {
		t.Fatalf("create %q = %d, want 201", name, code)
	}
	return made.ID
}

func TestTheSameNameIsTheSameUser(t *testing.T) {
	s := startAll(t)
	if a, b, c := login(t, s, "민지"), login(t, s, "  민지 "), login(t, s, "Minji"); a.UserID != b.UserID || a.UserID == c.UserID {
		t.Errorf("users are %s, %s and %s, want the first two alike", a.UserID, b.UserID, c.UserID)
	}
}

func TestAPIAnswers(t *testing.T) {
	s := startAll(t)
	owner, member, stranger := login(t, s, "owner"), login(t, s, "member"), login(t, s, "stranger")
	id := createStudy(t, s, owner, "Algebra")
	if code := call(t, s, "POST", "/api/studies/"+id+"/join", member.Token, "", nil); code != http.StatusOK {
		t.Fatalf("join = %d, want 200", code)
	}
	study := "/api/studies/" + id
	tests := []struct {
		name               string
		method, path, body string
		token              string
		status             int
		code               string
	}{
		{"no token", "GET", "/api/studies", "", "", 401, "unauthorized"},
		{"a bad token", "GET", "/api/studies", "", "x.y.z", 401, "token_invalid"},
		{"no name", "POST", "/api/login", `{}`, "", 400, "bad_request"},
		{"a name of 41 characters", "POST", "/api/login", `{"name":"` + strings.Repeat("가", 41) + `"}`, "", 400, "bad_request"},
		{"a name with a control character", "POST", "/api/login", `{"name":"a\u0000b"}`, "", 400, "bad_request"},
		{"a name with nothing to see", "POST", "/api/login", `{"name":"\u200b"}`, "", 400, "bad_request"},
		{"a body that is no JSON", "POST", "/api/login", `name=x`, "", 400, "bad_request"},
		{"a body that is too large", "POST", "/api/login", `{"name":"` + strings.Repeat("x", 70<<10) + `"}`, "", 413, "too_large"},
		{"the wrong method", "GET", "/api/login", "", "", 405, "method_not_allowed"},
		{"an unknown path", "GET", "/api/nothing", "", "", 404, "not_found"},
		{"join what is not there", "POST", "/api/studies/s_absent/join", "", member.Token, 404, "not_found"},
		{"history of a stranger", "GET", study + "/messages", "", stranger.Token, 403, "forbidden"},
		{"history of what is not there looks the same", "GET", "/api/studies/s_absent/messages", "", stranger.Token, 403, "forbidden"},
		{"members for a stranger", "GET", study + "/members", "", stranger.Token, 403, "forbidden"},
		{"a notice from a stranger", "POST", study + "/notices", `{"message":"x"}`, stranger.Token, 403, "forbidden"},
		{"an empty notice", "POST", study + "/notices", `{"message":" "}`, owner.Token, 400, "bad_request"},
		{"a limit of zero", "GET", study + "/messages?limit=0", "", member.Token, 400, "bad_request"},
		{"a seq that is none", "GET", study + "/messages?before=x", "", member.Token, 400, "bad_request"},
		{"a member kicks", "DELETE", study + "/members/" + string(owner.UserID), "", member.Token, 403, "forbidden"},
		{"the owner kicks a stranger", "DELETE", study + "/members/" + string(stranger.UserID), "", owner.Token, 404, "not_found"},
		{"the owner kicks the owner", "DELETE", study + "/members/" + string(owner.UserID), "", owner.Token, 409, "conflict"},
		{"the owner leaves", "POST", study + "/leave", "", owner.Token, 409, "conflict"},
		{"a member deletes the study", "DELETE", study, "", member.Token, 403, "forbidden"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var p problem
			status := call(t, s, test.method, test.path, test.token, test.body, &p)
			if status != test.status || p.Code != test.code || p.Message == "" {
				t.Errorf("%s %s = %d %+v, want %d %s", test.method, test.path, status, p, test.status, test.code)
			}
		})
	}
}

func TestKickEndsTheMembership(t *testing.T) {
	s := startAll(t)
	owner, member := login(t, s, "owner"), login(t, s, "member")
	id := createStudy(t, s, owner, "Algebra")
	base := "/api/studies/" + id
	call(t, s, "POST", base+"/join", member.Token, "", nil)
	var seats []seat
	if call(t, s, "GET", base+"/members", member.Token, "", &seats); len(seats) != 2 || seats[0].Role != ownerRole || seats[0].LastSeenAt != nil {
		t.Errorf("members = %+v, want the owner and a member, never seen", seats)
	}
	if code := call(t, s, "DELETE", base+"/members/"+string(member.UserID), owner.Token, "", nil); code != http.StatusNoContent {
		t.Errorf("kick = %d, want 204", code)
	}
	if code := call(t, s, "GET", base+"/messages", member.Token, "", nil); code != http.StatusForbidden {
		t.Errorf("history after a kick = %d, want 403", code)
	}
	var listed []study
	call(t, s, "GET", "/api/studies", member.Token, "", &listed)
	if len(listed) != 1 || listed[0].Member || listed[0].MemberCount != 1 {
		t.Errorf("studies of the kicked member = %+v, want one that is not theirs", listed)
	}
}

func TestHistorySaysWhetherThereIsMore(t *testing.T) {
	s := startAll(t, "-open")
	user := login(t, s, "ann")
	msgs := make([]store.Message, 3)
	for i := range msgs {
		msgs[i] = store.Message{StudyID: "s1", UserID: user.UserID, Content: "text", ClientID: store.NewClientID()}
	}
	inside, err := rest.NewClient(s.internalURL(), rest.ClientOptions{Token: s.config.serviceTokens[0]})
	if err != nil {
		t.Fatal(err)
	}
	defer inside.Close()
	if _, err := inside.Append(t.Context(), msgs); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"limit=3": "123 false", "limit=2": "23 true", "limit=2&before=3": "12 false", "limit=1&before=3": "2 true",
		"after=0&limit=2": "12 true", "after=1&limit=2": "23 false", "before=1": " false", "limit=500": "123 false",
	} {
		var got struct {
			Messages []store.Message
			More     bool
		}
		code := call(t, s, "GET", "/api/studies/s1/messages?"+query, user.Token, "", &got)
		var seqs string
		for _, m := range got.Messages {
			seqs += fmt.Sprint(m.Seq)
		}
		if answer := fmt.Sprint(seqs, " ", got.More); code != http.StatusOK || answer != want {
			t.Errorf("%s = %d %s, want %s", query, code, answer, want)
		}
	}
}

func TestWithOpenEverybodyMayRead(t *testing.T) {
	s := startAll(t, "-open")
	var got struct{ Messages []store.Message }
	if code := call(t, s, "GET", "/api/studies/any/messages", login(t, s, "x").Token, "", &got); code != http.StatusOK || got.Messages == nil {
		t.Errorf("history of any study with -open = %d %v, want 200 and a list", code, got)
	}
}

func TestWithoutDemoLoginNobodyCanLogIn(t *testing.T) {
	s := startAll(t, "-demo-login=false")
	if code := call(t, s, "POST", "/api/login", "", `{"name":"x"}`, nil); code != http.StatusNotFound {
		t.Errorf("login = %d, want 404", code)
	}
}

func TestInternalAPIIsOnItsOwnListener(t *testing.T) {
	s := startAll(t)
	for addr, want := range map[string]int{s.apiAddr: 404, s.signalingAddr: 404, s.internalAddr: 401} {
		answer, err := http.Get("http://" + addr + "/api/internal/v1/messages?studyId=x")
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("internal API without a token on %s = %d, want %d", addr, answer.StatusCode, want)
		}
	}
}

func TestSignalingServesHealthAndMetrics(t *testing.T) {
	s := startAll(t)
	// It is ready after it has reached the internal API.
	deadline := time.Now().Add(10 * time.Second)
	for path, want := range map[string]string{"/healthz": "ok", "/readyz": "ready", "/metrics": "coup_"} {
		for {
			answer, err := http.Get("http://" + s.signalingAddr + path)
			if err != nil {
				t.Fatal(err)
			}
			b, _ := io.ReadAll(answer.Body)
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK && strings.Contains(string(b), want) {
				break
			}
			if time.Now().After(deadline) {
				t.Errorf("GET %s = %d %.80q, want 200 with %q", path, answer.StatusCode, b, want)
				break
			}
		}
	}
}

func TestReadinessFailsWithoutTheDatabase(t *testing.T) {
	db, err := sqlite.Open(t.Context(), sqlite.Memory)
	if err != nil {
		t.Fatal(err)
	}
	known, err := openStudies(t.Context(), db.DB(), false)
	if err != nil {
		t.Fatal(err)
	}
	ada := auth.Identity{UserID: "ada"}
	id, err := known.create(t.Context(), ada, "Algebra", false)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	membership := []store.Membership{{StudyID: id, UserID: "ada"}}
	for name, try := range map[string]func(context.Context) error{
		"Member":  func(ctx context.Context) error { _, err := known.Member(ctx, id, "ada"); return err },
		"roles":   func(ctx context.Context) error { _, err := known.roles(ctx, membership); return err },
		"create":  func(ctx context.Context) error { _, err := known.create(ctx, ada, "Geometry", true); return err },
		"admit":   func(ctx context.Context) error { _, _, err := known.admit(ctx, ada, id, false); return err },
		"remove":  func(ctx context.Context) error { return known.remove(ctx, id, "ada", true, true) },
		"approve": func(ctx context.Context) error { return known.approve(ctx, id, "ada") },
		"setRole": func(ctx context.Context) error { return known.setRole(ctx, id, "ada", moderatorRole) },
		"invite":  func(ctx context.Context) error { _, err := known.invite(ctx, id); return err },
		"drop":    func(ctx context.Context) error { return known.drop(ctx, id) },
		"list":    func(ctx context.Context) error { _, err := known.list(ctx, "ada"); return err },
		"members": func(ctx context.Context) error { _, err := known.members(ctx, id); return err },
	} {
		err := try(t.Context())
		if p, _ := asProblem(err); p.Code != "unavailable" {
			t.Errorf("%s without a database is answered with %q (%v), want unavailable", name, p.Code, err)
		}
	}
}
