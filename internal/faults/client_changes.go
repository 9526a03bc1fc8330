package faults

import "slices"

// remembered is how many messages of a study a client may change.
const remembered = 8

// emojis are the reactions of clients. They are few, so that some change nothing.
var emojis = []string{"👍", "🎉", "❤️"}

// choose decides what to post next in a study. The caller holds mu.
func (c *Client) choose(study string) Change {
	s := c.rooms[study]
	own := func(kind ChangeKind) Change {
		if len(s.own) == 0 {
			return Change{}
		}
		return Change{Kind: kind, Of: s.own[c.rng.IntN(len(s.own))]}
	}
	n := c.rng.IntN(100)
	switch any := slices.Concat(s.own, s.others); {
	case c.config.MessagesOnly || n < 60 || len(any) == 0:
		return Change{}
	case n < 75:
		return own(Edit)
	case n < 80:
		return own(Delete)
	default:
		return Change{Reaction, any[c.rng.IntN(len(any))], emojis[c.rng.IntN(len(emojis))], c.rng.IntN(3) > 0}
	}
}

// remember notes a message that the client may change. The caller holds mu.
func (c *Client) remember(s *seat, r Record) {
	if r.Change.Kind != Message {
		return
	}
	list := &s.others
	if r.User == c.config.User {
		list = &s.own
	}
	if *list = append(*list, r.Seq); len(*list) > remembered {
		*list = slices.Delete(*list, 0, 1)
	}
}

// forget takes a post away from those without an ack. The caller holds mu.
func (c *Client) forget(clientID string) {
	c.unacked = slices.DeleteFunc(c.unacked, func(p *post) bool { return p.clientID == clientID })
}

// request returns the request for a post.
func (p *post) request() request {
	data := map[string]any{"studyId": p.study, "clientId": p.clientID}
	if p.change.Kind != Message {
		data["messageSeq"] = p.change.Of
	}
	switch p.change.Kind {
	case Message, Edit:
		data["content"] = p.text
	case Reaction:
		data["emoji"], data["on"] = p.change.Emoji, p.change.On
	}
	return request{requestNames[p.change.Kind], p.clientID, data}
}
