package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	strict "github.com/coupchat/coup/internal/json"
	"github.com/coupchat/coup/store"
)

// appendEntry writes e as an answer: the fields of its kind, without a generated client id.
func appendEntry(b []byte, e store.Entry) []byte { return writeEntry(b, e, "") }

// writeEntry writes e, and more fields at its end.
func writeEntry(b []byte, e store.Entry, more string) []byte {
	text := marshal(e)
	if e.Kind == store.KindMessage {
		b = append(b, `{"kind":"message",`...)
		text = text[1:]
	}
	return closeEntry(append(b, text...), e, more)
}

// marshal returns e in JSON.
func marshal(e store.Entry) []byte {
	text, err := json.Marshal(e)
	if err != nil { // Meta is no JSON, which Clean refuses
		e.Meta = ""
		text, _ = json.Marshal(e)
	}
	return text
}

// closeEntry writes again the end of the object that b ends with, after more fields.
func closeEntry(b []byte, e store.Entry, more string) []byte {
	b = b[:len(b)-1]
	if e.Repeated {
		b = append(b, `,"repeated":true`...)
	}
	return append(append(b, more...), '}')
}

// appendSent writes e as a request, also with a generated client id.
func appendSent(b []byte, e store.Entry) []byte {
	more := ""
	if store.Generated(e.ClientID) {
		more = string(strict.AppendString([]byte(`,"clientId":`), e.ClientID))
	}
	if e.Any {
		more += `,"any":true`
	}
	e.Repeated = false
	return writeEntry(b, e, more)
}

// readMore reads a field of e that a message with nothing but text does not have. known says
// whether there is such a field, and ok whether its value makes sense.
func readMore(e *store.Entry, name string, v value) (known, ok bool) {
	if v.isNull() {
		return true, true
	}
	ok = true
	switch name {
	case "kind":
		ok = v.isString() && e.Kind.UnmarshalText(v.unquoted()) == nil
	case "on":
		e.On, ok = v.boolean()
	case "messageSeq":
		e.MessageSeq, ok = v.integer()
	case "replyTo":
		e.ReplyTo, ok = v.integer()
	case "mentions":
		ok = v.isArray()
		for item := range v.items() {
			user, isText := item.text()
			e.Mentions = append(e.Mentions, store.UserID(user))
			ok = ok && isText
		}
	case "attachments":
		ok = v.isArray()
		for item := range v.items() {
			a, isFile := readAttachment(item)
			e.Attachments = append(e.Attachments, a)
			ok = ok && isFile
		}
	case "meta":
		e.Meta, ok = string(v), v.isObject()
	case "editedAt":
		e.EditedAt, ok = readTime(v)
	case "deletedAt":
		e.DeletedAt, ok = readTime(v)
	case "reactions":
		ok = json.Unmarshal(v, &e.Reactions) == nil
	case "emoji":
		e.Emoji, ok = v.text()
	case "count":
		var n int64
		n, ok = v.integer()
		e.Count = int(n)
	case "from":
		e.From, ok = v.integer()
	case "to":
		e.To, ok = v.integer()
	default:
		return false, true
	}
	return true, ok
}

func readAttachment(v value) (a store.Attachment, ok bool) {
	ok = v.isObject()
	for name, val := range v.fields() {
		if val.isNull() {
			continue
		}
		good := true
		switch string(name) {
		case "url":
			a.URL, good = val.text()
		case "name":
			a.Name, good = val.text()
		case "type":
			a.Type, good = val.text()
		case "size":
			a.Size, good = val.integer()
		}
		ok = ok && good
	}
	return a, ok
}

func readTime(v value) (time.Time, bool) {
	text, ok := v.text()
	at, err := time.Parse(time.RFC3339, text)
	return at.UTC(), ok && err == nil
}

// A refusal is a reason why an entry was not stored.
type refusal struct {
	code string
	err  error
}

// The codes of an entry that was not stored, and what they mean.
var refusals = []refusal{
	{"not_found", store.ErrNotFound},
	{codeForbidden, store.ErrForbidden},
	{"taken", store.ErrTaken},
	{"reactions", store.ErrReactions},
	{"unsupported", errors.ErrUnsupported},
	{codeBadRequest, store.ErrInvalid},
}

// appendRefusal writes what stands in the place of an entry that was not stored.
func appendRefusal(b []byte, err error) []byte {
	at := slices.IndexFunc(refusals, func(r refusal) bool { return errors.Is(err, r.err) })
	if at < 0 { // a store may have reasons of its own
		at = len(refusals) - 1
	}
	return fmt.Appendf(b, `{"code":%q,"message":%q}`, refusals[at].code, refusals[at].err)
}

// readRefusal returns the error for what appendRefusal has written, nil for an entry.
func readRefusal(v value) error {
	code, ok := v.field("code").text()
	if !ok {
		return nil
	}
	for _, r := range refusals {
		if r.code == code {
			return r.err
		}
	}
	return fmt.Errorf("%w: %s", store.ErrInvalid, code)
}
