package client

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/coupchat/coup/internal/ws"
)

// run connects again and again.
func (c *Client) run() {
	for tries := 0; c.ctx.Err() == nil; tries++ {
		begun := time.Now()
		err := c.visit()
		if time.Since(begun) > steady {
			tries = 0
		}
		wait := backoff(tries)
		var closed *ws.CloseError
		if errors.As(err, &closed) {
			switch closed.Code {
			case ws.TooMany:
				wait = time.Minute + rand.N(time.Minute)
			case ws.Policy:
				wait = 10*time.Second + rand.N(10*time.Second)
			}
		}
		if c.ctx.Err() != nil {
			return
		}
		level := slog.LevelDebug
		if errors.Is(err, ws.ErrRefused) {
			level = slog.LevelWarn
		}
		c.opts.Log.Log(c.ctx, level, "connection ended", "err", err, "wait", wait)
		_ = c.sleep(c.ctx, wait)
	}
}

// backoff returns a pause before a try: random, so that many clients do not come at once, with a
// maximum that doubles up to 30 s. The first is short.
func backoff(tries int) time.Duration {
	if tries == 0 {
		return 100*time.Millisecond + rand.N(400*time.Millisecond)
	}
	most := min(30*time.Second, time.Second<<min(tries, 5))
	return 500*time.Millisecond + rand.N(most-500*time.Millisecond)
}

// visit makes one connection and stays until it ends.
func (c *Client) visit() error {
	ctx, cancel := context.WithTimeout(c.ctx, dialTimeout)
	defer cancel()
	token := ""
	if c.opts.Token != nil {
		var err error
		if token, err = c.opts.Token(ctx); err != nil {
			return err
		}
	}
	conn, err := ws.Dial(ctx, c.opts.URL, c.opts.Header, c.opts.TLS)
	if err != nil {
		return err
	}
	l := &line{conn: conn, ended: make(chan struct{}), known: make(chan body, 1), asked: map[string]*question{}}
	var inside sync.WaitGroup
	inside.Go(func() {
		select {
		case <-c.ctx.Done():
			conn.Close(ws.Normal)
		case <-l.ended:
		}
	})
	inside.Go(func() { c.settle(ctx, l, token) })
	err = l.read(c.deliver)
	c.mu.Lock()
	if c.line == l {
		c.line, c.online = nil, make(chan struct{})
	}
	c.mu.Unlock()
	close(l.ended)
	conn.Close(ws.Normal)
	inside.Wait()
	return err
}

// settle authenticates a connection, joins the rooms, and renews the token.
func (c *Client) settle(ctx context.Context, l *line, token string) {
	user, err := c.authenticate(ctx, l, token)
	if err != nil {
		l.conn.Close(ws.Normal)
		return
	}
	c.mu.Lock()
	c.line = l
	close(c.online)
	rooms := make(map[string]*place, len(c.rooms))
	for study, p := range c.rooms {
		rooms[study] = p
	}
	c.mu.Unlock()
	for study, p := range rooms {
		c.work.Go(func() { _, _ = c.join(c.ctx, study, p, true) }) // an error is told to the Handler
	}
	if c.opts.Token != nil {
		c.renew(l, user.ExpiresAt)
	}
}

// authenticate gives a connection its user: by a token, or by what the server knows from the handshake.
func (c *Client) authenticate(ctx context.Context, l *line, token string) (body, error) {
	if c.opts.Token != nil {
		return l.ask(ctx, "authenticate", map[string]any{"token": token}, nil)
	}
	select {
	case user := <-l.known:
		return user, nil
	case <-l.ended:
		return body{}, errLine
	case <-ctx.Done():
		return body{}, ctx.Err()
	}
}

// renew renews the token until the connection ends.
func (c *Client) renew(l *line, expires string) {
	for {
		end, err := time.Parse(time.RFC3339, expires)
		if err != nil {
			return
		}
		t := time.NewTimer(max(time.Until(end)-renewBefore, 5*time.Second))
		select {
		case <-t.C:
		case <-l.ended:
			t.Stop()
			return
		}
		ctx, cancel := context.WithTimeout(c.ctx, dialTimeout)
		token, err := c.opts.Token(ctx)
		if err == nil {
			if user, err := l.ask(ctx, "authenticate", map[string]any{"token": token}, nil); err == nil {
				expires = user.ExpiresAt
			}
		}
		cancel()
	}
}
