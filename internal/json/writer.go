package json

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// An Object is a JSON object while it is written at the end of a buffer: open it
// with Begin, add its fields, then End it. Names are written as they are and must
// need no escape.
type Object struct {
	b     []byte
	empty bool
}

// Begin opens an object after the bytes of b.
func Begin(b []byte) Object { return Object{append(b, '{'), true} }

// End closes the object and returns the whole buffer.
func (o *Object) End() []byte { return append(o.b, '}') }

func (o *Object) name(name string) {
	if !o.empty {
		o.b = append(o.b, ',')
	}
	o.empty = false
	o.b = append(append(append(o.b, '"'), name...), '"', ':')
}

// String adds a field.
func (o *Object) String(name, value string) {
	o.name(name)
	o.b = AppendString(o.b, value)
}

// Optional adds a field unless value is empty.
func (o *Object) Optional(name, value string) {
	if value != "" {
		o.String(name, value)
	}
}

// Int adds a field.
func (o *Object) Int(name string, value int64) {
	o.name(name)
	o.b = strconv.AppendInt(o.b, value, 10)
}

// TimeFormat is how all protocols of coup write a time, in UTC: RFC 3339 with milliseconds.
const TimeFormat = "2006-01-02T15:04:05.000Z07:00"

// Time adds a field.
func (o *Object) Time(name string, value time.Time) {
	o.name(name)
	o.b = append(value.UTC().AppendFormat(append(o.b, '"'), TimeFormat), '"')
}

// True adds a field that is true.
func (o *Object) True(name string) {
	o.name(name)
	o.b = append(o.b, "true"...)
}

// False adds a field that is false.
func (o *Object) False(name string) {
	o.name(name)
	o.b = append(o.b, "false"...)
}

// Raw adds a field whose value is JSON already.
func (o *Object) Raw(name string, value []byte) {
	o.name(name)
	o.b = append(o.b, value...)
}

// Strings adds a field that is an array of strings.
func (o *Object) Strings(name string, values []string) {
	o.name(name)
	o.b = append(o.b, '[')
	for i, v := range values {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = AppendString(o.b, v)
	}
	o.b = append(o.b, ']')
}

// Object adds a field that is an object, whose fields write adds.
func (o *Object) Object(name string, write func(*Object)) {
	o.name(name)
	inner := Begin(o.b)
	write(&inner)
	o.b = inner.End()
}

// AppendString writes s as a JSON string at the end of b. It escapes what RFC 8259
// section 7 demands and nothing else; a byte that is not UTF-8 becomes U+FFFD.
func AppendString(b []byte, s string) []byte {
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
