package faults

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// polling are the packets of a client that polls.
type polling struct {
	url    string
	client *http.Client
	ctx    context.Context
	end    context.CancelFunc
	came   [][]byte // packets that were not read yet

	mu sync.Mutex // one POST at a time
}

// pollIn bounds an answer to a GET. Hubs ping every 25 s.
const pollIn = 40 * dialIn / 3

func dialPolling(ctx context.Context, addr string) (packets, error) {
	ctx, end := context.WithCancel(ctx)
	p := &polling{url: "http://" + addr + "/socket.io/?EIO=4&transport=polling", ctx: ctx, end: end}
	dialer := &net.Dialer{Timeout: dialIn}
	p.client = &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: 2}}
	open, err := p.get()
	if err != nil {
		p.close()
		return nil, err
	}
	var answer struct{ SID string }
	if err := json.Unmarshal(open[0][1:], &answer); err != nil {
		p.close()
		return nil, err
	}
	p.url += "&sid=" + answer.SID
	p.came = open
	return p, nil
}

func (p *polling) read() ([]byte, error) {
	for len(p.came) == 0 {
		came, err := p.get()
		if err != nil {
			return nil, err
		}
		p.came = came
	}
	packet := p.came[0]
	p.came = p.came[1:]
	return packet, nil
}

// get polls once.
func (p *polling) get() ([][]byte, error) {
	body, err := p.do(http.MethodGet, "", pollIn)
	if err != nil {
		return nil, err
	}
	return bytes.Split(body, []byte{0x1e}), nil
}

func (p *polling) write(packet string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err := p.do(http.MethodPost, packet, answerIn+writeTimeout)
	return err
}

// do makes one request.
func (p *polling) do(method, body string, timeout time.Duration) ([]byte, error) {
	ctx, cancel := context.WithTimeout(p.ctx, timeout)
	defer cancel()
	url := p.url + "&t=" + rand.Text() // as the stock client does: net/http sends a GET again if its connection breaks
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	answer, err := p.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s was answered with %d %s", method, answer.StatusCode, b)
	}
	return b, err
}

func (p *polling) close() {
	p.end()
	p.client.CloseIdleConnections()
}
