package native

import (
	"errors"
	"slices"

	"github.com/coupchat/coup/internal/json"
	"github.com/coupchat/coup/store"
)

// The texts of these errors are sent to the client.
var (
	errMessageSeq  = errors.New("messageSeq must be the seq of a message")
	errBefore      = errors.New("before must be a whole number from 1")
	errLimit       = errors.New("limit must be a whole number from 1")
	errReplyTo     = errors.New("replyTo must be the seq of a message")
	errOn          = errors.New("on must be true or false")
	errMentions    = errors.New("mentions must be an array of user ids")
	errAttachments = errors.New("attachments must be an array of objects with a url")
	errSize        = errors.New("the size of an attachment must be a whole number of bytes")
	errPresence    = errors.New("presence must be true or false")
	errReads       = errors.New("reads must be true or false")
	errDepth       = errors.New("data is nested deeper than 16 levels")
	errSeq         = errors.New("seq must be a whole number from 0")
	errMeta        = errors.New("meta must be an object")
)

// maxDepth is how deep the data of a signal may be nested.
const maxDepth = 16

// decodeEntry reads a field that belongs to entries, or skips it.
func (d *Data) decodeEntry(r *json.Reader, name string) {
	switch name {
	case "messageSeq":
		d.MessageSeq, d.HasMessageSeq = seqField(r, errMessageSeq)
	case "before":
		d.Before, d.HasBefore = seqField(r, errBefore)
	case "limit":
		d.Limit, d.HasLimit = seqField(r, errLimit)
	case "replyTo":
		d.ReplyTo, _ = seqField(r, errReplyTo)
	case "emoji":
		if v, ok := stringField(r, "emoji"); ok {
			d.Emoji = v
			d.given |= emoji
		}
	case "on":
		d.On, d.HasOn = boolField(r, errOn)
	case "presence":
		d.Presence, _ = boolField(r, errPresence)
	case "reads":
		d.Reads, _ = boolField(r, errReads)
	case "seq":
		d.Seq, d.HasSeq = seqField(r, errSeq)
	case "to":
		d.To, _ = stringField(r, "to")
	case "kind":
		d.SignalKind, _ = stringField(r, "kind")
	case "data":
		raw := r.Raw()
		if json.Depth(raw) > maxDepth {
			r.Flag(errDepth)
		}
		d.Signal = slices.Clone(raw)
	case "mentions":
		if !r.Array(func() {
			user, _ := stringField(r, "a mention")
			d.Mentions = append(d.Mentions, store.UserID(user))
		}) {
			r.Flag(errMentions)
		}
	case "attachments":
		if !r.Array(func() { d.Attachments = append(d.Attachments, attachment(r)) }) {
			r.Flag(errAttachments)
		}
	case "meta":
		if r.Next() != '{' {
			r.Flag(errMeta)
		}
		d.Meta = string(r.Raw())
	default:
		r.Skip()
	}
}

// boolField reads a value that must be true or false, or flags wrong.
func boolField(r *json.Reader, wrong error) (value, ok bool) {
	switch string(r.Raw()) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	r.Flag(wrong)
	return false, false
}

func attachment(r *json.Reader) (a store.Attachment) {
	if !r.Object(func(key []byte) {
		switch string(key) {
		case "url":
			a.URL, _ = stringField(r, "url")
		case "name":
			a.Name, _ = stringField(r, "name")
		case "type":
			a.Type, _ = stringField(r, "type")
		case "size":
			a.Size, _ = seqField(r, errSize)
		default:
			r.Skip()
		}
	}) {
		r.Flag(errAttachments)
	}
	return a
}
