package eio

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"
)

// beforeNoop is how long a GET waits during a probe. Without a probe the client would wait for
// the next event before it can upgrade. A GET that is answered at once would come again and
// again, and one that comes right after the upgrade would find no stream.
const beforeNoop = 100 * time.Millisecond

// Poll serves a GET.
func (s *Stream) Poll(w http.ResponseWriter, r *http.Request) {
	p := &waiting{mark: mark(r), changed: make(chan struct{}, 1)}
	answered, err := s.wait(p)
	switch {
	case err != nil:
		Fail(w, err)
		return
	case answered != nil:
		s.reply(w, answered, false)
		return
	}
	noDeadline(w)
	payload, over, cut := s.park(r.Context(), p)
	if cut != nil {
		s.end(cut)
		return
	}
	s.reply(w, payload, over)
}

// park waits for the answer to p, or until ctx ends.
func (s *Stream) park(ctx context.Context, p *waiting) (payload []byte, over bool, err error) {
	s.parked.Add(1)
	defer s.parked.Add(-1)
	s.h.Writable()
	timer := time.NewTimer(beforeNoop)
	defer timer.Stop()
	passed := false
	for {
		if payload, over, ok := s.answer(p, passed); ok {
			return payload, over, nil
		}
		select {
		case <-p.changed:
		case <-timer.C:
			passed = true
		case <-s.gone:
		case <-ctx.Done():
			return nil, false, ctx.Err()
		}
	}
}

// wait makes p the GET that waits. If p is the GET before it again, wait returns the answer to that.
func (s *Stream) wait(p *waiting) (answered []byte, err *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := s.poll
	switch {
	case s.upgraded:
		return nil, ErrRequest
	case s.ended || s.last || s.left:
		return nil, ErrSID
	case first == nil:
		if before, again := s.repeated(p.mark); again {
			return before, nil
		}
		s.poll, s.unread, s.got, s.answered = p, false, "", nil
		return nil, nil
	}
	// Two at once is a fault of the client. The first ends the connection.
	s.last, first.over = true, true
	if len(first.payload) == 0 {
		first.payload = []byte(closing)
	}
	first.wake()
	return nil, ErrRequest
}

// answer returns the answer to p, once there is one. over says that it is the last of the
// stream. passed says that p has waited for beforeNoop.
func (s *Stream) answer(p *waiting, passed bool) (payload []byte, over, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	probed := s.probe != nil && s.probe.answered && passed
	switch {
	case len(p.payload) > 0:
	case s.left, s.upgraded, probed:
		p.payload = []byte(noop)
	case s.ended, p.over:
		p.payload = []byte(closing)
	default:
		return nil, false, false
	}
	s.poll, s.got, s.answered = nil, p.mark, p.payload
	return p.payload, s.last, true
}

// reply sends an answer to a GET.
func (s *Stream) reply(w http.ResponseWriter, payload []byte, over bool) {
	w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Length", strconv.Itoa(len(payload)))
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(replyTimeout))
	_, err := w.Write(payload)
	if flushed := http.NewResponseController(w).Flush(); err == nil && !errors.Is(flushed, http.ErrNotSupported) {
		err = flushed
	}
	if err != nil || over {
		s.end(err)
	}
}

// replyTimeout bounds the time to write an answer.
const replyTimeout = 30 * time.Second

// noDeadline lets the connection of a request wait for ever: the timeouts of an http.Server are
// for requests that are answered at once.
func noDeadline(w http.ResponseWriter) {
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Time{}) // if it cannot, the server has the timeouts it has
	_ = c.SetWriteDeadline(time.Time{})
}
