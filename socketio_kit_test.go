package coup_test

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/coupchat/coup/internal/wstest"
)

// A packets carries the packets of Engine.IO between a test and a server.
type packets interface {
	write(packet string)
	// read returns the next packet. The error is errEnded after the end of the transport.
	read() (string, error)
	close()
}

// errEnded says that the server has ended the transport.
var errEnded = errors.New("the transport has ended")

// transports are the ways to open a connection to the Socket.IO endpoint at url.
var transports = map[string]func(t *testing.T, url string) packets{
	"websocket": func(t *testing.T, url string) packets { return dialSocket(t, url, nil) },
	"polling":   func(t *testing.T, url string) packets { return dialPolling(t, url, nil) },
}

// socket is a connection over a WebSocket.
type socket struct {
	*wstest.Client
	t    *testing.T
	code int // of the close frame
}

func dialSocket(t *testing.T, url string, header http.Header) *socket {
	t.Helper()
	return &socket{Client: wstest.Dial(t, url+"/socket.io/?EIO=4&transport=websocket", header), t: t}
}

// write sends a packet. One with binary data begins with "b", and has it in base64.
func (s *socket) write(packet string) {
	if data, binary := strings.CutPrefix(packet, "b"); binary {
		b, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			s.t.Fatal(err)
		}
		s.Write(wstest.Frame(0x82, b))
		return
	}
	s.Text(packet)
}

func (s *socket) close() { s.Close() }

func (s *socket) read() (string, error) {
	first, payload, err := s.ReadFrame(wstest.Timeout)
	switch {
	case err != nil:
		return "", err
	case first == 0x88:
		s.code = 1005
		if len(payload) >= 2 {
			s.code = int(binary.BigEndian.Uint16(payload))
		}
		s.Write(wstest.Frame(0x88, payload))
		return "", errEnded
	}
	return string(payload), nil
}

// polling is a connection over long-polling.
type polling struct {
	t      *testing.T
	url    string
	header http.Header
	sid    string
	came   []string

	mu     sync.Mutex // guards what follows
	status int        // of the answer to a GET or POST that ended the connection
}

func dialPolling(t *testing.T, url string, header http.Header) *polling {
	t.Helper()
	p := &polling{t: t, url: url + "/socket.io/?EIO=4&transport=polling", header: header}
	open, err := p.read()
	if err != nil {
		t.Fatalf("handshake: %v", err)
	}
	var answer struct{ SID string }
	if err := json.Unmarshal([]byte(open[1:]), &answer); err != nil {
		t.Fatalf("handshake: %s", open)
	}
	p.sid = answer.SID
	p.url += "&sid=" + p.sid
	p.came = append([]string{open}, p.came...)
	return p
}

// do makes one request.
func (p *polling) do(method, body string) (status int, _ string) {
	p.t.Helper()
	status, _, got := request(p.t, method, p.url, body, p.header)
	return status, got
}

func (p *polling) write(packet string) {
	if status, _ := p.do("POST", packet); status != http.StatusOK {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.status = status
	}
}

func (p *polling) read() (string, error) {
	for len(p.came) == 0 {
		status, body := p.do("GET", "")
		if status != http.StatusOK {
			return "", errEnded
		}
		p.came = strings.Split(body, "\x1e")
	}
	packet := p.came[0]
	if p.came = p.came[1:]; packet == "1" {
		return "", errEnded
	}
	return packet, nil
}

func (p *polling) close() { p.do("POST", "1") }

// patient makes the requests of tests.
var patient = &http.Client{Timeout: wstest.Timeout, Transport: &http.Transport{
	DisableKeepAlives: true, ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
}}

// request makes one HTTP request.
func request(t *testing.T, method, url, body string, header http.Header) (status int, _ http.Header, _ string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	answer, err := patient.Do(r)
	if err != nil {
		t.Errorf("%s %s: %v", method, url, err)
		return 0, nil, ""
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Errorf("%s %s: %v", method, url, err)
	}
	return answer.StatusCode, answer.Header, string(b)
}
