package rest

import (
	"fmt"
	"strconv"

	"github.com/coupchat/coup/internal/json"
	"github.com/coupchat/coup/store"
)

// appendMessage writes m as an answer: the fields of new_message without a generated
// client id, and repeated if it is set.
func appendMessage(b []byte, m *store.Message) []byte {
	if !m.Plain() {
		return closeEntry(append(b, marshal(*m)...), *m, "")
	}
	b = append(b, `{"id":`...)
	b = json.AppendString(b, m.ID)
	b = append(b, `,"studyId":`...)
	b = json.AppendString(b, string(m.StudyID))
	b = append(b, `,"seq":`...)
	b = strconv.AppendInt(b, m.Seq, 10)
	b = append(b, `,"userId":`...)
	b = json.AppendString(b, string(m.UserID))
	b = append(b, `,"userName":`...)
	b = json.AppendString(b, m.UserName)
	b = append(b, `,"content":`...)
	b = json.AppendString(b, m.Content)
	b = append(b, `,"sentAt":`...)
	b = json.AppendString(b, store.FormatTime(m.SentAt))
	if m.ClientID != "" && !store.Generated(m.ClientID) {
		b = append(b, `,"clientId":`...)
		b = json.AppendString(b, m.ClientID)
	}
	if m.Repeated {
		b = append(b, `,"repeated":true`...)
	}
	return append(b, '}')
}

// appendMessages writes msgs as an answer.
func appendMessages(b []byte, msgs []store.Message) []byte {
	return append(appendList(append(b, `{"messages":`...), msgs), '}')
}

// appendList writes msgs as an array.
func appendList(b []byte, msgs []store.Message) []byte {
	b = append(b, '[')
	for i := range msgs {
		if i > 0 {
			b = append(b, ',')
		}
		m := &msgs[i]
		if m.Err != nil {
			b = appendRefusal(b, m.Err)
			continue
		}
		b = appendMessage(b, m)
	}
	return append(b, ']')
}

// appendPost writes m as a request, also with a generated client id: without it, a retry
// would store the message twice.
func appendPost(b []byte, m *store.Message) []byte {
	b = append(b, `{"studyId":`...)
	b = json.AppendString(b, string(m.StudyID))
	b = append(b, `,"userId":`...)
	b = json.AppendString(b, string(m.UserID))
	b = append(b, `,"userName":`...)
	b = json.AppendString(b, m.UserName)
	b = append(b, `,"content":`...)
	b = json.AppendString(b, m.Content)
	if m.ClientID != "" {
		b = append(b, `,"clientId":`...)
		b = json.AppendString(b, m.ClientID)
	}
	return append(b, '}')
}

// sizeOf estimates the size of msgs in JSON, so that a buffer need not grow.
func sizeOf(msgs []store.Message) int {
	n := 32
	for i := range msgs {
		n += messageSize(&msgs[i])
	}
	return n
}

func messageSize(m *store.Message) int {
	return 160 + len(m.ID) + len(m.StudyID) + len(m.UserID) + len(m.UserName) + len(m.Content) + len(m.ClientID)
}

// readMessage reads what appendMessage has written. If a text is equal to that of like,
// the message shares it, so that memory holds it once.
func readMessage(v value, like *store.Message) (store.Message, error) {
	m, err := readEntry(v, like)
	if err == nil && (m.Kind != store.KindMessage || m.Seq < 1) {
		err = fmt.Errorf("a message lacks its id or seq")
	}
	return m, err
}

// readEntry reads an entry of any kind. One that changed nothing has no id and seq.
func readEntry(v value, like *store.Entry) (store.Entry, error) {
	m := store.Entry{}
	if !v.isObject() {
		return m, fmt.Errorf("an entry is not an object")
	}
	for name, val := range v.fields() {
		ok := true
		switch string(name) {
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
			if !val.isNull() {
				m.Content, ok = readText(val, like.Content)
			}
		case "sentAt":
			m.SentAt, ok = readTime(val)
		case "clientId":
			if !val.isNull() {
				m.ClientID, ok = readText(val, like.ClientID)
			}
		case "repeated":
			m.Repeated = string(val) == "true"
		default:
			_, ok = readMore(&m, string(name), val)
		}
		if !ok {
			return m, fmt.Errorf("an entry has a bad %q", name)
		}
	}
	if m.SentAt.IsZero() {
		return m, fmt.Errorf("an entry has no sentAt")
	}
	if m.Seq < 0 || (m.ID == "") != (m.Seq == 0) || !store.ValidID(m.StudyID) || !store.ValidID(m.UserID) {
		return m, fmt.Errorf("an entry lacks its id, seq, studyId or userId")
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
