// Package socketio is the dialect of the Socket.IO endpoint: protocol version 5 of Socket.IO,
// in packets of Engine.IO 4, each in one text frame. It knows the packets of one connection and
// how far its client has come, but not what a client may do. What requests and events consist of
// is in package native.
//
// The protocols are in the repository socketio/socket.io, under docs/engine.io-protocol and
// docs/socket.io-protocol.
package socketio

import (
	"crypto/rand"
	"encoding/base64"
	"time"

	"github.com/coupchat/coup/internal/json"
	"github.com/coupchat/coup/internal/native"
	"github.com/coupchat/coup/internal/ws"
	"github.com/coupchat/coup/room"
)

// A Dialect reads and writes the packets of one connection. Only one goroutine at a time may call
// Decode, and only one at a time the rest.
type Dialect struct {
	// asked says that a CONNECT has come, and binaries is how many binary messages follow that
	// belong to an event which was refused. Both belong to Decode.
	asked    bool
	binaries int8

	// past is how far the client has come in each of its rooms.
	past cursor
}

// An Encoder writes events for connections that are in one room. Others get what their Dialect
// makes of it.
type Encoder struct{}

var _ room.Encoder = Encoder{}

// An Engine.IO packet and a Socket.IO packet begin with a digit for their type.
const (
	ping    = "2"
	connect = "40"
	leave   = "41"
	event   = "42"
	ack     = "43"
	refused = "44"
)

// packet is a packet while it is being written.
type packet struct{ json.Object }

// begin begins a packet with the text prefix and then an object. size is how many bytes the
// object will need, about.
func begin(size int, prefix ...string) packet {
	b := make([]byte, ws.HeaderSpace, ws.HeaderSpace+80+size)
	for _, p := range prefix {
		b = append(b, p...)
	}
	return packet{json.Begin(b)}
}

// seal ends the object, adds suffix and returns the frame.
func (p *packet) seal(suffix string) []byte { return ws.Seal(append(p.End(), suffix...)) }

// frame returns a frame with a text.
func frame(text ...string) []byte {
	b := make([]byte, ws.HeaderSpace, ws.HeaderSpace+64)
	for _, t := range text {
		b = append(b, t...)
	}
	return ws.Seal(b)
}

// begun begins an event without arguments before its object.
func begun(size int, name string) packet { return begin(size, event, `["`, name, `",`) }

// callback begins the call of the function that the client gave with a request.
func callback(size int, id native.RequestID, ok bool) packet {
	p := begin(size, ack, id.Text, "[")
	if ok {
		p.True("ok")
	} else {
		p.False("ok")
	}
	return p
}

// EncodeEvent returns the frame of an event for a client that is in no other room.
func (Encoder) EncodeEvent(ev *room.Event) []byte {
	name, size := native.Name(ev)
	p := begun(size+96, name)
	native.WriteEvent(&p.Object, ev)
	if at, ok := placeOf(ev); ok {
		b := append(p.End(), `,"`...)
		return ws.Seal(append(at.append(b), `"]`...))
	}
	return p.seal("]")
}

// EncodeBatch returns the frames of a batch in one piece.
func (e Encoder) EncodeBatch(b *room.Batch) []byte { return native.Join(b, e) }

// Open is the first packet: it has the id of the connection and the options of the server.
func Open(sid string, upgrades []string, ping, timeout time.Duration, maxPayload int) []byte {
	p := begin(128, "0")
	p.String("sid", sid)
	p.Strings("upgrades", upgrades)
	p.Int("pingInterval", ping.Milliseconds())
	p.Int("pingTimeout", timeout.Milliseconds())
	p.Int("maxPayload", int64(maxPayload))
	return p.seal("")
}

// NewID returns an id that nobody can guess.
func NewID() string {
	var b [15]byte
	rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Connected answers a CONNECT. resume is what the client will give back to get what it misses,
// see native.Data.
func (d *Dialect) Connected(resume string) []byte {
	p := begin(80, connect)
	p.String("sid", NewID())
	p.String("pid", resume)
	return p.seal("")
}

// Refused answers a CONNECT that was refused. The client does not come again by itself.
func (d *Dialect) Refused(code, message string) []byte {
	p := begin(128, refused)
	p.String("message", message)
	p.Object.Object("data", func(o *json.Object) { o.String("code", code) })
	return p.seal("")
}

// Disconnected forgets the rooms of a client that has sent DISCONNECT.
func (d *Dialect) Disconnected() { d.past = nil }

// Encoder returns the encoder that all Dialects share.
func (*Dialect) Encoder() room.Encoder { return Encoder{} }

// Binary returns true: binary messages are refused one by one.
func (*Dialect) Binary() bool { return true }
