package rest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/rest"
)

const base = rest.Base

func TestEveryRequestOfTheAPI(t *testing.T) {
	long := strings.Repeat("x", store.MaxContent+1)
	post := func(fields string) string {
		return `{"studyId":"s1","userId":"alice","userName":"Alice",` + fields + `}`
	}
	many := func(n int, item string) string { return strings.TrimSuffix(strings.Repeat(item+",", n), ",") }
	tests := []struct {
		name, method, path, body string
		status                   int
		code                     string
	}{
		{"a message is created", "POST", "/messages", post(`"content":" hi "`), 201, ""},
		{"an empty user name is allowed", "POST", "/messages", `{"studyId":"s1","userId":"a","userName":"","content":"x"}`, 201, ""},
		{"fields of the store and unknown ones are ignored", "POST", "/messages", post(`"content":"x","id":7,"seq":99,"sentAt":false,"extra":{"a":[1]}`), 201, ""},
		{"null is as good as absent", "POST", "/messages", post(`"content":"x","clientId":null,"messages":null`), 201, ""},
		{"a generated client id passes", "POST", "/messages", post(`"content":"x","clientId":"\u0001ABCDEF"`), 201, ""},
		{"content of 2,000 units", "POST", "/messages", post(`"content":"` + long[1:] + `"`), 201, ""},
		{"content of 2,001 units", "POST", "/messages", post(`"content":"` + long + `"`), 400, "too_large"},
		{"blank content", "POST", "/messages", post(`"content":" \n\t "`), 400, "empty"},
		{"missing content", "POST", "/messages", `{"studyId":"s1","userId":"a","userName":"A"}`, 400, "bad_request"},
		{"missing user name", "POST", "/messages", `{"studyId":"s1","userId":"a","content":"x"}`, 400, "bad_request"},
		{"missing study", "POST", "/messages", `{"userId":"a","userName":"A","content":"x"}`, 400, "bad_request"},
		{"a study in another case is missing", "POST", "/messages", `{"StudyId":"s1","userId":"a","userName":"A","content":"x"}`, 400, "bad_request"},
		{"a bad study", "POST", "/messages", `{"studyId":"a b","userId":"a","userName":"A","content":"x"}`, 400, "bad_request"},
		{"a user that is a number", "POST", "/messages", `{"studyId":"s1","userId":1,"userName":"A","content":"x"}`, 400, "bad_request"},
		{"content that is an object", "POST", "/messages", post(`"content":{}`), 400, "bad_request"},
		{"content with NUL", "POST", "/messages", post(`"content":"a\u0000b"`), 400, "bad_request"},
		{"an empty client id", "POST", "/messages", post(`"content":"x","clientId":""`), 400, "bad_request"},
		{"a long client id", "POST", "/messages", post(`"content":"x","clientId":"` + long[:65] + `"`), 400, "bad_request"},
		{"a long client id that says it was generated", "POST", "/messages", post(`"content":"x","clientId":"\u0001` + long[:65] + `"`), 400, "bad_request"},
		{"NUL in a client id that says it was generated", "POST", "/messages", post(`"content":"x","clientId":"\u0001\u0000"`), 400, "bad_request"},
		{"a duplicate name", "POST", "/messages", post(`"content":"x","content":"y"`), 400, "bad_request"},
		{"half a surrogate pair", "POST", "/messages", post(`"content":"\ud800"`), 400, "bad_request"},
		{"invalid UTF-8", "POST", "/messages", post("\"content\":\"\xff\""), 400, "bad_request"},
		{"trailing data", "POST", "/messages", post(`"content":"x"`) + "{}", 400, "bad_request"},
		{"no body", "POST", "/messages", ``, 400, "bad_request"},
		{"an array for a body", "POST", "/messages", `[]`, 400, "bad_request"},
		{"a batch", "POST", "/messages", `{"messages":[` + post(`"content":"x"`) + `,` + post(`"content":"y"`) + `]}`, 200, ""},
		{"a batch of 500", "POST", "/messages", `{"messages":[` + many(500, post(`"content":"x"`)) + `]}`, 200, ""},
		{"a batch of 501", "POST", "/messages", `{"messages":[` + many(501, post(`"content":"x"`)) + `]}`, 400, "bad_request"},
		{"a batch of none", "POST", "/messages", `{"messages":[]}`, 400, "bad_request"},
		{"a batch that is an object", "POST", "/messages", `{"messages":{}}`, 400, "bad_request"},
		{"a batch of strings", "POST", "/messages", `{"messages":["x"]}`, 400, "bad_request"},
		{"a batch and a message", "POST", "/messages", `{"messages":[` + post(`"content":"x"`) + `],"content":"x"}`, 400, "bad_request"},
		{"a batch with one too large", "POST", "/messages", `{"messages":[` + post(`"content":"x"`) + `,` + post(`"content":"`+long+`"`) + `]}`, 400, "too_large"},
		{"a batch with one empty", "POST", "/messages", `{"messages":[` + post(`"content":""`) + `]}`, 400, "empty"},

		{"online", "POST", "/users/status", `{"userId":"alice","status":"online"}`, 204, ""},
		{"offline, from a node", "POST", "/users/status", `{"userId":"alice","status":"offline","nodeId":"n1"}`, 204, ""},
		{"statuses", "POST", "/users/status", `{"statuses":[{"userId":"a","status":"online","nodeId":"n1"},{"userId":"b","status":"offline"}]}`, 204, ""},
		{"no statuses", "POST", "/users/status", `{"statuses":[]}`, 204, ""},
		{"another status", "POST", "/users/status", `{"userId":"alice","status":"Online"}`, 400, "bad_request"},
		{"no status", "POST", "/users/status", `{"userId":"alice"}`, 400, "bad_request"},
		{"no user", "POST", "/users/status", `{"status":"online"}`, 400, "bad_request"},
		{"a bad user", "POST", "/users/status", `{"userId":"a/b","status":"online"}`, 400, "bad_request"},
		{"a bad node", "POST", "/users/status", `{"userId":"a","status":"online","nodeId":""}`, 400, "bad_request"},
		{"a node with a sign of user ids", "POST", "/users/status", `{"userId":"a|b","status":"online","nodeId":"a|b"}`, 400, "bad_request"},
		{"one bad among statuses", "POST", "/users/status", `{"statuses":[{"userId":"a","status":"online"},{"userId":"b"}]}`, 400, "bad_request"},
		{"statuses and a status", "POST", "/users/status", `{"statuses":[],"status":"online"}`, 400, "bad_request"},
		{"statuses that are no array", "POST", "/users/status", `{"statuses":{}}`, 400, "bad_request"},
		{"10,001 statuses", "POST", "/users/status", `{"statuses":[` + many(10001, `{"userId":"a","status":"online"}`) + `]}`, 400, "bad_request"},
		{"the status of a stranger", "GET", "/users/nobody/status", ``, 200, ""},
		{"the status of a user called status", "GET", "/users/status/status", ``, 200, ""},
		{"the status of a user of two dots", "GET", "/users/%2E%2E/status", ``, 400, "bad_request"},
		{"the status of a bad user", "GET", "/users/a%20b/status", ``, 400, "bad_request"},
		{"the status of nobody at all", "GET", "/users//status", ``, 400, "bad_request"},

		{"history", "GET", "/messages?studyId=s1", ``, 200, ""},
		{"history, every parameter", "GET", "/messages?studyId=s1&after=0&before=9&limit=500&x=y", ``, 200, ""},
		{"history of no study", "GET", "/messages", ``, 400, "bad_request"},
		{"history of a bad study", "GET", "/messages?studyId=a%2Fb", ``, 400, "bad_request"},
		{"history of two studies", "GET", "/messages?studyId=s1&studyId=s2", ``, 400, "bad_request"},
		{"limit 0", "GET", "/messages?studyId=s1&limit=0", ``, 400, "bad_request"},
		{"limit 501", "GET", "/messages?studyId=s1&limit=501", ``, 400, "bad_request"},
		{"limit twice", "GET", "/messages?studyId=s1&limit=1&limit=1", ``, 400, "bad_request"},
		{"limit in words", "GET", "/messages?studyId=s1&limit=ten", ``, 400, "bad_request"},
		{"an empty limit", "GET", "/messages?studyId=s1&limit=", ``, 400, "bad_request"},
		{"after -1", "GET", "/messages?studyId=s1&after=-1", ``, 400, "bad_request"},
		{"after with a sign", "GET", "/messages?studyId=s1&after=%2B1", ``, 400, "bad_request"},
		{"before 0", "GET", "/messages?studyId=s1&before=0", ``, 400, "bad_request"},
		{"after over 63 bits", "GET", "/messages?studyId=s1&after=9223372036854775808", ``, 400, "bad_request"},
		{"a malformed query", "GET", "/messages?studyId=s1&after=%zz", ``, 400, "bad_request"},
		{"a query with a semicolon", "GET", "/messages?studyId=s1;limit=1", ``, 400, "bad_request"},

		{"heads", "POST", "/studies/heads", `{"studyIds":["s1","s2"]}`, 200, ""},
		{"no heads", "POST", "/studies/heads", `{"studyIds":[]}`, 200, ""},
		{"heads of nothing", "POST", "/studies/heads", `{}`, 400, "bad_request"},
		{"heads of a bad study", "POST", "/studies/heads", `{"studyIds":["s1",""]}`, 400, "bad_request"},
		{"heads of a number", "POST", "/studies/heads", `{"studyIds":[1]}`, 400, "bad_request"},
		{"heads of 10,001 studies", "POST", "/studies/heads", `{"studyIds":[` + many(10001, `"s1"`) + `]}`, 400, "bad_request"},
		{"a member", "GET", "/studies/s1/members/alice", ``, 200, ""},
		{"a stranger", "GET", "/studies/s1/members/bob", ``, 404, "forbidden"},
		{"an absent study", "GET", "/studies/s9/members/alice", ``, 404, "forbidden"},
		{"a member with a bad id", "GET", "/studies/s1/members/a%2Fb", ``, 400, "bad_request"},
		{"members", "POST", "/studies/members", `{"members":[{"studyId":"s1","userId":"alice"},{"studyId":"s1","userId":"bob"}]}`, 200, ""},
		{"no members", "POST", "/studies/members", `{"members":[]}`, 200, ""},
		{"members of nothing", "POST", "/studies/members", `{}`, 400, "bad_request"},
		{"a member twice", "POST", "/studies/members", `{"members":[{"studyId":"s1","userId":"u"},{"studyId":"s1","userId":"u"}]}`, 400, "bad_request"},
		{"a member without a study", "POST", "/studies/members", `{"members":[{"userId":"u"}]}`, 400, "bad_request"},
		{"a member of no shape", "POST", "/studies/members", `{"members":[1]}`, 400, "bad_request"},
		{"a lease", "PUT", "/nodes/n1", ``, 204, ""},
		{"a lease of a node of two dots", "PUT", "/nodes/%2E%2E", ``, 204, ""},
		{"a lease with an empty object", "PUT", "/nodes/n1", `{}`, 204, ""},
		{"a short lease", "PUT", "/nodes/n1", `{"ttl":1}`, 204, ""},
		{"a lease that is too long", "PUT", "/nodes/n1", `{"ttl":20001}`, 400, "bad_request"},
		{"a lease of no time", "PUT", "/nodes/n1", `{"ttl":0}`, 400, "bad_request"},
		{"a lease that is not JSON", "PUT", "/nodes/n1", `x`, 400, "bad_request"},
		{"a lease of a bad node", "PUT", "/nodes/a%20b", ``, 400, "bad_request"},
		{"a lease of a node with a sign of user ids", "PUT", "/nodes/a%7Cb", ``, 400, "bad_request"},

		{"an unknown path", "GET", "/rooms", ``, 404, "bad_request"},
		{"a path that goes on", "GET", "/messages/", ``, 404, "bad_request"},
		{"the base", "GET", "", ``, 404, "bad_request"},
	}
	h := newHandler(t, store.NewMemory(), rest.HandlerOptions{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := do(h, tt.method, base+tt.path, tt.body)
			var got struct {
				Type, Title, Detail, Code string
				Status                    int
			}
			if w.Body.Len() > 0 {
				if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil && tt.code != "" {
					t.Fatalf("%s %s answered %q: %v", tt.method, tt.path, w.Body, err)
				}
			}
			if w.Code != tt.status || got.Code != tt.code {
				t.Errorf("%s %s %.100s = %d %q (%s), want %d %q", tt.method, tt.path, tt.body, w.Code, got.Code, got.Detail, tt.status, tt.code)
			}
			if tt.code == "" {
				return
			}
			if ct := w.Header().Get("Content-Type"); ct != "application/problem+json" {
				t.Errorf("Content-Type = %q, want application/problem+json", ct)
			}
			if got.Type != "about:blank" || got.Title != http.StatusText(tt.status) || got.Status != tt.status || got.Detail == "" {
				t.Errorf("problem = %+v", got)
			}
		})
	}
}

