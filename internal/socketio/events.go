package socketio

import (
	"errors"

	"github.com/coupchat/coup/internal/json"
	"github.com/coupchat/coup/internal/native"
)

// connection reads the object that a client sends with CONNECT, if it sends one.
func connection(p []byte) (native.Request, error) {
	req := native.Request{Kind: native.Connect}
	if len(p) == 0 {
		return req, nil
	}
	r := json.NewReader(p)
	if r.Next() != '{' {
		return req, violated("what a client sends with CONNECT must be an object")
	}
	r.Object(func(key []byte) {
		switch string(key) {
		case "token":
			req.Data.SetToken(&r)
		case "pid":
			req.Data.Resume, _ = r.String()
		case "offset":
			req.Data.Cursor, _ = r.String()
		default:
			r.Skip()
		}
	})
	r.End()
	if notJSON(&r) {
		return req, violated("not JSON: " + r.Err().Error())
	}
	return req, r.Err()
}

// notJSON reports whether r has read something that is not JSON. What is nested too deeply is.
func notJSON(r *json.Reader) bool { return r.Failed() && !errors.Is(r.Err(), json.ErrDepth) }

// reserved are names that events must not have: clients use them for events of their own.
var reserved = map[string]bool{
	"connect": true, "connect_error": true, "disconnect": true, "disconnecting": true, "newListener": true, "removeListener": true,
}

// eventOf reads an event: an array of its name and its data. It ignores further arguments.
func eventOf(id native.RequestID, p []byte) (native.Request, error) {
	req := native.Request{ID: id}
	r := json.NewReader(p)
	n := 0
	isArray := r.Array(func() {
		switch n++; n {
		case 1:
			isString := r.Next() == '"'
			if req.Event, _ = r.String(); !isString {
				r.Flag(errName)
			}
		case 2:
			req.Data.Decode(&r)
		default:
			r.Skip()
		}
	})
	r.End()
	switch {
	case notJSON(&r):
		return req, violated("not JSON: " + r.Err().Error())
	case !isArray || n == 0:
		return req, violated("an event must be an array")
	case reserved[req.Event]:
		return req, violated("an event with a reserved name")
	}
	return req, r.Err()
}

// args reads the arguments of an answer, which must be an array.
func args(p []byte) error {
	r := json.NewReader(p)
	isArray := r.Array(r.Skip)
	r.End()
	if !isArray || notJSON(&r) {
		return violated("an answer must be an array")
	}
	return nil
}
