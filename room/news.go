package room

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/coupchat/coup/store"
)

// Hubs tell each other of stored messages on one channel per study. The format
// is ours alone: a line with its version and the hub that speaks, then a JSON
// array of messages.
const newsVersion = "1"

// maxNews bounds what is read from a channel, in bytes.
const maxNews = 8 << 20

// channel names where news of a study goes. The prefix keeps it apart from the
// public channels, and a study id has no character that could lead elsewhere.
func (g *Registry) channel(study store.StudyID) string {
	return g.opts.Prefix + "room:" + string(study)
}

// newsHeader starts what this hub says.
func (g *Registry) newsHeader() []byte {
	return fmt.Appendf(nil, "%s %s\n", newsVersion, g.opts.NodeID)
}

// news takes what the bus brings for a study. It runs on the bus's goroutine:
// the deliveries are done on another.
func (r *room) news(payload []byte) {
	g := r.reg
	if bytes.HasPrefix(payload, g.wire.header) {
		return // our own; delivered already
	}
	msgs, err := parseNews(payload, r.study)
	if err != nil {
		g.stats.junk.Add(1)
		g.opts.Log.Warn("news from the bus skipped", "study", r.study, "err", err)
		return
	}
	if r.behind() {
		g.heads.check(r.study) // the store has them
		return
	}
	if r.enter(said(msgs)...) {
		r.handOver()
	}
}

func parseNews(payload []byte, study store.StudyID) ([]store.Message, error) {
	head, body, ok := bytes.Cut(payload, []byte("\n"))
	if !ok || len(payload) > maxNews || !bytes.HasPrefix(head, []byte(newsVersion+" ")) {
		return nil, fmt.Errorf("not news of version %s", newsVersion)
	}
	var msgs []store.Message
	if err := json.Unmarshal(body, &msgs); err != nil {
		return nil, err
	}
	for i := range msgs {
		m := &msgs[i]
		if m.StudyID != study || m.Seq < 1 || m.ID == "" {
			return nil, fmt.Errorf("a message that does not belong here")
		}
		content := m.Content
		if err := m.Clean(); err != nil || m.Content != content {
			return nil, fmt.Errorf("a message that no hub can have sent: %w", err)
		}
	}
	return msgs, nil
}
