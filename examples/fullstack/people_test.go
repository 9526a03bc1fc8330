package main

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coupchat/coup/internal/testenv"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/store"
)

// A visitor makes requests of the sample API as one user.
type visitor struct {
	t *testing.T
	s *services
	person
}

func (v visitor) ask(method, path, body string, out any) int {
	v.t.Helper()
	return call(v.t, v.s, method, path, v.Token, body, out)
}

// want makes a request that must be answered with status.
func (v visitor) want(status int, method, path, body string) {
	v.t.Helper()
	if got := v.ask(method, path, body, nil); got != status {
		v.t.Errorf("%s %s %s = %d, want %d", method, path, body, got, status)
	}
}

func visitors(t *testing.T, s *services, names ...string) (all []visitor) {
	t.Helper()
	for _, name := range names {
		all = append(all, visitor{t, s, login(t, s, name)})
	}
	return all
}

// eachDatabase runs a test with services on each kind of database. args are further flags.
func eachDatabase(t *testing.T, test func(*testing.T, *services), args ...string) {
	t.Helper()
	for name, database := range map[string]func(*testing.T) string{
		"memory":   func(*testing.T) string { return "memory:" },
		"SQLite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "coup.db") },
		"Postgres": func(t *testing.T) string { return testenv.Postgres(t).URL(t) },
	} {
		t.Run(name, func(t *testing.T) {
			test(t, startAll(t, append(args, "-jwt-secret", strings.Repeat("s", minSecret), "-database", database(t))...))
		})
	}
}

// isMember reports whether the user may read the messages of a study.
func (v visitor) isMember(study string) bool {
	v.t.Helper()
	return v.ask("GET", "/api/studies/"+study+"/messages", "", nil) == http.StatusOK
}

func TestARemovedMemberHasToAsk(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *services) {
		v := visitors(t, s, "Owner", "Mod", "Mina")
		owner, mod, mina := v[0], v[1], v[2]
		id := createStudy(t, s, owner.person, "Go")
		path := "/api/studies/" + id
		mod.want(200, "POST", path+"/join", "")
		mina.want(200, "POST", path+"/join", "")
		owner.want(204, "PUT", path+"/members/"+string(mod.UserID), `{"role":"moderator"}`)
		mod.want(204, "DELETE", path+"/members/"+string(mina.UserID), "")
		mina.want(202, "POST", path+"/join", "")
		mina.want(202, "POST", path+"/join", "") // again changes nothing
		if mina.isMember(id) {
			t.Error("a removed member came back by one click")
		}
		var seen study
		if mina.ask("GET", path, "", &seen); !seen.Asked || seen.Member {
			t.Errorf("the study shows %+v, want that she has asked", seen)
		}
		var invite struct{ Code string }
		mod.ask("POST", path+"/invites", "", &invite)
		mina.want(202, "POST", "/api/invites/"+invite.Code, "")

		var asking []outsider
		if mod.ask("GET", path+"/requests", "", &asking); len(asking) != 1 || asking[0].UserID != mina.UserID || !asking[0].Removed {
			t.Fatalf("requests = %+v, want hers", asking)
		}
		for _, leader := range []visitor{owner, mod} {
			var notes []note
			leader.ask("GET", "/api/notifications", "", &notes)
			if len(notes) == 0 || notes[0].Type != "join_requested" || !strings.Contains(notes[0].Message, "Mina") || notes[0].Seen {
				t.Errorf("notifications = %+v, want the request first", notes)
			}
			leader.want(204, "POST", "/api/notifications/seen", "")
			if leader.ask("GET", "/api/notifications", "", &notes); !notes[0].Seen {
				t.Error("a notification is not seen after all were")
			}
		}
		mod.want(204, "DELETE", path+"/requests/"+string(mina.UserID), "")
		mod.want(404, "PUT", path+"/members/"+string(mina.UserID), `{"role":"member"}`) // she does not ask any more
		mina.want(202, "POST", path+"/join", "")
		mod.want(204, "PUT", path+"/members/"+string(mina.UserID), `{"role":"member"}`)
		if !mina.isMember(id) {
			t.Error("she was let in and is no member")
		}
		var notes []note
		if mina.ask("GET", "/api/notifications", "", &notes); len(notes) != 1 || notes[0].Type != "member_approved" {
			t.Errorf("her notifications = %+v, want that she was let in", notes)
		}
		// Only the owner removes a moderator or changes roles.
		owner.want(204, "PUT", path+"/members/"+string(mina.UserID), `{"role":"moderator"}`)
		mod.want(403, "DELETE", path+"/members/"+string(mina.UserID), "")
		mod.want(403, "PUT", path+"/members/"+string(mina.UserID), `{"role":"member"}`)
		mod.want(409, "DELETE", path+"/members/"+string(owner.UserID), "")
		owner.want(409, "PUT", path+"/members/"+string(owner.UserID), `{"role":"member"}`)
		// Who left comes back by one click.
		mina.want(204, "POST", path+"/leave", "")
		mina.want(200, "POST", path+"/join", "")
	}, "-rate", "0")
}

