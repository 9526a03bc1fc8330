package main

import (
	"strings"
	"testing"
)

// Who may do what in the sample API: each request by each kind of caller. A study that does not
// exist looks like one that the caller is not in.
func TestTheMatrixOfTheSampleAPI(t *testing.T) {
	s := startAll(t, "-rate", "0")
	var owner, member, outsider person
	for name, who := range map[string]*person{"Owner": &owner, "Member": &member, "Outsider": &outsider} {
		if status := call(t, s, "POST", "/api/login", "", `{"name":"`+name+`"}`, who); status != 200 {
			t.Fatalf("login of %s: %d", name, status)
		}
	}
	callers := []struct{ name, authorization string }{
		{"nobody", ""}, {"an empty token", "Bearer "}, {"junk", "Bearer junk"}, {"another scheme", "Basic " + owner.Token}, {"a token in pieces", "Bearer " + owner.Token[:len(owner.Token)-2]},
		{"an outsider", "Bearer " + outsider.Token}, {"a member", "Bearer " + member.Token}, {"the owner", "bearer " + owner.Token},
	}
	requests := []struct {
		method, path, body        string
		outsider, member, ownerIs int
	}{
		{"GET", "/api/studies", "", 200, 200, 200},
		{"POST", "/api/studies", `{"name":"Rust"}`, 201, 201, 201},
		{"POST", "/api/studies", `{"name":""}`, 400, 400, 400},
		{"GET", "/api/studies/{id}/members", "", 403, 200, 200},
		{"GET", "/api/studies/absent/members", "", 403, 403, 403},
		{"GET", "/api/studies/{id}/messages", "", 403, 200, 200},
		{"GET", "/api/studies/{id}/messages?before=9&limit=1", "", 403, 200, 200},
		{"GET", "/api/studies/{id}/messages?limit=-1", "", 403, 400, 400},
		{"GET", "/api/studies/{id}/messages?before=x", "", 403, 400, 400},
		{"GET", "/api/studies/absent/messages", "", 403, 403, 403},
		{"GET", "/api/studies/a%20b/messages", "", 403, 403, 403},
		{"POST", "/api/studies/{id}/notices", `{"message":"hello"}`, 403, 201, 201},
		{"POST", "/api/studies/{id}/notices", `{"message":" "}`, 403, 400, 400},
		{"POST", "/api/studies/absent/notices", `{"message":"hello"}`, 403, 403, 403},
		{"DELETE", "/api/studies/{id}/members/nobody-here", "", 403, 403, 404},
		{"DELETE", "/api/studies/absent/members/x", "", 403, 403, 403},
		{"DELETE", "/api/studies/absent", "", 403, 403, 403},
		{"POST", "/api/studies/absent/join", "", 404, 404, 404},
		{"GET", "/api/studies/{id}", "", 200, 200, 200},
		{"GET", "/api/studies/absent", "", 404, 404, 404},
		{"GET", "/api/studies?last", "", 200, 200, 200},
		{"GET", "/api/studies/{id}/requests", "", 403, 403, 200},
		{"DELETE", "/api/studies/{id}/requests/nobody-here", "", 403, 403, 404},
		{"PUT", "/api/studies/{id}/members/nobody-here", `{"role":"member"}`, 403, 403, 404},
		{"PUT", "/api/studies/{id}/members/nobody-here", `{"role":"moderator"}`, 403, 403, 404},
		{"PUT", "/api/studies/{id}/members/nobody-here", `{"role":"owner"}`, 403, 403, 400},
		{"POST", "/api/studies/{id}/invites", "", 403, 403, 201},
		{"POST", "/api/invites/absent", "", 404, 404, 404},
		{"GET", "/api/studies/{id}/notices", "", 403, 200, 200},
		{"PUT", "/api/studies/{id}/notices/absent", `{"pinned":true}`, 403, 403, 404},
		{"PUT", "/api/studies/{id}/notices/absent", `{"pinned":1}`, 403, 403, 400},
		{"DELETE", "/api/studies/{id}/notices/absent", "", 403, 404, 404},
		{"POST", "/api/studies/{id}/files?name=a.svg", "<svg/>", 403, 415, 415},
		{"POST", "/api/studies/{id}/files?name=", "text", 403, 400, 400},
		{"GET", "/api/studies/{id}/files/absent", "", 403, 404, 404},
		{"GET", "/api/studies/absent/files/absent", "", 403, 403, 403},
		{"GET", "/api/notifications", "", 200, 200, 200},
		{"POST", "/api/notifications/seen", "", 204, 204, 204},
		{"PUT", "/api/me/picture", "no picture", 415, 415, 415},
		{"DELETE", "/api/me/picture", "", 200, 200, 200},
	}
	var study struct{ ID string }
	call(t, s, "POST", "/api/studies", owner.Token, `{"name":"Go"}`, &study)
	if status := call(t, s, "POST", "/api/studies/"+study.ID+"/join", member.Token, "", nil); status >= 300 {
		t.Fatalf("join: %d", status)
	}
	ask := func(method, path, authorization, body string) (int, string) {
		t.Helper()
		answer, read, err := exchange(t, method, "http://"+s.apiAddr+strings.ReplaceAll(path, "{id}", study.ID), authorization, body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, read
	}
	pairs := 0
	for _, request := range requests {
		for i, caller := range callers {
			want := []int{401, 401, 401, 401, 401, request.outsider, request.member, request.ownerIs}[i]
			status, body := ask(request.method, request.path, caller.authorization, request.body)
			pairs++
			if status != want {
				t.Errorf("%s: %s %s = %d %s, want %d", caller.name, request.method, request.path, status, body, want)
			}
			if status >= 400 && (strings.Contains(body, study.ID+`"`) || strings.Contains(strings.ToLower(body), "sql")) {
				t.Errorf("%s: %s %s says %s", caller.name, request.method, request.path, body)
			}
		}
	}
	_, inside := ask("GET", "/api/studies/{id}/messages", callers[5].authorization, "")
	_, absent := ask("GET", "/api/studies/absent/messages", callers[5].authorization, "")
	if inside != absent {
		t.Errorf("a study that exists is refused with %s, and one that does not with %s", inside, absent)
	}
	for _, method := range []string{"PUT", "PATCH", "TRACE"} {
		for _, path := range []string{"/api/login", "/api/studies", "/api/studies/{id}", "/api/studies/{id}/messages"} {
			if status, body := ask(method, path, callers[7].authorization, ""); status != 405 {
				t.Errorf("%s %s = %d %s, want 405", method, path, status, body)
			}
			pairs++
		}
	}
	if t.Logf("%d requests", pairs); pairs < 100 {
		t.Errorf("%d requests, want at least 100", pairs)
	}
}
