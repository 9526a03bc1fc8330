package eio

import (
	"io"
	"net/http"
	"time"
)

// Receive serves a POST. It answers when the packets have been handled, so a client that waits
// for that sends no faster than it is served. But a client may poll only after that: it is
// answered too when there is something to poll.
func (s *Stream) Receive(w http.ResponseWriter, r *http.Request) {
	again, err := s.begin(mark(r))
	switch {
	case err != nil:
		Fail(w, err)
		return
	case again:
		accept(w)
		return
	}
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.posting = false
	}()
	data, left, err := s.body(w, r)
	if err != nil {
		s.end(err)
		Fail(w, err)
		return
	}
	noDeadline(w)
	if left {
		s.mu.Lock()
		s.left = true
		if s.poll != nil {
			s.poll.wake()
		}
		s.mu.Unlock()
	}
	if !s.handle(data, r.Context().Done()) {
		s.end(r.Context().Err())
		return
	}
	if left {
		s.h.Writable()
	}
	accept(w)
}

// accept answers a POST.
func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Content-Length", "2")
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(replyTimeout))
	_, _ = io.WriteString(w, "ok") // a client that has gone is noticed by its GET
}

// handle hands packets over, once those before have been handled. It reports false if the client
// has gone.
func (s *Stream) handle(data []byte, gone <-chan struct{}) bool {
	s.mu.Lock()
	for s.busy != nil {
		before := s.busy
		s.mu.Unlock()
		select {
		case <-before:
		case <-s.gone:
			return true
		case <-gone:
			return false
		}
		s.mu.Lock()
	}
	handled := make(chan struct{})
	s.busy = handled
	s.mu.Unlock()
	if s.h.Data(data) {
		s.Resume()
		return true
	}
	s.mu.Lock()
	noticed := make(chan struct{})
	if s.unread {
		close(noticed)
	} else {
		s.noticed = noticed
	}
	s.mu.Unlock()
	select {
	case <-handled:
	case <-noticed:
	case <-s.gone:
	case <-gone:
		return false
	}
	return true
}

// begin makes this POST the one that is handled. again says that it has been handled before.
func (s *Stream) begin(mark string) (again bool, err *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.upgraded:
		return false, ErrRequest
	case s.ended || s.last || s.left:
		return false, ErrSID
	case s.posting:
		s.last = true
		s.run(func() { s.end(ErrRequest) })
		return false, ErrRequest
	case mark != "" && mark == s.posted:
		return true, nil
	}
	s.posting, s.posted = true, mark
	return false, nil
}