func TestAStudyWithApproval(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *services) {
		v := visitors(t, s, "Owner", "Mina", "Sora")
		owner, mina, sora := v[0], v[1], v[2]
		var made struct{ ID string }
		if status := owner.ask("POST", "/api/studies", `{"name":"Closed","approval":true}`, &made); status != http.StatusCreated {
			t.Fatalf("create = %d", status)
		}
		path := "/api/studies/" + made.ID
		mina.want(202, "POST", path+"/join", "")
		if mina.isMember(made.ID) {
			t.Error("a study with approval let somebody in at once")
		}
		var invite struct{ Code string }
		owner.ask("POST", path+"/invites", "", &invite)
		sora.want(200, "POST", "/api/invites/"+invite.Code, "")
		sora.want(200, "POST", "/api/invites/"+invite.Code, "")
		if !sora.isMember(made.ID) {
			t.Error("an invited user is no member")
		}
		sora.want(403, "POST", path+"/invites", "")
		owner.want(204, "DELETE", path, "")
		mina.want(404, "POST", "/api/invites/"+invite.Code, "")
	}, "-rate", "0")
}

func TestNoticesAreKeptAndPinned(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *services) {
		v := visitors(t, s, "Owner", "Mina", "Sora")
		owner, mina, sora := v[0], v[1], v[2]
		id := createStudy(t, s, owner.person, "Go")
		path := "/api/studies/" + id
		mina.want(200, "POST", path+"/join", "")
		sora.want(200, "POST", path+"/join", "")
		ids := make([]string, 2)
		for i := range ids {
			var posted struct{ ID string }
			mina.ask("POST", path+"/notices", fmt.Sprintf(`{"message":"notice %d"}`, i), &posted)
			ids[i] = posted.ID
		}
		mina.want(403, "PUT", path+"/notices/"+ids[0], `{"pinned":true}`)
		owner.want(204, "PUT", path+"/notices/"+ids[0], `{"pinned":true}`)
		var notices []notice
		if sora.ask("GET", path+"/notices", "", &notices); len(notices) != 2 || !notices[0].Pinned || notices[0].ID != ids[0] || notices[0].UserName != "Mina" {
			t.Errorf("notices = %+v, want the pinned one of Mina first", notices)
		}
		var notes []note
		if sora.ask("GET", "/api/notifications", "", &notes); len(notes) != 2 || notes[0].Message != "Mina: notice 1" {
			t.Errorf("notifications of a member = %+v, want both notices", notes)
		}
		if mina.ask("GET", "/api/notifications", "", &notes); len(notes) != 0 {
			t.Errorf("notifications of the author = %+v, want none", notes)
		}
		sora.want(404, "DELETE", path+"/notices/"+ids[1], "")
		mina.want(204, "DELETE", path+"/notices/"+ids[1], "")
		owner.want(204, "DELETE", path+"/notices/"+ids[0], "")
	}, "-rate", "0")
}

// png is the beginning of a picture, by which its type is recognized.
const png = "\x89PNG\r\n\x1a\n and more"

// upload sends a file.
func (v visitor) upload(method, path, kind, body string) (int, string) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, "http://"+v.s.apiAddr+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+v.Token)
	r.Header.Set("Content-Type", kind)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return answer.StatusCode, string(b)
}

