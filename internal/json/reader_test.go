package json_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/coupchat/coup/internal/json"
)

// tree reads the next value as encoding/json reads into an any, but numbers stay as
// they are written.
func tree(r *json.Reader) any {
	switch c := r.Next(); {
	case c == '{':
		fields := map[string]any{}
		r.Object(func(key []byte) {
			name := string(key)
			fields[name] = tree(r)
		})
		return fields
	case c == '[':
		items := []any{}
		r.Array(func() { items = append(items, tree(r)) })
		return items
	case c == '"':
		s, _ := r.String()
		return s
	case r.Null():
		return nil
	}
	switch raw := string(r.Raw()); raw {
	case "true", "false":
		return raw == "true"
	default:
		return number(raw)
	}
}

type number string

func read(in string) (any, error) {
	r := json.NewReader([]byte(in))
	v := tree(&r)
	r.End()
	return v, r.Err()
}

func TestReaderReadsEveryKindOfValue(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"an empty object", `{}`, `map[]`},
		{"an object", `{"a":1,"b":{"a":"x"}}`, `map[a:1 b:map[a:x]]`},
		{"an array", `[true,false,null,[],{}]`, `[true false <nil> [] map[]]`},
		{"white space everywhere", " \r\n\t{ \"a\" : [ 1 , { } , [ ] ] , \"b\" : null } \n", `map[a:[1 map[] []] b:<nil>]`},
		{"numbers", `[0,-0,12,-1.5e+3,0.25,1E-2]`, `[0 -0 12 -1.5e+3 0.25 1E-2]`},
		{"escapes", `"\u00e9\b\f\n\r\t\"\\\/"`, "é\b\f\n\r\t\"\\/"},
		{"a surrogate pair", `"\ud83d\ude00 \\ud800"`, `😀 \ud800`},
		{"raw emoji and Hangul", `"😀 한글"`, `😀 한글`},
		{"keys that differ in case", `{"a":1,"A":2}`, `map[A:2 a:1]`},
		{"an escaped key", `{"\u0061":1}`, `map[a:1]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := read(tt.in); err != nil || fmt.Sprint(got) != tt.want {
				t.Errorf("reading %s: %v, %v, want %s", tt.in, got, err, tt.want)
			}
		})
	}
}

func TestReaderFailsOnWhatIsNotJSON(t *testing.T) {
	for _, in := range []string{
		``, ` `, `{`, `[`, `"`, `{}x`, `{}{}`, `{"a":1,}`, `{"a" "x"}`, `{a:"x"}`, `{'a':'x'}`, `{"a":1 "b":2}`, `{"a":1]`, `{"a"`, `{"a":`, `{"a":}`, `{,}`,
		`01`, `1.`, `.5`, `+1`, `1e`, `-`, `NaN`, `tru`, `nul`, `falsey`, `"\x"`, `"\u12"`, `"\u12zz"`, `"\`, "\"a\nb\"", `"x`, "\"\\n\n\"", `"\n`,
		"\"\xff\"", "\"\\n\xff\"", "{\"\xff\":1}", `[1,]`, `[1 2]`, `[,]`, `[1}`, "{}\x00", "\ufeff{}",
	} {
		r := json.NewReader([]byte(in))
		v := tree(&r)
		r.End()
		if !r.Failed() || r.Err() == nil {
			t.Errorf("reading %.60q: %v, want a failure", in, v)
		}
	}
}

func TestReaderFlagsWhatOtherReadersRepair(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     error
	}{
		{"a duplicate key", `{"a":1,"b":2,"a":3}`, json.ErrDuplicate},
		{"a duplicate key, once escaped", `{"a":1,"\u0061":3}`, json.ErrDuplicate},
		{"a duplicate key further down", `{"x":[{"a":1,"a":1}]}`, json.ErrDuplicate},
		{"a duplicate key after many", `{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1,"m":1,"m":1}`, json.ErrDuplicate},
		{"a key twice in many, the first among the few", `{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1,"m":1,"a":1}`, json.ErrDuplicate},
		{"a lone high surrogate", `"\ud83d"`, json.ErrSurrogate},
		{"a high surrogate before text", `"\ud800x"`, json.ErrSurrogate},
		{"a high surrogate before another escape", `"\ud800\n12345"`, json.ErrSurrogate},
		{"two high surrogates", `"\ud800\ud800"`, json.ErrSurrogate},
		{"a lone low surrogate", `"\ude00\ud83d"`, json.ErrSurrogate},
		{"a lone surrogate in a key", `{"\udc00":1}`, json.ErrSurrogate},
		{"NUL", `"a\u0000b"`, json.ErrNUL},
		{"two faults", `{"a":"\ud800","a":"\u0000"}`, json.ErrSurrogate},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := `{"x":` + tt.in + `,"after":"read"}`
			r := json.NewReader([]byte(in))
			v, _ := tree(&r).(map[string]any)
			r.End()
			if r.Failed() || !errors.Is(r.Err(), tt.want) {
				t.Errorf("reading %s: %v, want %v", in, r.Err(), tt.want)
			}
			if v["after"] != "read" {
				t.Errorf("reading %s: %v, want the fields after the fault too", in, v)
			}
		})
	}
}

