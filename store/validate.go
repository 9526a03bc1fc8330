package store

import (
	"strings"
	"unicode/utf8"

	"github.com/coupchat/coup/internal/text"
)

// Limits of an entry.
const (
	// MaxContent is the longest content after trimming, in UTF-16 units, which is what
	// length counts in JavaScript.
	MaxContent = 2000
	// MaxClientID is the longest client id, in UTF-16 units.
	MaxClientID = 64
	// MaxUserName is the longest user name, in UTF-16 units.
	MaxUserName = 200
	// maxMentions is how many users a message may mention.
	maxMentions = 50
	// maxAttachments is how many files may belong to a message.
	maxAttachments = 10
	// maxMeta is the longest Meta, in bytes.
	maxMeta = 4096
	// maxEmoji is the longest emoji, in bytes.
	maxEmoji = 32
	// MaxEmojis is how many different emoji a message may have.
	MaxEmojis = 20
	// MaxReactors is how many users Reaction.UserIDs names.
	MaxReactors = 20
	// maxEntry is the largest entry, in bytes of JSON.
	maxEntry = 16 << 10
	// MaxSeq is the largest seq, the largest whole number that is exact in JavaScript.
	MaxSeq = 1<<53 - 1
	// maxID is the longest study, user or node id.
	maxID = 128
)

// ValidID reports whether id may name a study or a user:
// ^[A-Za-z0-9_.:@|+=~-]{1,128}$, and neither "." nor "..", which have a meaning in paths.
// So the subjects of identity providers ("auth0|123"), e-mail addresses and base64 are
// valid. Only the characters | + = : @ are written otherwise in a path, as
// encodeURIComponent writes them.
func ValidID[T ~string](id T) bool {
	return madeOf(string(id), "_.:@|+=~-") && id != "." && id != ".."
}

// ValidNodeID reports whether id may name a node: ^[A-Za-z0-9_.:@-]{1,128}$.
func ValidNodeID(id NodeID) bool { return madeOf(string(id), "_.:@-") }

// madeOf reports whether id has 1 to maxID characters, each of them an ASCII letter, a
// digit or one of signs.
func madeOf(id, signs string) bool {
	if id == "" || len(id) > maxID {
		return false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case strings.IndexByte(signs, c) >= 0:
		default:
			return false
		}
	}
	return true
}

// ValidUserName reports whether name may be the name of a user: text of at most MaxUserName
// UTF-16 units without control characters, line breaks, and characters that are invisible or turn
// the direction of text. Two names that look alike would else be two users. It may be empty.
func ValidUserName(name string) bool { return text.ValidName(name) && UTF16Len(name) <= MaxUserName }

// ValidClientID reports whether a client may send id: 1 to MaxClientID
// characters of valid UTF-8, none of them a control character or invisible.
func ValidClientID(id string) bool {
	return id != "" && UTF16Len(id) <= MaxClientID && utf8.ValidString(id) && strings.IndexFunc(id, text.Control) < 0
}

// storable reports whether every store can store s. Postgres refuses NUL.
func storable(s string) bool {
	return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0
}

// UTF16Len returns the length of s in UTF-16 units, as JavaScript counts.
func UTF16Len(s string) int { return text.Len(s) }
