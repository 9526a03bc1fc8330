package relay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/coupchat/coup/store"
)

// The versions of the payload format. A payload is a line with the version and the node that
// publishes, and then a JSON array of messages. In version 2 the line ends with a signature.
// Only hubs use the format.
const (
	unsigned = "1"
	signed   = "2"
)

// maxPayload bounds a payload that is read, in bytes.
const maxPayload = 8 << 20

// errSignature says that a payload is not by a hub that knows the secrets.
var errSignature = errors.New("the signature is not that of a hub of this deployment")

// A payload is what a hub has published, before its messages are decoded.
type payload struct {
	node store.NodeID
	// proven says that a hub has made it, as far as there are secrets.
	proven bool
	body   []byte
}

// seal returns the payload that node publishes on a channel.
func (k keys) seal(node store.NodeID, channel string, body []byte) []byte {
	if len(k) == 0 {
		return append(fmt.Appendf(nil, "%s %s\n", unsigned, node), body...)
	}
	return append(fmt.Appendf(nil, "%s %s %s\n", signed, node, sign(k[0], channel, node, body)), body...)
}

// open reads a payload from a channel.
func (k keys) open(b []byte, channel string) (payload, error) {
	head, body, ok := bytes.Cut(b, []byte("\n"))
	fields := bytes.Split(head, []byte(" "))
	if !ok || len(b) > maxPayload || len(fields) < 2 {
		return payload{}, fmt.Errorf("not a payload with at most %d bytes", maxPayload)
	}
	p := payload{node: store.NodeID(fields[1]), body: body, proven: len(k) == 0}
	switch version := string(fields[0]); {
	case version == unsigned && len(fields) == 2:
	case version == signed && len(fields) == 3:
		if len(k) > 0 && !k.verify(fields[2], channel, p.node, body) {
			return payload{}, errSignature
		}
		p.proven = true
	default:
		return payload{}, fmt.Errorf("not a payload of version %s or %s", unsigned, signed)
	}
	return p, nil
}

// messages reads the messages of a payload, which must be of study.
func (p payload) messages(study store.StudyID) ([]store.Message, error) {
	var msgs []store.Message
	if err := json.Unmarshal(p.body, &msgs); err != nil {
		return nil, err
	}
	for i := range msgs {
		m := &msgs[i]
		if m.StudyID != study || m.Seq < 1 || m.ID == "" {
			return nil, errors.New("a message without an id or a seq, or of another study")
		}
		content := m.Content
		if err := m.Clean(); err != nil {
			return nil, fmt.Errorf("a message that no hub stores: %w", err)
		}
		if m.Content != content {
			return nil, errors.New("a message that no hub stores: its content is not trimmed")
		}
	}
	return msgs, nil
}
