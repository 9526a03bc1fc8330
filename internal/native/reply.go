package native

import (
	"time"

	"github.com/coupchat/coup/internal/ws"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// An Ack answers a request that succeeded. Zero fields are left out.
type Ack struct {
	// MessageID and ClientID are those of a message that was posted.
	MessageID string
	ClientID  string
	// SentAt is when the message at Seq was stored.
	SentAt  time.Time
	StudyID store.StudyID
	// Seq is that of the message, or the newest seq of a study that was joined. HasSeq
	// tells 0 from none.
	Seq    int64
	HasSeq bool
	// MessageSeq is that of the message that was edited or deleted, at EditedAt or DeletedAt, or
	// reacted to. Count is how many have reacted so; HasCount tells 0 from none.
	MessageSeq          int64
	EditedAt, DeletedAt time.Time
	Count               int
	HasCount            bool
	// Unread is how many messages a user has not read, if Marked.
	Unread    int
	Marked    bool
	HasUnread bool
	// Online, if not nil, are users in the room that was joined, at most 200 of OnlineCount.
	Online      []room.OnlineUser
	OnlineCount int
	// Read is how far the user has read in the room that was joined, or nil.
	Read *store.ReadState
	// History is set for get_history.
	History *History
	// Truncated says that too many messages were missed: none is replayed.
	Truncated bool
	// Reset says that the client has seen another history: none is replayed.
	Reset bool
}

// History is a page of messages. More says that there are others.
type History struct {
	Messages []store.Message
	More     bool
}

// Ack returns the frame of an ack. Without an id there is none, and it returns nil.
func (Dialect) Ack(id RequestID, a Ack) []byte {
	if !id.Given {
		return nil
	}
	e := begin(160+2*len(a.StudyID)+len(a.ClientID), "ack", id)
	a.Write(&e.Object)
	return e.seal()
}

// An Error answers a request that failed.
type Error struct {
	// Code is a word for programs, Message a sentence for people.
	Code, Message string
	// RetryAfter, if above 0, is how long the client has to wait.
	RetryAfter time.Duration
}

// Error returns the frame of an error.
func (Dialect) Error(id RequestID, err Error) []byte {
	e := begin(128+len(err.Message), "error", id)
	err.Write(&e.Object)
	return e.seal()
}

// AuthSuccess returns the frame that answers authenticate.
func (Dialect) AuthSuccess(id RequestID, user store.UserID, name string, expires time.Time) []byte {
	e := begin(128+len(name), "auth_success", id)
	WriteUser(&e.Object, user, name, expires)
	return e.seal()
}

// AuthError returns the frame that says that a token is not or no longer accepted.
func (Dialect) AuthError(id RequestID, code, message string) []byte {
	e := begin(128, "auth_error", id)
	e.String("message", message)
	e.String("code", code)
	return e.seal()
}

// Ping returns the frame that a client has to answer. It must not be changed.
func (Dialect) Ping() []byte { return ws.PingFrame }

// Close returns the last frame of a connection.
func (Dialect) Close(code ws.Code, reason string) []byte { return ws.CloseFrame(code, reason) }
