package rest

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// A call is a request whose route was found.
type call struct {
	ids   []string // what stands for each * of the path, in order
	query string   // as it came
	body  value    // nil where none is needed and none came
}

// An answer is the result of a call that succeeded.
type answer struct {
	status int
	body   []byte // JSON, or nil
}

// A route is one method and path of the API.
type route struct {
	method string
	path   string // below Base; * stands for an id
	serve  func(*Handler, context.Context, call) (answer, error)
}

// routes are few, so it is fast enough to try one after the other. http.ServeMux would
// redirect the paths of node ids such as "..", which are valid.
var routes = []route{
	{http.MethodPost, "messages", (*Handler).postMessages},
	{http.MethodGet, "messages", (*Handler).getMessages},
	{http.MethodGet, "messages/search", (*Handler).getSearch},
	{http.MethodPost, "entries", (*Handler).postEntries},
	{http.MethodGet, "entries", (*Handler).getEntries},
	{http.MethodPost, "reads", (*Handler).postReads},
	{http.MethodGet, "reads", (*Handler).getReads},
	{http.MethodPost, "reads/query", (*Handler).postReadsQuery},
	{http.MethodPost, "erasures", (*Handler).postErasures},
	{http.MethodGet, "users/*/entries", (*Handler).getUserEntries},
	{http.MethodPost, "users/status", (*Handler).postStatus},
	{http.MethodGet, "users/*/status", (*Handler).getStatus},
	{http.MethodPost, "studies/heads", (*Handler).postHeads},
	{http.MethodPost, "studies/members", (*Handler).postMembers},
	{http.MethodGet, "studies/*/members/*", (*Handler).getMember},
	{http.MethodPut, "nodes/*", (*Handler).putNode},
}

// find returns the route of r and the ids in its path. If only the method is wrong, allow
// lists the right ones.
func find(r *http.Request) (rt *route, ids []string, allow string) {
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), Base+"/")
	if !ok || len(path) > 4096 {
		return nil, nil, ""
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	parts := strings.Split(path, "/")
	var methods []string
	for i := range routes {
		got, ok := match(routes[i].path, parts)
		if !ok {
			continue
		}
		if routes[i].method == method {
			return &routes[i], got, ""
		}
		methods = append(methods, routes[i].method)
		if routes[i].method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
	}
	slices.Sort(methods)
	return nil, nil, strings.Join(methods, ", ")
}

// match returns the parts of a path at the stars of pattern.
func match(pattern string, parts []string) (ids []string, ok bool) {
	i := 0
	for want := range strings.SplitSeq(pattern, "/") {
		if i == len(parts) {
			return nil, false
		}
		part, err := url.PathUnescape(parts[i])
		if err != nil || want != "*" && want != part {
			return nil, false
		}
		if want == "*" {
			ids = append(ids, part)
		}
		i++
	}
	return ids, i == len(parts)
}
