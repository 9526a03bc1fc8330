package rest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// believed is how long a Client believes that a service lacks a part of the API.
const believed = 30 * time.Second

// errNotKept says that the service lacks an optional part of the API.
var errNotKept = fmt.Errorf("%w: the service does not have that", errors.ErrUnsupported)

// An optional is a part of the API that a service may lack.
type optional struct {
	until atomic.Int64 // until when it is believed to lack it, Unix time in nanoseconds
}

// lacking reports whether the service is believed to lack the part.
func (o *optional) lacking() bool { return time.Now().UnixNano() < o.until.Load() }

// learn remembers for 30 s if err says that the service lacks the part. It reports whether it
// does.
func (o *optional) learn(err error) bool {
	answer, ok := errors.AsType[*answerError](err)
	if !ok || !slices.Contains(noSuchRow, answer.status) {
		return false
	}
	o.until.Store(time.Now().Add(believed).UnixNano())
	return true
}

// optionally is call for a part of the API that the service may lack: the error then wraps
// errors.ErrUnsupported.
func (c *Client) optionally(ctx context.Context, part *optional, method, path string, body []byte, want int) (value, error) {
	if part.lacking() {
		return nil, errNotKept
	}
	v, err := c.call(ctx, method, path, body, want)
	if part.learn(err) {
		return nil, errNotKept
	}
	return v, err
}
