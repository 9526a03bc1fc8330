// Package codec is the native dialect: requests of clients in, events of the
// server out, both JSON. It knows fields and no rules.
package codec

import "errors"

// A Request is one event of a client. Fields that were not given are zero.
type Request struct {
	Event string
	// ID is what the answer must carry, if HasID.
	ID    string
	HasID bool
	Data  Data
}

// Data holds the fields of all events; each event has its own few.
type Data struct {
	StudyID  string
	Content  string
	ClientID string
	Token    string
	// After is a seq, if HasAfter.
	After    int64
	HasAfter bool

	given field // which string fields were there
}

// field is a set of fields.
type field byte

// The string fields of Data.
const (
	studyID field = 1 << iota
	content
	clientID
	token
)

// HasContent, HasClientID and so on tell an empty field from an absent one.
func (d *Data) HasContent() bool  { return d.given&content != 0 }
func (d *Data) HasClientID() bool { return d.given&clientID != 0 }
func (d *Data) HasStudyID() bool  { return d.given&studyID != 0 }
func (d *Data) HasToken() bool    { return d.given&token != 0 }

// Decoding errors say what is wrong in words that the client may see.
var errNotObject = errors.New("a frame must be one JSON object")

// maxDepth bounds the nesting of a request.
const maxDepth = 16

// Decode reads a request. The JSON is read strictly: names match exactly,
// duplicate keys, lone surrogates, invalid UTF-8, NUL in strings and anything
// after the object are errors; unknown fields are skipped. With an error the
// request still carries the ID if that much could be read, so that the error can
// be told to the right request.
func Decode(frame []byte) (Request, error) {
	var req Request
	s := scanner{b: frame}
	s.space()
	if s.peek() != '{' {
		return req, errNotObject
	}
	hasEvent := false
	s.object(1, func(key string) {
		switch key {
		case "event":
			req.Event, hasEvent = s.stringField("event")
		case "id":
			req.ID, req.HasID = s.stringField("id")
		case "data":
			req.Data.decode(&s)
		default:
			s.skip(2)
		}
	})
	if s.space(); s.err == nil && s.i != len(s.b) {
		s.fail("there is something after the object")
	}
	if s.err != nil {
		req.Event = "" // what is not JSON names none
		return req, s.err
	}
	if !hasEvent {
		s.flag("event is missing")
	}
	return req, s.wrong
}

func (d *Data) decode(s *scanner) {
	if s.peek() != '{' {
		s.skip(2)
		s.flag("data must be an object")
		return
	}
	str := func(name string, to *string, bit field) {
		if v, ok := s.stringField(name); ok {
			*to = v
			d.given |= bit
		}
	}
	s.object(2, func(key string) {
		switch key {
		case "studyId":
			str(key, &d.StudyID, studyID)
		case "content":
			str(key, &d.Content, content)
		case "clientId":
			str(key, &d.ClientID, clientID)
		case "token":
			str(key, &d.Token, token)
		case "after":
			d.After, d.HasAfter = s.seqField()
		default:
			s.skip(3)
		}
	})
}

// stringField reads a value that must be a string.
func (s *scanner) stringField(name string) (string, bool) {
	if s.peek() != '"' {
		s.skip(3)
		s.flag(name + " must be a string")
		return "", false
	}
	v := s.string()
	return v, s.err == nil
}

// seqField reads a value that must be a whole number of at least 0.
func (s *scanner) seqField() (int64, bool) {
	start := s.i
	s.skip(3)
	if s.err != nil {
		return 0, false
	}
	n := int64(0)
	for _, c := range s.b[start:s.i] {
		if c < '0' || c > '9' || n > 1<<53/10 {
			s.flag("after must be a whole number from 0")
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}
