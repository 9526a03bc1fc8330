package wstest

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"
)

// Dial connects to a ws:// or http:// URL. A header may be nil.
func Dial(t testing.TB, rawURL string, header http.Header) *Client {
	t.Helper()
	c, resp, err := Try(t, rawURL, header)
	if err != nil {
		t.Fatalf("dial %s: %v", rawURL, err)
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("dial %s: status %d", rawURL, resp.StatusCode)
	}
	return c
}

// Try connects and returns the answer of the server. The client is nil unless the status is 101.
func Try(t testing.TB, rawURL string, header http.Header) (*Client, *http.Response, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, nil, err
	}
	conn, err := net.DialTimeout("tcp", u.Host, Timeout)
	if err != nil {
		return nil, nil, err
	}
	return Handshake(t, conn, u, header)
}

// Handshake is Try on a connection that is open already.
func Handshake(t testing.TB, conn net.Conn, u *url.URL, header http.Header) (*Client, *http.Response, error) {
	req := &http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
	}}
	for k, v := range header {
		req.Header[http.CanonicalHeaderKey(k)] = v
	}
	conn.SetDeadline(time.Now().Add(Timeout))
	if err := req.Write(conn); err != nil {
		conn.Close()
		return nil, nil, err
	}
	c := &Client{Conn: conn, r: bufio.NewReaderSize(conn, 64<<10), t: t}
	resp, err := http.ReadResponse(c.r, req)
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	conn.SetDeadline(time.Time{})
	t.Cleanup(func() { conn.Close() })
	if resp.StatusCode != http.StatusSwitchingProtocols {
		io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
		conn.Close()
		return nil, resp, nil
	}
	return c, resp, nil
}
