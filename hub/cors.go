package hub

import "net/http"

// shareWithOrigin lets the page that sent a request read the answer, also one that is an error
// (the CORS protocol of the Fetch standard).
func (h *Hub) shareWithOrigin(w http.ResponseWriter, r *http.Request, allowed bool) {
	head := w.Header()
	head.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" || !allowed {
		return
	}
	head.Set("Access-Control-Allow-Origin", origin)
	if h.originTrusted(r) { // a page of any other site must not use the cookies of its visitors
		head.Set("Access-Control-Allow-Credentials", "true")
	}
	if r.Method == http.MethodOptions {
		head.Set("Access-Control-Allow-Methods", "GET, POST")
		head.Set("Access-Control-Max-Age", "600")
		if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
			head.Add("Vary", "Access-Control-Request-Headers")
			head.Set("Access-Control-Allow-Headers", asked)
		}
	}
}
