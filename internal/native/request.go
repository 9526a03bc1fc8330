package native

import (
	"errors"
	"time"

	"github.com/coupchat/coup/internal/json"
	"github.com/coupchat/coup/store"
)

// A Request is one event of a client, or something else that it may ask for in another dialect.
// Fields that were not given are zero.
type Request struct {
	Kind  Kind
	Event string
	ID    RequestID
	Data  Data
	// Answer is the frame that answers a request of the kind Answered.
	Answer []byte
}

// A Kind says what a client asks for. The native dialect has Event only.
type Kind byte

const (
	// Event is one of the events in the documentation.
	Event Kind = iota
	// Connect asks for the namespace in which events are sent, Disconnect leaves it.
	Connect
	Disconnect
	// Nothing asks for nothing: a sign of life, for example.
	Nothing
	// Answered asks for what the dialect has answered already, with Request.Answer.
	Answered
	// Close ends the connection.
	Close
)

// A RequestID is the id that a client gave a request. The answer carries it.
type RequestID struct {
	Text string
	// Given tells an empty id from none.
	Given bool
}

// Data holds the fields of all events. Each event uses some of them.
type Data struct {
	StudyID  string
	Content  string
	ClientID string
	Token    string
	// After is a seq, if HasAfter, and AfterSentAt the time of the message there, or zero.
	After       int64
	HasAfter    bool
	AfterSentAt time.Time

	// What follows belongs to entries, see store.Entry. HasMessageSeq and HasOn tell zero from
	// none.
	MessageSeq    int64
	HasMessageSeq bool
	ReplyTo       int64
	Emoji         string
	On, HasOn     bool
	Mentions      []store.UserID
	Attachments   []store.Attachment
	Meta          string

	// Before is a seq, if HasBefore, and Limit a number, if HasLimit.
	Before, Limit       int64
	HasBefore, HasLimit bool

	// To, SignalKind and Signal, which is JSON, belong to a signal.
	To, SignalKind string
	Signal         []byte
	// Seq is a seq, if HasSeq. Presence and Reads ask a join for more.
	Seq             int64
	HasSeq          bool
	Presence, Reads bool

	// Resume and Cursor are what a Connect gives back of an earlier connection.
	Resume, Cursor string

	given field // the string fields that were given
}

// field is a set of fields.
type field byte

// The string fields of Data.
const (
	studyID field = 1 << iota
	content
	clientID
	token
	emoji
)

// HasContent, HasClientID, HasStudyID, HasToken and HasEmoji tell an empty field from none.
func (d *Data) HasContent() bool  { return d.given&content != 0 }
func (d *Data) HasClientID() bool { return d.given&clientID != 0 }
func (d *Data) HasStudyID() bool  { return d.given&studyID != 0 }
func (d *Data) HasToken() bool    { return d.given&token != 0 }
func (d *Data) HasEmoji() bool    { return d.given&emoji != 0 }

// The texts of these errors are sent to the client.
var (
	errNotObject = errors.New("a frame must be one JSON object")
	errNoEvent   = errors.New("event is missing")
	errData      = errors.New("data must be an object")
	errAfter     = errors.New("after must be a whole number from 0")
	errSentAt    = errors.New("afterSentAt must be a time as in sentAt")
)

// Decode reads a request. It reads the JSON strictly: names match exactly; duplicate
// keys, lone surrogates, invalid UTF-8, NUL in strings and anything after the object
// are errors. It skips unknown fields. A request that is returned with an error has the
// ID if it could be read, so that the answer can carry it. The text of the error may be
// sent to the client.
func (Dialect) Decode(frame []byte, _ bool) (Request, error) {
	var req Request
	r := json.NewReader(frame)
	if r.Next() != '{' {
		return req, errNotObject
	}
	hasEvent := false
	r.Object(func(key []byte) {
		switch string(key) {
		case "event":
			req.Event, hasEvent = stringField(&r, "event")
		case "id":
			req.ID.Text, req.ID.Given = stringField(&r, "id")
		case "data":
			req.Data.Decode(&r)
		default:
			r.Skip()
		}
	})
	r.End()
	switch {
	case r.Failed():
		req.Event = "" // a frame that is not JSON has no event
	case !hasEvent:
		r.Flag(errNoEvent)
	}
	return req, r.Err()
}

// Decode reads the data of an event, which is the next value of r. See Dialect.Decode for what it
// refuses.
func (d *Data) Decode(r *json.Reader) {
	str := func(name string, to *string, bit field) {
		if v, ok := stringField(r, name); ok {
			*to = v
			d.given |= bit
		}
	}
	if !r.Object(func(key []byte) {
		switch string(key) {
		case "studyId":
			str("studyId", &d.StudyID, studyID)
		case "content":
			str("content", &d.Content, content)
		case "clientId":
			str("clientId", &d.ClientID, clientID)
		case "token":
			str("token", &d.Token, token)
		case "after":
			d.After, d.HasAfter = seqField(r, errAfter)
		case "afterSentAt":
			d.AfterSentAt = timeField(r)
		default:
			d.decodeEntry(r, string(key))
		}
	}) {
		r.Flag(errData)
	}
}

// SetToken reads the token, which is the next value of r.
func (d *Data) SetToken(r *json.Reader) {
	if v, ok := stringField(r, "token"); ok {
		d.Token = v
		d.given |= token
	}
}

// stringField reads a value that must be a string.
func stringField(r *json.Reader, name string) (string, bool) {
	isString := r.Next() == '"'
	v, ok := r.String()
	if !isString {
		r.Flag(errors.New(name + " must be a string"))
	}
	return v, ok
}

// timeField reads a value that must be a time in RFC 3339.
func timeField(r *json.Reader) time.Time {
	text, ok := r.String()
	if at, err := time.Parse(time.RFC3339, text); ok && err == nil {
		return at
	}
	r.Flag(errSentAt)
	return time.Time{}
}

// seqField reads a value that must be a whole number of at least 0, or flags wrong.
func seqField(r *json.Reader, wrong error) (int64, bool) {
	digits := r.Raw()
	if r.Failed() {
		return 0, false
	}
	n := int64(0)
	for _, c := range digits {
		if c < '0' || c > '9' || n > 1<<53/10 {
			r.Flag(wrong)
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}
