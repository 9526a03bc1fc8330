package store

import "context"

// A Log is a Store that keeps entries of every kind, and all fields of a message. Its Append takes
// them in one batch, and its History shows messages as they are at that moment. A Store that is no
// Log keeps messages that are Plain; hubs refuse the rest.
//
// Append of a Log keeps all promises of Store.Append. Further:
//
//   - Each entry has its own outcome. One that names no live message, belongs to somebody else, has
//     the client id of an entry of another kind, or adds more than MaxEmojis reactions is answered
//     in its place with Err, takes no seq and undoes nothing of the others.
//   - An edit or a deletion changes the row of the message in the same transaction. Of a deleted
//     message the id, the seqs, the user, the client id and the times stay, and nothing that it said.
//   - A reaction that changes nothing takes no seq: it is answered with Seq 0 and Count.
//   - The entries of a batch take effect one after the other: a message and its edit may come
//     together.
type Log interface {
	Store
	// Entries returns the entries of every kind that q selects, ascending by seq. A message or an
	// edit has the content that the message has at that moment: none, and DeletedAt, if it is
	// deleted. What History says of deleted messages holds for all kinds.
	Entries(ctx context.Context, q Query) ([]Entry, error)
}
