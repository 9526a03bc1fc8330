package relay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/coupchat/coup/store"
)

// version is the version of the payload format. A payload is a line with the version
// and the node that publishes, and then a JSON array of messages. Only hubs use the
// format.
const version = "1"

// maxPayload bounds a payload that is read, in bytes.
const maxPayload = 8 << 20

// header returns the first line of the payloads of node.
func header(node store.NodeID) []byte {
	return fmt.Appendf(nil, "%s %s\n", version, node)
}

// parse reads a payload from the channel of study.
func parse(payload []byte, study store.StudyID) ([]store.Message, error) {
	head, body, ok := bytes.Cut(payload, []byte("\n"))
	if !ok || len(payload) > maxPayload || !bytes.HasPrefix(head, []byte(version+" ")) {
		return nil, fmt.Errorf("not a payload of version %s with at most %d bytes", version, maxPayload)
	}
	var msgs []store.Message
	if err := json.Unmarshal(body, &msgs); err != nil {
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
