package socketio

import (
	"strconv"
	"time"

	"github.com/coupchat/coup/internal/native"
	"github.com/coupchat/coup/internal/ws"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// Ack answers a request that succeeded.
func (*Dialect) Ack(id native.RequestID, a native.Ack) []byte {
	if !id.Given {
		return nil
	}
	p := callback(160+2*len(a.StudyID)+len(a.ClientID), id, true)
	a.Write(&p.Object)
	return p.seal("]")
}

// Error answers a request that failed: by its callback, or by an event if it has none.
func (*Dialect) Error(id native.RequestID, err native.Error) []byte {
	if !id.Given {
		p := begun(64+len(err.Message), "error")
		err.Write(&p.Object)
		return p.seal("]")
	}
	p := callback(96+len(err.Message), id, false)
	p.Object.Object("error", err.Write)
	return p.seal("]")
}

// AuthSuccess answers authenticate: by an event, and by the callback if there is one.
func (*Dialect) AuthSuccess(id native.RequestID, user store.UserID, name string, expires time.Time) []byte {
	p := begun(128+len(name), "auth_success")
	native.WriteUser(&p.Object, user, name, expires)
	frames := p.seal("]")
	if id.Given {
		p := callback(128+len(name), id, true)
		native.WriteUser(&p.Object, user, name, expires)
		frames = append(frames, p.seal("]")...)
	}
	return frames
}

// AuthError says that a token is not or no longer accepted, likewise.
func (d *Dialect) AuthError(id native.RequestID, code, message string) []byte {
	p := begun(96, "auth_error")
	p.String("message", message)
	p.String("code", code)
	frames := p.seal("]")
	if id.Given {
		frames = append(frames, d.Error(id, native.Error{Code: code, Message: message})...)
	}
	return frames
}

var pingFrame = frame(ping)

// Ping returns the frame that a client has to answer. It must not be changed.
func (*Dialect) Ping() []byte { return pingFrame }

// Close returns the last frames of a connection. A client that should not come again by itself
// gets a DISCONNECT first: what it does about a connection that ends is to connect again.
func (d *Dialect) Close(code ws.Code, reason string) []byte {
	end := ws.CloseFrame(code, reason)
	switch code {
	case ws.Policy, ws.Unauthenticated, ws.TooMany:
		return append(frame(leave), end...)
	}
	return end
}

// place is the newest entry of a study that a client has.
type place struct {
	study store.StudyID
	seq   int64
	at    int64 // when it was stored, in Unix milliseconds; 0 if that is not known
}

// placeOf returns the place of an event in the log of its study, if it has one.
func placeOf(ev *room.Event) (place, bool) {
	if ev.Kind != room.NewMessage {
		return place{}, false
	}
	m := &ev.Message
	return place{m.StudyID, m.Seq, m.SentAt.UnixMilli()}, true
}

// append appends the text of a place: study:seq:time, the time in base 36.
func (p *place) append(b []byte) []byte {
	b = append(append(b, p.study...), ':')
	b = append(strconv.AppendInt(b, p.seq, 10), ':')
	if p.at == 0 {
		return b
	}
	return strconv.AppendInt(b, p.at, 36)
}
