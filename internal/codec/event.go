package codec

import (
	"strconv"
	"unicode/utf8"
)

// An Event is an event of the server while it is being written: open it with
// Begin, add the fields of its data, and End it.
type Event struct {
	b     []byte
	first bool
}

// Begin starts an event after the bytes of b. id is the request it answers, if
// hasID.
func Begin(b []byte, name, id string, hasID bool) Event {
	b = append(append(append(b, `{"event":"`...), name...), '"')
	if hasID {
		b = appendString(append(b, `,"id":`...), id)
	}
	return Event{append(b, `,"data":{`...), true}
}

// End closes the event and returns all bytes.
func (e *Event) End() []byte { return append(e.b, '}', '}') }

func (e *Event) key(name string) {
	if !e.first {
		e.b = append(e.b, ',')
	}
	e.first = false
	e.b = append(append(append(e.b, '"'), name...), '"', ':')
}

// String adds a field.
func (e *Event) String(name, value string) {
	e.key(name)
	e.b = appendString(e.b, value)
}

// Optional adds a field unless it is empty.
func (e *Event) Optional(name, value string) {
	if value != "" {
		e.String(name, value)
	}
}

// Int adds a field.
func (e *Event) Int(name string, value int64) {
	e.key(name)
	e.b = strconv.AppendInt(e.b, value, 10)
}

// True adds a field that is true.
func (e *Event) True(name string) {
	e.key(name)
	e.b = append(e.b, "true"...)
}

// appendString writes s as a JSON string. It escapes what RFC 8259 section 7
// demands and nothing else; what is not UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
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
			if r != utf8.RuneError || size != 1 {
				i += size
				continue
			}
			b = append(append(b, s[start:i]...), "\uFFFD"...)
			i++
			start = i
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
		}
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}
