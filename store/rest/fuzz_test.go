package rest_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/rest"
)

// Any request is answered with a status and a body of the API, never with 5xx. What is created
// is what a store may keep.
func FuzzRequest(f *testing.F) {
	const token = "a-service-token-of-32-bytes-or-so"
	h, err := rest.NewHandler(store.NewMemory(), store.MembersFunc(func(context.Context, store.StudyID, store.UserID) (string, error) { return "member", nil }), rest.HandlerOptions{Tokens: []string{token}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("POST", "/messages", `{"studyId":"s1","userId":"u1","userName":"A","content":" x ","clientId":"c"}`)
	f.Add("POST", "/messages", `{"messages":[{"studyId":"s1","userId":"u1","userName":"A","content":"x"}]}`)
	f.Add("POST", "/users/status", `{"userId":"u1","status":"online","nodeId":"n1"}`)
	f.Add("GET", "/users/u1/status", "")
	f.Add("GET", "/messages?studyId=s1&after=1&before=9&limit=5", "")
	f.Add("POST", "/studies/heads", `{"studyIds":["s1"]}`)
	f.Add("GET", "/studies/s1/members/u1", "")
	f.Add("POST", "/studies/members", `{"members":[{"studyId":"s1","userId":"u1"}]}`)
	f.Add("PUT", "/nodes/n1", "")
	f.Fuzz(func(t *testing.T, method, path, body string) {
		r, err := http.NewRequest(method, "http://api"+rest.Base+path, strings.NewReader(body))
		if err != nil {
			return
		}
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		answer := w.Body.Bytes()
		switch {
		case w.Code >= 500 && w.Code != http.StatusNotImplemented || w.Code < 200:
			t.Fatalf("%s %q %q = %d %s", method, path, body, w.Code, answer)
		case w.Code >= 300 && len(answer) > 0:
			var p struct{ Code string }
			if json.Unmarshal(answer, &p) != nil || p.Code == "" {
				t.Fatalf("%s %q %q = %d %s, want a problem with a code", method, path, body, w.Code, answer)
			}
		case len(answer) > 0 && !json.Valid(answer):
			t.Fatalf("%s %q %q = %d %s", method, path, body, w.Code, answer)
		case w.Code == http.StatusCreated:
			var m store.Message
			if err := json.Unmarshal(answer, &m); err != nil {
				t.Fatal(err)
			}
			content := m.Content
			if err := m.Clean(); err != nil || m.Content != content || m.Seq < 1 {
				t.Fatalf("%s %q %q created %+v: %v", method, path, body, m, err)
			}
		}
	})
}
