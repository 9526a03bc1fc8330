package client

import "context"

// A Page says which messages of a study to read.
type Page struct {
	// Before, if above 0, bounds the seqs from above: the newest below it are read.
	Before int64
	// After, if above 0, bounds them from below, and lets the oldest be read instead of the newest.
	// Oldest does so from the beginning of the study.
	After  int64
	Oldest bool
	// Limit is how many messages, 1 to 200. 0 is the server's default of 50.
	Limit int
}

// History reads messages of a study, which need not be joined, in ascending order and as they are now.
// more says that there are others in the direction that was read. It waits for a connection, and repeats
// what the server cannot do at the moment. The error is an *Error of the server, or that of ctx, or
// ErrClosed.
func (c *Client) History(ctx context.Context, studyID string, p Page) (messages []Message, more bool, err error) {
	data := map[string]any{"studyId": studyID}
	if p.Before > 0 {
		data["before"] = p.Before
	}
	if p.After > 0 || p.Oldest {
		data["after"] = p.After
	}
	if p.Limit != 0 {
		data["limit"] = p.Limit
	}
	err = c.request(ctx, func(l *line) error {
		b, err := l.ask(ctx, "get_history", data, nil)
		messages, more = b.Messages, b.More
		return err
	})
	return messages, more, err
}
