// Package bus defines how hubs exchange messages: publish and subscribe, bytes in
// and bytes out, each message delivered at most once.
//
// The store is the truth and the bus is a hint. A bus may lose messages. If it
// knows that it may have lost some, it calls Handler.Gap, and the hub reads what
// it missed from the store.
//
// Memory is the bus of a single process. Package bus/redis connects several
// processes, and package bus/bustest tests any implementation.
package bus

import (
	"context"
	"errors"
)

// ErrClosed is what Publish and Subscribe return after Close.
var ErrClosed = errors.New("bus closed")

// The public channels. Every hub subscribes to all of them, and a program in any
// language can publish on them. The payloads are JSON: room.Notification on
// Notifications, room.StudyEvent on StudyEvents, room.UserEvent on UserEvents.
const (
	Notifications = "notifications"
	StudyEvents   = "study-events"
	UserEvents    = "user-events"
)

// A Message is a payload for the subscribers of a channel.
type Message struct {
	// Channel is the name of the channel: any bytes, also none.
	Channel string
	// Payload is any bytes, also none.
	Payload []byte
}

// A Bus carries messages between processes. All methods may be called at the
// same time from any goroutine. A Bus may also be a Pinger.
type Bus interface {
	// Publish sends msgs. Messages of one channel arrive in the order given.
	// Subscribers in this process get them too. Publish returns when the bus has
	// taken over all messages, or when ctx is done; from then on the caller may
	// reuse the payloads. An error means that some messages may not arrive. After
	// Close it returns ErrClosed.
	Publish(ctx context.Context, msgs ...Message) error

	// Subscribe calls h.Message for each message that is published on channel from
	// now on. A channel may be subscribed to any number of times.
	//
	// Subscribe does not wait for the network. If the bus must connect first, or
	// loses its connection later, it calls h.Gap each time the subscription
	// becomes active; messages published before that may be missing.
	//
	// Subscribe does not call h on the caller's goroutine: the caller may hold a
	// lock that h takes. After Close it returns ErrClosed.
	Subscribe(channel string, h Handler) (Subscription, error)

	// Close ends all subscriptions and waits for the handlers that are running. A
	// handler must not call it. A second call waits as well and returns nil.
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

// A Handler receives the messages of a subscription. Its functions are called one
// at a time for one subscription. They must return quickly and must not wait for
// the network, because other subscriptions may wait for them.
type Handler struct {
	// Message is called with each payload. It must not change the payload, and
	// must not use it after it has returned. Required.
	Message func(payload []byte)
	// Gap is called when messages published before now may be missing. If it is
	// nil, gaps are ignored.
	Gap func()
}

// A Subscription is one handler on one channel.
type Subscription interface {
	// Close ends the subscription. It does not wait: a call of the handler may
	// still be running when Close returns. A second call does nothing. It may be
	// called from any goroutine, and from the handler.
	Close()
}
