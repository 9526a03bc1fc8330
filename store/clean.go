package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	strict "github.com/coupchat/coup/internal/json"
	"github.com/coupchat/coup/internal/text"
)

// The longest name and type of an Attachment.
const (
	maxFileName = 255
	maxFileType = 100
)

// Clean trims the content, as browsers trim, and checks what an entry of its kind must have: ids,
// name, client id, content, and the fields of the kind. A generated client id is valid. The error
// wraps ErrInvalid (or ErrTooLarge, ErrEmpty), and its text may be shown to a client.
func (e *Entry) Clean() error {
	switch {
	case !ValidID(e.StudyID):
		return fmt.Errorf("%w: studyId is not a valid id", ErrInvalid)
	case !ValidID(e.UserID):
		return fmt.Errorf("%w: userId is not a valid id", ErrInvalid)
	case !ValidUserName(e.UserName):
		return fmt.Errorf("%w: userName must be text of at most %d characters, none of them invisible", ErrInvalid, MaxUserName)
	case !storable(e.Content):
		return fmt.Errorf("%w: content must be valid UTF-8 without NUL", ErrInvalid)
	case e.ClientID != "" && !ValidClientID(strings.TrimPrefix(e.ClientID, generated)):
		return fmt.Errorf("%w: clientId must be 1 to %d characters, none of them a control character or invisible", ErrInvalid, MaxClientID)
	}
	switch e.Kind {
	case KindMessage:
		if e.ReplyTo < 0 || e.ReplyTo > MaxSeq {
			return fmt.Errorf("%w: replyTo must be the seq of a message", ErrInvalid)
		}
		return e.cleanText()
	case KindEdit, KindDelete, KindReaction:
		if e.MessageSeq < 1 || e.MessageSeq > MaxSeq {
			return fmt.Errorf("%w: messageSeq must be the seq of a message", ErrInvalid)
		}
	default:
		return fmt.Errorf("%w: nobody can send an entry of kind %s", ErrInvalid, e.Kind)
	}
	switch e.Kind {
	case KindEdit:
		return e.cleanText()
	case KindReaction:
		if !validEmoji(e.Emoji) {
			return fmt.Errorf("%w: emoji must be one character of at most %d bytes", ErrInvalid, maxEmoji)
		}
	}
	return nil
}

// cleanText trims and checks what a message says.
func (e *Entry) cleanText() error {
	e.Content = text.Trim(e.Content)
	switch {
	case e.Content == "" && len(e.Attachments) == 0:
		return ErrEmpty
	case UTF16Len(e.Content) > MaxContent:
		return ErrTooLarge
	case len(e.Mentions) == 0 && len(e.Attachments) == 0 && e.Meta == "":
		return nil
	case len(e.Mentions) > maxMentions:
		return fmt.Errorf("%w: mentions has more than %d users", ErrInvalid, maxMentions)
	case len(e.Attachments) > maxAttachments:
		return fmt.Errorf("%w: attachments has more than %d files", ErrInvalid, maxAttachments)
	case e.Meta != "" && !validMeta(e.Meta):
		return fmt.Errorf("%w: meta must be a JSON object of at most %d bytes", ErrInvalid, maxMeta)
	}
	for _, user := range e.Mentions {
		if !ValidID(user) {
			return fmt.Errorf("%w: mentions has an id that is not valid", ErrInvalid)
		}
	}
	for _, a := range e.Attachments {
		if err := a.check(); err != nil {
			return err
		}
	}
	if b, err := json.Marshal(e); err != nil || len(b) > maxEntry {
		return ErrTooLarge
	}
	return nil
}

func (a Attachment) check() error {
	switch {
	case !text.ValidLink(a.URL):
		return fmt.Errorf("%w: the url of an attachment must be a path on this site or an https URL, of at most 2 KiB", ErrInvalid)
	case UTF16Len(a.Name) > maxFileName || !utf8.ValidString(a.Name) || strings.IndexFunc(a.Name, text.Control) >= 0:
		return fmt.Errorf("%w: the name of an attachment must be text of at most %d characters, none of them invisible", ErrInvalid, maxFileName)
	case UTF16Len(a.Type) > maxFileType || !utf8.ValidString(a.Type) || strings.IndexFunc(a.Type, text.Control) >= 0:
		return fmt.Errorf("%w: the type of an attachment must be text of at most %d characters, none of them invisible", ErrInvalid, maxFileType)
	case a.Size < 0 || a.Size > MaxSeq:
		return fmt.Errorf("%w: the size of an attachment must be a whole number of bytes below 2^53", ErrInvalid)
	}
	return nil
}

// validMeta reports whether meta is one JSON object, read strictly.
func validMeta(meta string) bool {
	if len(meta) > maxMeta || !strings.HasPrefix(meta, "{") {
		return false
	}
	r := strict.NewReader([]byte(meta))
	r.Skip()
	r.End()
	return r.Err() == nil
}

// validEmoji reports whether s is one character as a user sees it (a grapheme cluster, Unicode
// Standard Annex 29), and visible.
func validEmoji(s string) bool {
	return s != "" && len(s) <= maxEmoji && utf8.ValidString(s) && text.Trim(s) == s && !text.Control([]rune(s)[0]) && uniseg.GraphemeClusterCount(s) == 1
}