func TestFiles(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *services) {
		v := visitors(t, s, "Owner", "Stranger")
		owner, stranger := v[0], v[1]
		id := createStudy(t, s, owner.person, "Go")
		path := "/api/studies/" + id + "/files"
		for _, tt := range []struct {
			name, query, kind, body string
			want                    int
		}{
			{"a picture", "?name=a.png", "image/png", png, 201},
			{"a text", "?name=notes.txt", "text/plain; charset=utf-8", "<script>", 201},
			{"a page", "?name=a.html", "text/html", "<script>", 415},
			{"a drawing with a script", "?name=a.svg", "image/svg+xml", "<svg onload=x>", 415},
			{"a page that calls itself a picture", "?name=a.png", "image/png", "<script>", 415},
			{"a picture of another type", "?name=a.gif", "image/gif", png, 415},
			{"nothing", "?name=a.png", "image/png", "", 400},
			{"no name", "", "image/png", png, 400},
			{"a name with a line break", "?name=a%0Ab", "image/png", png, 400},
			{"a name that turns text around", "?name=a%E2%80%AEgnp.exe", "image/png", png, 400},
			{"no type", "?name=a", "", "x", 415},
			{"as large as it may be", "?name=a.png", "image/png", png + strings.Repeat("x", maxFile-len(png)), 201},
			{"too large", "?name=a.png", "image/png", png + strings.Repeat("x", maxFile), 413},
		} {
			t.Run(tt.name, func(t *testing.T) {
				if status, body := owner.upload("POST", path+tt.query, tt.kind, tt.body); status != tt.want {
					t.Errorf("%d %s, want %d", status, body, tt.want)
				}
			})
		}
		stranger.want(403, "POST", path+"?name=a.png", png)
		_, made := owner.upload("POST", path+"?name=%EA%B0%80.png", "image/png", png)
		_, rest, _ := strings.Cut(made, `"url":"`)
		file, _, _ := strings.Cut(rest, `"`)
		stranger.want(403, "GET", file, "")
		if status, _ := request(t, "GET", "http://"+s.apiAddr+file, "", ""); status != 401 {
			t.Errorf("a file without a token = %d, want 401", status)
		}
		answer, body, err := exchange(t, "GET", "http://"+s.apiAddr+file, "Bearer "+owner.Token, "")
		if err != nil || answer.StatusCode != 200 || body != png {
			t.Fatalf("the file = %v %q (%v)", answer, body, err)
		}
		for name, want := range map[string]string{
			"Content-Type": "image/png", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox",
			"Content-Disposition": "attachment; filename*=utf-8''%EA%B0%80.png",
		} {
			if got := answer.Header.Get(name); got != want {
				t.Errorf("%s = %q, want %q", name, got, want)
			}
		}
		owner.want(204, "DELETE", "/api/studies/"+id, "")
		owner.want(403, "GET", file, "")
	}, "-rate", "0")
}

func TestPictures(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *services) {
		mina := visitors(t, s, "Mina")[0]
		path := "/api/users/" + string(mina.UserID) + "/picture"
		mina.want(404, "GET", path, "")
		for kind, want := range map[string]int{"image/png": 200, "text/plain": 400, "image/svg+xml": 415} {
			if status, body := mina.upload("PUT", "/api/me/picture", kind, png); status != want {
				t.Errorf("a picture of %s = %d %s, want %d", kind, status, body, want)
			}
		}
		if status, _ := mina.upload("PUT", "/api/me/picture", "image/png", png+strings.Repeat("x", maxPicture)); status != 413 {
			t.Errorf("a large picture = %d, want 413", status)
		}
		if status, body := request(t, "GET", "http://"+s.apiAddr+path, "", ""); status != 200 || body != png {
			t.Errorf("the picture = %d %q", status, body)
		}
		mina.want(200, "DELETE", "/api/me/picture", "")
		mina.want(404, "GET", path, "")
	}, "-rate", "0")
}

