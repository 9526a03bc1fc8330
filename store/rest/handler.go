package rest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/coupchat/coup/store"
)

// HandlerOptions configure a Handler. Tokens are required.
type HandlerOptions struct {
	// Tokens are the service tokens that are accepted: one, or two while you change it.
	// Each has at least 32 bytes of visible ASCII. Required.
	Tokens []string
	// MaxBody is the largest body of a request, in bytes. Defaults to 4 MiB; -1 is no
	// limit.
	MaxBody int64
	// Timeout is how long the store may take for one request. Defaults to 10s; -1 is no
	// limit. http.Server.ReadTimeout bounds how long a body may take to arrive.
	Timeout time.Duration
	// Receipts lets callers read how far everybody has read (GET reads). Off by default.
	Receipts bool
	// Log gets the cause of each answer with a status of 500 or more. It gets no tokens and
	// no contents of messages. Defaults to slog.Default().
	Log *slog.Logger
}

// A Handler serves the internal API over a Store. Its methods may be called at the same
// time from any goroutine. Serve it on a listener of its own, on loopback or in a private
// network: a caller with a token may post as any user.
type Handler struct {
	store    store.Store
	entries  store.Log    // nil if the store keeps messages only
	reads    store.Reads  // nil if the store does not keep them
	eraser   store.Eraser // nil if the store cannot erase
	receipts bool
	members  store.Members
	tokens   [][sha256.Size]byte
	maxBody  int64
	timeout  time.Duration
	log      *slog.Logger
}

var _ http.Handler = (*Handler)(nil)

// NewHandler returns a Handler over st and members. If members is nil, nobody is a member
// of any study. It returns an error if an option makes no sense.
func NewHandler(st store.Store, members store.Members, opts HandlerOptions) (*Handler, error) {
	if st == nil {
		return nil, errors.New("rest: a handler needs a store")
	}
	if len(opts.Tokens) < 1 || len(opts.Tokens) > 2 {
		return nil, fmt.Errorf("rest: %d service tokens, want 1 or 2", len(opts.Tokens))
	}
	if opts.MaxBody < -1 {
		return nil, fmt.Errorf("rest: MaxBody is %d", opts.MaxBody)
	}
	h := &Handler{store: st, members: members, maxBody: opts.MaxBody, timeout: opts.Timeout, log: opts.Log}
	h.entries, _ = st.(store.Log)
	h.reads, _ = st.(store.Reads)
	h.eraser, _ = st.(store.Eraser)
	h.receipts = opts.Receipts
	for _, token := range opts.Tokens {
		if err := checkToken(token); err != nil {
			return nil, err
		}
		h.tokens = append(h.tokens, sha256.Sum256([]byte(token)))
	}
	if h.maxBody == 0 {
		h.maxBody = maxBody
	}
	if h.timeout == 0 {
		h.timeout = 10 * time.Second
	}
	if h.log == nil {
		h.log = slog.Default()
	}
	return h, nil
}

// checkToken refuses a token that is too short to be a secret, or cannot be in a header.
func checkToken(token string) error {
	if len(token) < minToken {
		return fmt.Errorf("rest: a service token has %d bytes, want at least %d", len(token), minToken)
	}
	if strings.IndexFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f }) >= 0 {
		return errors.New("rest: a service token holds white space or something that is not ASCII")
	}
	return nil
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The token is checked first, so that a caller without one learns nothing.
	if !h.authorized(r) {
		(&problem{http.StatusUnauthorized, codeUnauthorized, "a valid service token is required"}).write(w)
		return
	}
	rt, ids, allow := find(r)
	if rt == nil {
		if allow == "" {
			(&problem{http.StatusNotFound, codeBadRequest, "no such path"}).write(w)
			return
		}
		w.Header().Set("Allow", allow)
		(&problem{http.StatusMethodNotAllowed, codeBadRequest, "the method is not one of " + allow}).write(w)
		return
	}
	ans, err := h.serve(w, r, rt, ids)
	if err != nil {
		p := problemOf(err)
		// Neither a caller that has disconnected nor a missing ability of the backend is an
		// error of the server.
		if p.status >= 500 && p.status != http.StatusNotImplemented && r.Context().Err() == nil {
			h.log.ErrorContext(r.Context(), "internal API", "route", rt.method+" "+rt.path, "status", p.status, "err", err)
		}
		p.write(w)
		return
	}
	if ans.body != nil {
		w.Header().Set("Content-Type", "application/json")
	}
	send(w, ans.status, ans.body)
}

// authorized compares hashes, which all have the same length, with every token. So the
// time that it takes says nothing about the tokens.
func (h *Handler) authorized(r *http.Request) bool {
	headers := r.Header.Values("Authorization")
	if len(headers) != 1 {
		return false
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return false
	}
	sum, same := sha256.Sum256([]byte(token)), 0
	for _, t := range h.tokens {
		same |= subtle.ConstantTimeCompare(sum[:], t[:])
	}
	return same == 1
}

// serve runs one call. A panic in it is an error of this request only.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, rt *route, ids []string) (ans answer, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	c := call{ids: ids, query: r.URL.RawQuery}
	if rt.method != http.MethodGet {
		if c.body, err = h.body(w, r); err != nil {
			return answer{}, err
		}
	}
	ctx := r.Context()
	if h.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, h.timeout)
		defer cancel()
	}
	return rt.serve(h, ctx, c)
}

// body reads the body. Only a PUT may have none.
func (h *Handler) body(w http.ResponseWriter, r *http.Request) (value, error) {
	in := r.Body
	if h.maxBody >= 0 {
		in = http.MaxBytesReader(w, in, h.maxBody)
	}
	var buf bytes.Buffer
	if n := r.ContentLength; n > 0 && (h.maxBody < 0 || n <= h.maxBody) {
		buf.Grow(int(min(n, maxBody)) + bytes.MinRead)
	}
	if _, err := io.Copy(&buf, in); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, &problem{http.StatusRequestEntityTooLarge, codeTooLarge, fmt.Sprintf("the body is over %d bytes", h.maxBody)}
		}
		return nil, bad("the body did not arrive whole")
	}
	if buf.Len() == 0 && r.Method == http.MethodPut {
		return nil, nil
	}
	if !isJSON(r.Header) {
		return nil, &problem{http.StatusUnsupportedMediaType, codeBadRequest, "the body must be application/json"}
	}
	v, err := parse(buf.Bytes())
	if err != nil {
		return nil, bad("%v", err)
	}
	return v, nil
}

// isJSON reports whether the headers allow JSON. They may also say nothing.
func isJSON(h http.Header) bool {
	if e := h.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return false
	}
	ct := h.Get("Content-Type")
	if ct == "" {
		return true
	}
	kind, params, err := mime.ParseMediaType(ct)
	charset, given := params["charset"]
	return err == nil && kind == "application/json" && (!given || strings.EqualFold(charset, "utf-8"))
}