func TestAWrongMethodIsAnsweredWithAllow(t *testing.T) {
	h := newHandler(t, store.NewMemory(), rest.HandlerOptions{})
	for _, tt := range []struct{ method, path, allow string }{
		{"DELETE", "/messages", "GET, HEAD, POST"},
		{"GET", "/users/status", "POST"},
		{"POST", "/users/u1/status", "GET, HEAD"},
		{"GET", "/studies/heads", "POST"},
		{"PUT", "/studies/s1/members/u1", "GET, HEAD"},
		{"POST", "/nodes/n1", "PUT"},
	} {
		w := do(h, tt.method, base+tt.path, "")
		if got := w.Header().Get("Allow"); w.Code != 405 || got != tt.allow || !strings.Contains(w.Body.String(), `"bad_request"`) {
			t.Errorf("%s %s = %d, Allow %q, want 405, %q", tt.method, tt.path, w.Code, got, tt.allow)
		}
	}
	if w := do(h, "HEAD", base+"/messages?studyId=s1", ""); w.Code != 200 {
		t.Errorf("HEAD = %d, want 200", w.Code)
	}
}

func TestAnswersLeaveOutGeneratedClientIDs(t *testing.T) {
	h := newHandler(t, store.NewMemory(), rest.HandlerOptions{})
	const body = `{"studyId":"s1","userId":"u1","userName":"김","content":" 안녕 👋\n\"x\" ","clientId":"c1"}`
	first := do(h, "POST", base+"/messages", body)
	var got map[string]any
	if err := json.Unmarshal(first.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	sentAt, _ := got["sentAt"].(string)
	if len(sentAt) != len("2026-11-22T10:00:00.123Z") || !strings.HasSuffix(sentAt, "Z") || got["id"] == "" {
		t.Errorf("POST /messages = %s", first.Body)
	}
	want := map[string]any{"studyId": "s1", "seq": 1.0, "userId": "u1", "userName": "김", "content": "안녕 👋\n\"x\"", "clientId": "c1"}
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s = %v, want %v", name, got[name], want[name])
		}
	}
	again := do(h, "POST", base+"/messages", body)
	if want := strings.TrimSuffix(first.Body.String(), "}") + `,"repeated":true}`; again.Code != 200 || again.Body.String() != want {
		t.Errorf("the repeat = %d %s, want 200 %s", again.Code, again.Body, want)
	}
	batch := do(h, "POST", base+"/messages", `{"messages":[`+body+`,{"studyId":"s1","userId":"u1","userName":"","content":"2"}]}`)
	if got := batch.Body.String(); batch.Code != 200 || strings.Count(got, `"repeated":true`) != 1 || !strings.Contains(got, `"seq":2`) || strings.Count(got, "clientId") != 1 {
		t.Errorf("the batch = %d %s", batch.Code, got)
	}
	newest := do(h, "GET", base+"/messages?studyId=s1&limit=1", "")
	if got := newest.Body.String(); !strings.Contains(got, `"seq":2`) || strings.Contains(got, `"seq":1,`) || strings.Contains(got, "clientId") {
		t.Errorf("the newest message = %s", got)
	}
	oldest := do(h, "GET", base+"/messages?studyId=s1&limit=1&after=0", "")
	if got := oldest.Body.String(); !strings.Contains(got, `"seq":1,`) || strings.Contains(got, "repeated") {
		t.Errorf("the oldest message = %s", got)
	}
	if got := do(h, "POST", base+"/studies/heads", `{"studyIds":["s1","s2"]}`).Body.String(); got != `{"heads":{"s1":2,"s2":0}}` {
		t.Errorf("heads = %s", got)
	}
	if got := do(h, "GET", base+"/messages?studyId=s2", "").Body.String(); got != `{"messages":[],"more":false}` {
		t.Errorf("messages of a silent study = %s", got)
	}
	if got := do(h, "GET", base+"/studies/s1/members/alice", "").Body.String(); got != `{"role":"owner"}` {
		t.Errorf("member = %s", got)
	}
	if got := do(h, "POST", base+"/studies/members", `{"members":[{"studyId":"s9","userId":"alice"},{"studyId":"s1","userId":"alice"},{"studyId":"s1","userId":"x"}]}`).Body.String(); got != `{"roles":[null,"owner",null]}` {
		t.Errorf("members = %s", got)
	}
	if got := do(h, "GET", base+"/users/nobody/status", "").Body.String(); got != `{"userId":"nobody","status":"offline","lastSeenAt":null}` {
		t.Errorf("status of a stranger = %s", got)
	}
	do(h, "POST", base+"/users/status", `{"userId":"u1","status":"online","nodeId":"n1"}`)
	if got := do(h, "GET", base+"/users/u1/status", "").Body.String(); !strings.Contains(got, `"status":"online","lastSeenAt":"20`) {
		t.Errorf("status right after the first report of a hub = %s", got)
	}
}

func TestABatchWithABadMessageStoresNothing(t *testing.T) {
	h := newHandler(t, store.NewMemory(), rest.HandlerOptions{})
	w := do(h, "POST", base+"/messages", `{"messages":[{"studyId":"s1","userId":"u1","userName":"","content":"1"},{"studyId":"s1","userId":"u1","userName":"","content":" "}]}`)
	if w.Code != 400 || !strings.Contains(w.Body.String(), "messages[1]") {
		t.Errorf("the batch = %d %s, want 400 that names messages[1]", w.Code, w.Body)
	}
	if got := do(h, "POST", base+"/studies/heads", `{"studyIds":["s1"]}`).Body.String(); got != `{"heads":{"s1":0}}` {
		t.Errorf("heads = %s, want 0", got)
	}
}