// What a study ever had is gone with it, and the rest stays.
func TestADeletedStudyLeavesNoRows(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *services) {
		v := visitors(t, s, "Owner", "Mina")
		owner, mina := v[0], v[1]
		id := createStudy(t, s, owner.person, "Go")
		path := "/api/studies/" + id
		mina.want(200, "POST", path+"/join", "")
		owner.want(201, "POST", path+"/notices", `{"message":"hello"}`)
		owner.want(201, "POST", path+"/invites", "")
		owner.want(204, "DELETE", path+"/members/"+string(mina.UserID), "")
		if status, body := owner.upload("POST", path+"/files?name=a.png", "image/png", png); status != 201 {
			t.Fatalf("a file: %d %s", status, body)
		}
		owner.want(204, "DELETE", path, "")
		owner.want(404, "GET", path, "")
		mina.want(404, "POST", path+"/join", "")
	}, "-rate", "0")
}

// The newest message of each study is in the list if it is asked for.
func TestTheListHasTheNewestMessages(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *services) {
		owner := visitors(t, s, "Owner")[0]
		id := createStudy(t, s, owner.person, "Go")
		hub := wstest.Dial(t, "ws://"+s.signalingAddr+"/ws", nil)
		hub.Login(owner.Token)
		hub.Join(id)
		hub.Call("send_message", map[string]any{"studyId": id, "content": "the last word"}, nil)
		var list []study
		owner.ask("GET", "/api/studies?last", "", &list)
		if len(list) != 1 || list[0].Last == nil || list[0].Last.Content != "the last word" || list[0].Role != ownerRole {
			t.Fatalf("list = %+v", list)
		}
		var plain []study
		if owner.ask("GET", "/api/studies", "", &plain); plain[0].Last != nil {
			t.Error("a message is in a list that was not asked for it")
		}
	}, "-rate", "0")
}

// A new database begins with a study that new users are in.
func TestNobodyBeginsOnAnEmptyPage(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *services) {
		for _, v := range visitors(t, s, "Mina", "Sora") {
			var list []study
			v.ask("GET", "/api/studies", "", &list)
			if len(list) != 1 || !list[0].Member || list[0].Head != int64(len(exampleMessages)) {
				t.Fatalf("studies = %+v, want the example", list)
			}
			v.want(204, "POST", "/api/studies/example/leave", "")
		}
		// Who left it is not brought back by the next login.
		mina := visitors(t, s, "Mina")[0]
		var list []study
		if mina.ask("GET", "/api/studies", "", &list); list[0].Member {
			t.Error("a login brought a user back who left")
		}
	}, "-example")
}

// Who is mentioned finds it later too, and only if they are a member.
func TestMentionsAreKept(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *services) {
		v := visitors(t, s, "Owner", "Mina", "Stranger")
		owner, mina, stranger := v[0], v[1], v[2]
		id := createStudy(t, s, owner.person, "Go")
		mina.want(200, "POST", "/api/studies/"+id+"/join", "")
		hub := wstest.Dial(t, "ws://"+s.signalingAddr+"/ws", nil)
		hub.Login(owner.Token)
		hub.Join(id)
		hub.Call("send_message", map[string]any{"studyId": id, "content": "hello " + strings.Repeat("x", 200), "mentions": []store.UserID{mina.UserID, stranger.UserID, owner.UserID}}, func(wstest.Event) {})
		var notes []note
		for deadline := time.Now().Add(patience); len(notes) == 0; {
			if time.Now().After(deadline) {
				t.Fatal("the mention is not kept")
			}
			mina.ask("GET", "/api/notifications", "", &notes)
		}
		if n := notes[0]; n.Type != "mention" || n.ID != "mention:"+id+":1" || n.Link != "/studies/"+id+"?seq=1" || !strings.HasPrefix(n.Message, "Owner: hello x") || len(n.Message) != 107 {
			t.Errorf("the notification is %+v", n)
		}
		for _, other := range []visitor{owner, stranger} {
			var others []note
			if other.ask("GET", "/api/notifications", "", &others); slices.ContainsFunc(others, func(n note) bool { return n.Type == "mention" }) {
				t.Errorf("%+v", others)
			}
		}
	}, "-rate", "0")
}
