package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coupchat/coup/store"
)

// ClientOptions configure a Client. Token is required.
type ClientOptions struct {
	// Token is the service token: one of HandlerOptions.Tokens. Required.
	Token string
	// HTTP makes the requests. Defaults to a client with its own connections, without a
	// proxy and cookies. A Client never follows a redirect, whatever HTTP does: nobody
	// else may get the token and the messages.
	HTTP *http.Client
	// Timeout bounds each method call, with all its requests. Defaults to 5s; -1 is no
	// bound but the caller's context.
	Timeout time.Duration
}

// A Client is a store.Store and store.Members over the internal API. Its methods may be
// called at the same time from any goroutine.
//
// Errors of the API wrap store.ErrNotFound, store.ErrInvalid, store.ErrTooLarge or
// store.ErrEmpty. All others wrap store.ErrUnavailable: the network fails, the service is
// down, or the answer makes no sense. A Client does not retry and does not log.
type Client struct {
	base    string // scheme, host and path up to Base
	auth    []string
	http    *http.Client
	own     *ownTransport // nil if the caller brought a client
	timeout time.Duration

	noEntries, noReads, noEraser, noSearch optional
}

var (
	_ store.Log       = (*Client)(nil)
	_ store.Members   = (*Client)(nil)
	_ store.Forgetter = (*Client)(nil)
)

// NewClient returns a Client of the internal API at baseURL, such as
// http://127.0.0.1:8082. It makes no request. It returns an error if baseURL or an option
// makes no sense.
func NewClient(baseURL string, opts ClientOptions) (*Client, error) {
	u, err := url.Parse(baseURL)
	if err != nil {
		return nil, fmt.Errorf("rest: base URL: %w", err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, errors.New("rest: the base URL must be http:// or https:// with a host, and no user, query or fragment")
	}
	if err := checkToken(opts.Token); err != nil {
		return nil, err
	}
	c := &Client{
		base:    strings.TrimRight(u.String(), "/") + Base + "/",
		auth:    []string{"Bearer " + opts.Token},
		timeout: opts.Timeout,
	}
	if c.timeout == 0 {
		c.timeout = 5 * time.Second
	}
	var client http.Client
	if opts.HTTP != nil {
		client = *opts.HTTP
	} else {
		c.own = newOwnTransport()
		client.Transport = c.own
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.http = &client
	return c, nil
}

// Forget implements store.Forgetter: what is sent or comes from now on uses new connections. Those of
// ClientOptions.HTTP are closed if they are idle.
func (c *Client) Forget() {
	if c.own != nil {
		c.own.renew()
		return
	}
	c.http.CloseIdleConnections()
}

// An ownTransport is an http.Transport that can be replaced. Its methods may be called at the same time from
// any goroutine.
type ownTransport struct {
	now atomic.Pointer[http.Transport]
}

func newOwnTransport() *ownTransport {
	t := &ownTransport{}
	t.now.Store(newTransport())
	return t
}

// RoundTrip implements http.RoundTripper.
func (t *ownTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	return t.now.Load().RoundTrip(r)
}

// CloseIdleConnections is that of http.Client.
func (t *ownTransport) CloseIdleConnections() { t.now.Load().CloseIdleConnections() }

// renew replaces the transport. The connections of the old one end when their requests have ended.
func (t *ownTransport) renew() { t.now.Swap(newTransport()).CloseIdleConnections() }

// newTransport keeps enough idle connections for the lanes of a hub. net/http keeps two
// by default, and a busy hub would make new connections all the time.
func newTransport() *http.Transport {
	return &http.Transport{
		DialContext:           (&net.Dialer{Timeout: 3 * time.Second}).DialContext,
		MaxIdleConns:          64,
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   3 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second,
		DisableCompression:    true,
	}
}

// Close closes idle connections, unless they belong to ClientOptions.HTTP. Calls under way
// go on.
func (c *Client) Close() error {
	if c.own != nil {
		c.own.CloseIdleConnections()
	}
	return nil
}

// deadline returns the context of one method call.
func (c *Client) deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.timeout < 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, c.timeout)
}

