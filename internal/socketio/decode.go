package socketio

import (
	"bytes"
	"errors"

	"github.com/coupchat/coup/internal/native"
	"github.com/coupchat/coup/internal/ws"
)

// maxBinaries is how many binary messages an event may announce. They are read and dropped.
const maxBinaries = 10

// maxID is how many digits the id of a packet may have: those of 2^53.
const maxID = 16

// The texts of these errors are sent to the client.
var (
	errBinary = errors.New("binary data is not understood")
	errName   = errors.New("the name of an event must be a string")
)

// violated returns the error that ends a connection whose client breaks the protocol.
func violated(what string) error { return &ws.Error{Code: ws.Protocol, Reason: what} }

// Decode reads one packet. What it says about JSON is that of native.Dialect.Decode, but an error
// that is a *ws.Error ends the connection, as the protocol demands for a packet that is not one.
func (d *Dialect) Decode(message []byte, binary bool) (native.Request, error) {
	nothing := native.Request{Kind: native.Nothing}
	switch {
	case binary && d.binaries == 0:
		return nothing, violated("a binary message was not announced")
	case binary:
		d.binaries--
		return nothing, nil
	case len(message) == 0:
		return nothing, violated("an empty packet")
	case d.binaries > 0 && message[0] == '4':
		return nothing, violated("the binary messages of the packet before are missing")
	}
	switch message[0] {
	case '1':
		return native.Request{Kind: native.Close}, nil
	case '3', '5', '6': // pong; upgrade and noop mean nothing here
		return nothing, nil
	case '4':
		return d.packet(message[1:])
	}
	return nothing, violated("a packet of this type is not for the server")
}

// packet reads a packet of Socket.IO.
func (d *Dialect) packet(p []byte) (native.Request, error) {
	kind := byte(0)
	if len(p) > 0 {
		kind, p = p[0], p[1:]
	}
	binaries := int8(0)
	if kind == '5' || kind == '6' {
		n, rest, ok := bytes.Cut(p, []byte("-"))
		if count, isNumber := number(n); ok && isNumber && count <= maxBinaries {
			binaries, p = int8(count), rest
		} else {
			return native.Request{}, violated("a packet with too many binary messages")
		}
	}
	namespace, p := cutNamespace(p)
	id, p := cutID(p)
	if len(id.Text) > maxID {
		return native.Request{}, violated("the id of a packet is too long")
	}
	switch main := namespace == "/"; {
	case kind == '0' && !main:
		answer := frame(refused, namespace, `,{"message":"Invalid namespace"}`)
		return native.Request{Kind: native.Answered, Answer: answer}, nil
	case !main:
		return native.Request{}, violated("there is no such namespace")
	case kind == '0' && !d.asked && !id.Given:
		d.asked = true
		return connection(p)
	case kind == '0':
		return native.Request{}, violated("a second CONNECT")
	case !d.asked:
		return native.Request{}, violated("CONNECT is missing")
	case kind == '1' && len(p) == 0:
		d.asked = false
		return native.Request{Kind: native.Disconnect}, nil
	case kind == '2':
		return eventOf(id, p)
	case kind == '3', kind == '6': // an answer: nothing was asked
		d.binaries = binaries
		return native.Request{Kind: native.Nothing}, args(p)
	case kind == '5':
		d.binaries = binaries
		req, err := eventOf(id, p)
		if !isViolation(err) {
			err = errBinary
		}
		return req, err
	}
	return native.Request{}, violated("a packet of this type is not for the server")
}

// isViolation reports whether err ends the connection.
func isViolation(err error) bool {
	_, is := errors.AsType[*ws.Error](err)
	return is
}

// cutNamespace cuts the namespace off a packet, without its query.
func cutNamespace(p []byte) (namespace string, rest []byte) {
	if len(p) == 0 || p[0] != '/' {
		return "/", p
	}
	name, rest, _ := bytes.Cut(p, []byte(","))
	name, _, _ = bytes.Cut(name, []byte("?"))
	return string(name), rest
}

// cutID cuts the id of a packet off. The id is sent back as it is.
func cutID(p []byte) (id native.RequestID, rest []byte) {
	n := 0
	for n < len(p) && p[n] >= '0' && p[n] <= '9' {
		n++
	}
	if n > 0 {
		id = native.RequestID{Text: string(p[:n]), Given: true}
	}
	return id, p[n:]
}

// number reads a small number.
func number(digits []byte) (n int, ok bool) {
	if len(digits) == 0 || len(digits) > 2 {
		return 0, false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}
