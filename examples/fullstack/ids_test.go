package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/sqlite"
)

// A study and users with ids of an application and an identity provider, and the same as
// encodeURIComponent writes them.
const (
	oddStudy, oddStudyInPath = "s|1+2=~@x", "s%7C1%2B2%3D~%40x"
	oddUser, oddUserInPath   = "a.b+c=|d~@x", "a.b%2Bc%3D%7Cd~%40x"
	oddOwner                 = "auth0|6553da60a54af58e29493993"
)

// startOdd starts all services with args and oddStudy, and returns oddOwner and oddUser.
func startOdd(t *testing.T, args ...string) (s *services, owner, user person) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "coup.db")
	s = startAll(t, append(args, "-database", "sqlite:"+file)...)
	sign := func(id, name string) person {
		token, err := s.keys.Sign(auth.Identity{UserID: id, UserName: name, ExpiresAt: time.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		return person{token, store.UserID(id)}
	}
	owner, user = sign(oddOwner, "Ada"), sign(oddUser, "Mina")
	id := createStudy(t, s, owner, "Algebra")
	db, err := sqlite.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, change := range []string{
		`INSERT INTO study_app_studies (id, name, owner_id, created_at) SELECT ?, name, owner_id, created_at FROM study_app_studies WHERE id = ?`,
		`UPDATE study_app_members SET study_id = ? WHERE study_id = ?`,
	} {
		if _, err := db.DB().ExecContext(t.Context(), change, oddStudy, id); err != nil {
			t.Fatal(err)
		}
	}
	return s, owner, user
}

func TestTheSampleAPITakesIDsOfIdentityProviders(t *testing.T) {
	s, owner, user := startOdd(t)
	study := "/api/studies/" + oddStudyInPath
	hub := wstest.Dial(t, "ws://"+s.signalingAddr+"/ws", nil)
	hub.Login(user.Token)

	if code := call(t, s, "POST", study+"/join", user.Token, "", nil); code != http.StatusOK {
		t.Fatalf("join = %d, want 200", code)
	}
	if e := only(t, hub, "notification"); e.String("type") != "member_approved" || e.String("link") != "/studies/"+oddStudyInPath {
		t.Errorf("the notification of the join is %s", e.Raw)
	}
	hub.Join(oddStudy)
	if e := hub.Call("send_message", map[string]any{"studyId": oddStudy, "content": "hello"}, nil); e.Event != "ack" {
		t.Errorf("send_message = %s", e.Raw)
	}
	var got struct{ Messages []store.Message }
	if code := call(t, s, "GET", study+"/messages", owner.Token, "", &got); code != http.StatusOK || len(got.Messages) != 1 || got.Messages[0].UserID != oddUser {
		t.Errorf("messages = %d %+v, want that of %s", code, got, oddUser)
	}
	var seats []seat
	if code := call(t, s, "GET", study+"/members", user.Token, "", &seats); code != http.StatusOK || len(seats) != 2 || seats[0].UserID != oddOwner || seats[1].UserID != oddUser {
		t.Errorf("members = %d %+v, want %s and %s", code, seats, oddOwner, oddUser)
	}
	if code := call(t, s, "POST", study+"/notices", owner.Token, `{"message":"read chapter 2"}`, nil); code >= 300 {
		t.Errorf("notice = %d", code)
	}
	for {
		if e := only(t, hub, "notification"); e.String("type") == "notice" {
			if e.String("link") != "/studies/"+oddStudyInPath {
				t.Errorf("the link of the notice is %s", e.Raw)
			}
			break
		}
	}
	if code := call(t, s, "DELETE", study+"/members/"+oddUserInPath, owner.Token, "", nil); code != http.StatusNoContent {
		t.Errorf("kick = %d, want 204", code)
	}
	if e := only(t, hub, "room_left"); e.String("studyId") != oddStudy || e.String("reason") != "kicked" {
		t.Errorf("got %s, want that %s was kicked", e.Raw, oddUser)
	}
	if code := call(t, s, "GET", study+"/messages", user.Token, "", nil); code != http.StatusForbidden {
		t.Errorf("history after a kick = %d, want 403", code)
	}
	if code := call(t, s, "DELETE", study, owner.Token, "", nil); code != http.StatusNoContent {
		t.Errorf("delete the study = %d, want 204", code)
	}
}

func TestPathsOfTheSampleAPITakeIDsHoweverTheyAreWritten(t *testing.T) {
	s, owner, user := startOdd(t)
	for _, c := range []struct{ name, study, user string }{
		{"as encodeURIComponent writes them", oddStudyInPath, oddUserInPath},
		{"in small hexadecimal digits", "s%7c1%2b2%3d~%40x", "a.b%2bc%3d%7cd~%40x"},
		{"as url.PathEscape writes them", "s%7C1+2=~@x", "a.b+c=%7Cd~@x"},
		{"with every sign encoded", "s%7C1%2B2%3D%7E%40x", "a%2Eb%2Bc%3D%7Cd%7E%40x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := "/api/studies/" + c.study
			if code := call(t, s, "POST", path+"/join", user.Token, "", nil); code != http.StatusOK {
				t.Errorf("POST %s/join = %d, want 200", path, code)
			}
			if code := call(t, s, "PUT", path+"/members/"+c.user, owner.Token, `{"role":"moderator"}`, nil); code != http.StatusNoContent {
				t.Errorf("PUT %s/members/%s = %d, want 204", path, c.user, code)
			}
			if code := call(t, s, "POST", path+"/leave", user.Token, "", nil); code != http.StatusNoContent {
				t.Errorf("POST %s/leave = %d, want 204", path, code)
			}
			if code := call(t, s, "DELETE", path+"/members/"+c.user, owner.Token, "", nil); code != http.StatusNotFound {
				t.Errorf("DELETE %s/members/%s = %d, want 404", path, c.user, code)
			}
			answer, err := http.Get("http://" + s.apiAddr + "/studies/" + c.study)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if answer.StatusCode != http.StatusOK || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") {
				t.Errorf("GET /studies/%s = %d, want the page", c.study, answer.StatusCode)
			}
		})
	}
	for _, path := range []string{"/api/studies/%2E%2E/join", "/api/studies/%2E/join"} {
		if code := call(t, s, "POST", path, user.Token, "", nil); code != http.StatusNotFound {
			t.Errorf("POST %s = %d, want 404", path, code)
		}
	}
}