// call makes one request and returns the answer, or nil if want is 204.
func (c *Client) call(ctx context.Context, method, path string, body []byte, want int) (value, error) {
	var in io.Reader
	if body != nil {
		in = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, in)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", store.ErrInvalid, err)
	}
	req.Header["Authorization"] = c.auth
	if body != nil {
		req.Header["Content-Type"] = []string{"application/json"}
	}
	// Every request of this API may be sent twice. An empty Idempotency-Key, which is not
	// sent, says that to net/http: if the server has just closed the idle connection, it
	// sends the request again on a new one, as it does for a GET.
	req.Header["Idempotency-Key"] = nil
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	defer resp.Body.Close()
	b, err := readAnswer(resp)
	if err != nil {
		return nil, fmt.Errorf("%w: read the answer: %w", store.ErrUnavailable, err)
	}
	if resp.StatusCode != want {
		return nil, &answerError{resp.StatusCode, statusError(resp, b)}
	}
	if want == http.StatusNoContent {
		return nil, nil
	}
	v, err := parse(b)
	if err != nil {
		return nil, senseless(err)
	}
	return v, nil
}

func readAnswer(resp *http.Response) ([]byte, error) {
	var buf bytes.Buffer
	if n := resp.ContentLength; n > 0 {
		buf.Grow(int(min(n, maxAnswer)) + bytes.MinRead)
	}
	if _, err := buf.ReadFrom(io.LimitReader(resp.Body, maxAnswer+1)); err != nil {
		return nil, err
	}
	if buf.Len() > maxAnswer {
		return nil, fmt.Errorf("it is over %d bytes", maxAnswer)
	}
	return buf.Bytes(), nil
}

// senseless is the error for an answer that has the right status but makes no sense.
func senseless(err error) error {
	return fmt.Errorf("%w: the internal API's answer makes no sense: %w", store.ErrUnavailable, err)
}

// An answerError is an answer with another status than the one that was wanted.
type answerError struct {
	status int
	err    error // what callers branch on
}

func (e *answerError) Error() string { return e.err.Error() }
func (e *answerError) Unwrap() error { return e.err }

// statusError returns the error for an answer with a status that was not wanted.
func statusError(resp *http.Response, body []byte) error {
	code, detail := readProblem(body)
	switch resp.StatusCode {
	case http.StatusUnauthorized:
		return fmt.Errorf("%w: internal API refused the service token", store.ErrUnavailable)
	case http.StatusNotFound:
		// A 404 without a problem comes from a wrong base URL. It does not say that a user
		// is not a member.
		if len(body) == 0 || code != "" && code != codeBadRequest {
			return store.ErrNotFound
		}
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		switch code {
		case codeEmpty:
			return fmt.Errorf("%w (%s)", store.ErrEmpty, detail)
		case codeTooLarge:
			return fmt.Errorf("%w (%s)", store.ErrTooLarge, detail)
		case codeBadRequest:
			return fmt.Errorf("%w (%s)", store.ErrInvalid, detail)
		}
	}
	return fmt.Errorf("%w: internal API answered %d %s", store.ErrUnavailable, resp.StatusCode, code)
}

// readProblem returns "" if body is not a problem of this API.
func readProblem(body []byte) (code, detail string) {
	v, err := parse(body)
	if err != nil {
		return "", ""
	}
	code, _ = v.field("code").text()
	detail, _ = v.field("detail").text()
	return code, strings.ToValidUTF8(detail[:min(len(detail), 200)], "")
}

// segment returns an id as part of a path, as encodeURIComponent writes it. It also escapes
// the node ids "." and "..", which have a meaning in paths.
func segment[T ~string](id T) string {
	if id == "." || id == ".." {
		return strings.ReplaceAll(string(id), ".", "%2E")
	}
	// QueryEscape writes what encodeURIComponent writes, but a space as +.
	return strings.ReplaceAll(url.QueryEscape(string(id)), "+", "%20")
}