func TestReaderAllowsNULWhereAsked(t *testing.T) {
	r := json.NewReader([]byte(`"a\u0000b"`))
	r.AllowNUL = true
	if s, ok := r.String(); s != "a\x00b" || !ok || r.Err() != nil {
		t.Errorf("String() = %q, %v, %v", s, ok, r.Err())
	}
}

func TestReaderCountsObjectsAndArraysInOneAnother(t *testing.T) {
	nested := func(n int, inner string) string {
		return strings.Repeat(`{"a":`, n) + inner + strings.Repeat(`}`, n)
	}
	for _, tt := range []struct {
		name, in string
		ok       bool
	}{
		{"as many as may be", nested(json.MaxDepth-1, `{}`), true},
		{"as many with a value", nested(json.MaxDepth, `1`), true},
		{"one more", nested(json.MaxDepth, `{}`), false},
		{"one more, the last an array", nested(json.MaxDepth, `[]`), false},
		{"as many, again and again", `[` + strings.Repeat(nested(json.MaxDepth-1, `1`)+`,`, 30) + `1]`, true},
		{"very many", strings.Repeat(`[`, 100_000), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, skip := range []bool{false, true} {
				r := json.NewReader([]byte(tt.in))
				if skip {
					r.Skip()
				} else {
					tree(&r)
				}
				if r.End(); tt.ok != (r.Err() == nil) || !tt.ok && !errors.Is(r.Err(), json.ErrDepth) {
					t.Errorf("reading %.60s, skip %v: %v", tt.in, skip, r.Err())
				}
			}
		})
	}
}

func TestReaderSkipsAValueOfAnotherKind(t *testing.T) {
	for _, in := range []string{`{"b":[1]}`, `[{"a":1}]`, `"x"`, `-1`, `null`, `true`} {
		r := json.NewReader([]byte(`[` + in + `,` + in + `,` + in + `,"last"]`))
		last, n := "", 0
		r.Array(func() {
			switch n++; n {
			case 1:
				if isObject := r.Object(func([]byte) { r.Skip() }); isObject != (in[0] == '{') {
					t.Errorf("Object of %s = %v", in, isObject)
				}
			case 2:
				if isArray := r.Array(r.Skip); isArray != (in[0] == '[') {
					t.Errorf("Array of %s = %v", in, isArray)
				}
			case 3:
				if _, isString := r.Text(); isString != (in[0] == '"') {
					t.Errorf("Text of %s = %v", in, isString)
				}
			default:
				last, _ = r.String()
			}
		})
		if r.End(); last != "last" || r.Err() != nil {
			t.Errorf("after %s came %q, %v", in, last, r.Err())
		}
	}
}

func TestReaderTakesManyKeysInReasonableTime(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"x":0`)
	for i := range 200_000 {
		fmt.Fprintf(&b, `,"%s%d":1`, strings.Repeat("k", i%3), i)
	}
	b.WriteString(`}`)
	r := json.NewReader([]byte(b.String()))
	if r.Skip(); r.Err() != nil {
		t.Errorf("reading 200,000 keys: %v", r.Err())
	}
}

func TestReaderFlagsTheFirstFaultOfItsCaller(t *testing.T) {
	first, second := errors.New("first"), errors.New("second")
	r := json.NewReader([]byte(`[1`))
	r.Flag(first)
	r.Flag(second)
	if r.Err() != first {
		t.Errorf("Err() = %v, want the first flag", r.Err())
	}
	if r.Skip(); r.Err() == first || !r.Failed() {
		t.Errorf("Err() = %v, want that the input is not JSON", r.Err())
	}
	if raw := r.Raw(); len(raw) > 0 {
		t.Errorf("Raw() = %q after a failure", raw)
	}
}
