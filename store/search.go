package store

import (
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/coupchat/coup/internal/search"
)

// maxSearch is the longest text of a search, in characters.
const maxSearch = 100

// A Searcher is a Store that finds messages by what they say. A Store need not be one.
type Searcher interface {
	Store
	// Search returns the messages of a study that match, the newest first. It wraps
	// errors.ErrUnsupported if search is turned off. A message is found a moment after it was stored,
	// and not found any more once it is deleted.
	Search(ctx context.Context, q SearchQuery) ([]Message, error)
}

// A SearchQuery selects messages.
type SearchQuery struct {
	StudyID StudyID
	// Text has words, all of which a message must have, as parts of its own words: "스터디" finds
	// "스터디에서". Capital letters do not count, nor does punctuation. A word of one character
	// must be a word of the message. At most 100 characters.
	Text string
	// UserID, if set, is the author.
	UserID UserID
	// Before, if above 0, is a seq below which the messages are.
	Before int64
	// Limit is the largest number of messages.
	Limit int
}

// Check returns an error that wraps ErrInvalid if q makes no sense.
func (q SearchQuery) Check() error {
	switch n := utf8.RuneCountInString(q.Text); {
	case !ValidID(q.StudyID), q.UserID != "" && !ValidID(q.UserID):
		return fmt.Errorf("%w: a search has an invalid id", ErrInvalid)
	case n < 1 || n > maxSearch || !utf8.ValidString(q.Text):
		return fmt.Errorf("%w: the text of a search has 1 to %d characters", ErrInvalid, maxSearch)
	case q.Before < 0 || q.Limit < 1:
		return fmt.Errorf("%w: a search before %d with limit %d", ErrInvalid, q.Before, q.Limit)
	}
	return nil
}

var _ Searcher = (*Memory)(nil)

// Search implements Searcher. It looks at all messages of the study.
func (s *Memory) Search(ctx context.Context, q SearchQuery) (found []Message, err error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	query := search.Parse(q.Text)
	s.mu.RLock()
	defer s.mu.RUnlock()
	st := s.studies[q.StudyID]
	if st == nil {
		return nil, nil
	}
	seq := st.head
	if q.Before > 0 {
		seq = min(seq, q.Before-1)
	}
	for ; seq > st.gone && len(found) < q.Limit; seq-- {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if row, _ := st.row(seq); row.kind != KindMessage {
			continue
		}
		if m := st.at(q.StudyID, seq); (q.UserID == "" || m.UserID == q.UserID) && query.Matches(m.Content) {
			found = append(found, m)
		}
	}
	return found, nil
}
