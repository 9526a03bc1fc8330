package rest

import (
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/coupchat/coup/store"
)

// appendMessage writes m as an answer: the fields of new_message, and repeated
// where it holds. A generated client id is left out.
func appendMessage(b []byte, m store.Message) []byte {
	b = append(b, `{"id":`...)
	b = appendString(b, m.ID)
	b = append(b, `,"studyId":`...)
	b = appendString(b, string(m.StudyID))
	b = append(b, `,"seq":`...)
	b = strconv.AppendInt(b, m.Seq, 10)
	b = append(b, `,"userId":`...)
	b = appendString(b, string(m.UserID))
	b = append(b, `,"userName":`...)
	b = appendString(b, m.UserName)
	b = append(b, `,"content":`...)
	b = appendString(b, m.Content)
	b = append(b, `,"sentAt":`...)
	b = appendString(b, store.FormatTime(m.SentAt))
	if m.ClientID != "" && !store.Generated(m.ClientID) {
		b = append(b, `,"clientId":`...)
		b = appendString(b, m.ClientID)
	}
	if m.Repeated {
		b = append(b, `,"repeated":true`...)
	}
	return append(b, '}')
}

// appendMessages writes msgs as an answer.
func appendMessages(b []byte, msgs []store.Message) []byte {
	b = append(b, `{"messages":[`...)
	for i, m := range msgs {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendMessage(b, m)
	}
	return append(b, "]}"...)
}

// appendPost writes m as a request. Its client id goes in full, a generated one
// too: without it a retry would store the message twice.
func appendPost(b []byte, m store.Message) []byte {
	b = append(b, `{"studyId":`...)
	b = appendString(b, string(m.StudyID))
	b = append(b, `,"userId":`...)
	b = appendString(b, string(m.UserID))
	b = append(b, `,"userName":`...)
	b = appendString(b, m.UserName)
	b = append(b, `,"content":`...)
	b = appendString(b, m.Content)
	if m.ClientID != "" {
		b = append(b, `,"clientId":`...)
		b = appendString(b, m.ClientID)
	}
	return append(b, '}')
}

// sizeOf guesses what msgs take in JSON, so that a buffer grows once.
func sizeOf(msgs []store.Message) int {
	n := 32
	for _, m := range msgs {
		n += 160 + len(m.ID) + len(m.StudyID) + len(m.UserID) + len(m.UserName) + len(m.Content) + len(m.ClientID)
	}
	return n
}

const hexDigits = "0123456789abcdef"

// appendString writes s as a JSON string. Only what must be escaped is; invalid
// UTF-8 becomes U+FFFD, as encoding/json does it.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(append(b, s[start:i]...), `\ufffd`...)
				start = i + 1
			}
			i += size
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, `\n`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			b = append(b, `\u00`...)
			b = append(b, hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}

// readMessage reads what appendMessage wrote. like is a message it may share
// its texts with, so that what merely came back is not kept twice.
func readMessage(v value, like store.Message) (store.Message, error) {
	m := store.Message{}
	if !v.isObject() {
		return m, fmt.Errorf("a message is not an object")
	}
	var sentAt string
	for name, val := range v.fields() {
		ok := true
		switch string(name.unquoted()) {
		case "id":
			m.ID, ok = val.text()
		case "studyId":
			m.StudyID, ok = readText(val, like.StudyID)
		case "seq":
			m.Seq, ok = val.integer()
		case "userId":
			m.UserID, ok = readText(val, like.UserID)
		case "userName":
			m.UserName, ok = readText(val, like.UserName)
		case "content":
			m.Content, ok = readText(val, like.Content)
		case "sentAt":
			sentAt, ok = val.text()
		case "clientId":
			if !val.isNull() {
				m.ClientID, ok = readText(val, like.ClientID)
			}
		case "repeated":
			m.Repeated = string(val) == "true"
		}
		if !ok {
			return m, fmt.Errorf("a message has a bad %s", name)
		}
	}
	at, err := time.Parse(time.RFC3339, sentAt)
	if err != nil {
		return m, fmt.Errorf("a message has a bad sentAt")
	}
	m.SentAt = at.UTC()
	if m.ID == "" || m.Seq < 1 || !store.ValidID(m.StudyID) || !store.ValidID(m.UserID) {
		return m, fmt.Errorf("a message lacks its id, seq, studyId or userId")
	}
	return m, nil
}

func readText[T ~string](v value, like T) (T, bool) {
	if !v.isString() {
		return "", false
	}
	if b := v.unquoted(); string(b) != string(like) {
		return T(b), true
	}
	return like, true
}
