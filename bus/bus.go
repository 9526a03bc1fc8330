// Package bus defines how hubs hear of each other: publish and subscribe, bytes
// in and bytes out, delivered at most once. The store is the truth and the bus a
// hint, so a bus may lose messages; it should say so when it knows (see
// Handler.Gap).
package bus

import (
	"context"
	"errors"
)

// ErrClosed is returned by a bus that was closed.
var ErrClosed = errors.New("bus closed")

// The channels on which a business server speaks to all hubs. Their names and
// formats are public, so a program in any language can publish on them; the
// formats are room.Notification and room.StudyEvent.
const (
	Notifications = "notifications"
	StudyEvents   = "study-events"
)

// A Message is a payload on its way to the subscribers of a channel.
type Message struct {
	Channel string
	Payload []byte
}

// A Bus carries messages between processes. All methods may be called at the
// same time from any goroutine. A Bus may also be a Pinger.
type Bus interface {
	// Publish sends msgs, those of one channel in the order given. It returns
	// when the bus has taken them over or ctx is done; an error means that some
	// may not arrive. Subscribers in this process get them too.
	Publish(ctx context.Context, msgs ...Message) error

	// Subscribe calls h for what is published on channel from now on. It does
	// not wait for the network: a bus that must still connect, or that lost its
	// connection, calls h.Gap each time the subscription starts to hold, and what
	// was published before that may be missing. It calls neither function of h before
	// it returns: the caller may hold a lock that they take. It returns ErrClosed
	// after Close.
	// A channel may be subscribed to any number of times.
	Subscribe(channel string, h Handler) (Subscription, error)

	// Close ends all subscriptions and waits for handlers under way.
	Close() error
}

// A Pinger is a Bus that can check its own connection. This is optional: a hub
// calls Ping every 2 s on a bus that has it, and coup.Server.Ready returns the
// last error. A bus without Ping counts as reachable.
type Pinger interface {
	// Ping returns nil if a message that is published now comes back to this
	// process. It returns an error if that does not happen before ctx is done. It
	// may be called at the same time as any other method.
	Ping(ctx context.Context) error
}

// A Handler receives what a subscription brings. Its functions are called one at
// a time for one subscription and must return quickly, without waiting on the
// network: other subscriptions may wait for them.
type Handler struct {
	// Message gets each payload. It must not keep or change it after it returns.
	Message func(payload []byte)
	// Gap is told that messages may have been missed up to now. It may be nil.
	Gap func()
}

// A Subscription is one handler on one channel.
type Subscription interface {
	// Close ends the subscription. It does not wait: a call of the handler that
	// is under way may still be running when it returns.
	Close()
}
