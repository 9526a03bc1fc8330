package rest

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestParseRefusesWhatEncodingJSONRepairs(t *testing.T) {
	tests := []struct {
		name string
		body string
		ok   bool
	}{
		{"an object", `{"a":1}`, true},
		{"white space around everything", " \r\n\t{ \"a\" : [ 1 , { } , [ ] ] , \"b\" : null } \n", true},
		{"a pair of surrogates", `{"a":"\ud83d\ude00 \\ud800"}`, true},
		{"the same name in two objects", `{"a":{"b":1},"c":{"b":1}}`, true},
		{"names that differ in case", `{"a":1,"A":2}`, true},
		{"twenty levels", strings.Repeat(`{"a":`, 19) + `{}` + strings.Repeat(`}`, 19), true},
		{"a scalar at level 21", strings.Repeat(`{"a":`, 20) + `1` + strings.Repeat(`}`, 20), true},
		{"21 levels", strings.Repeat(`{"a":`, 20) + `{}` + strings.Repeat(`}`, 20), false},
		{"very deep arrays", `{"a":` + strings.Repeat(`[`, 9000) + strings.Repeat(`]`, 9000) + `}`, false},
		{"nothing", ``, false},
		{"white space only", ` `, false},
		{"an array", `[{}]`, false},
		{"null", `null`, false},
		{"two objects", `{}{}`, false},
		{"a trailing comma", `{"a":1,}`, false},
		{"a duplicate name", `{"a":1,"b":2,"a":3}`, false},
		{"a duplicate name, once escaped", `{"a":1,"\u0061":3}`, false},
		{"a duplicate name further down", `{"x":[{"a":1,"a":1}]}`, false},
		{"a high surrogate alone", `{"a":"\ud800"}`, false},
		{"a high surrogate before text", `{"a":"\ud800x"}`, false},
		{"a high surrogate before another escape", `{"a":"\ud800\n12345"}`, false},
		{"two high surrogates", `{"a":"\ud800\ud800"}`, false},
		{"a low surrogate alone", `{"a":"\udc00"}`, false},
		{"a lone surrogate in a name", `{"\udc00":1}`, false},
		{"invalid UTF-8", "{\"a\":\"\xff\"}", false},
		{"a byte order mark", "\ufeff{}", false},
		{"a raw control character", "{\"a\":\"\x01\"}", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := parse([]byte(tt.body)); (err == nil) != tt.ok {
				t.Errorf("parse(%.60q) = %v, want ok %v", tt.body, err, tt.ok)
			}
		})
	}
}

func TestParseTakesManyNamesInReasonableTime(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(`{"x":0`)
	for i := range 200_000 {
		b.WriteString(`,"` + strings.Repeat("k", i%3) + string(rune('a'+i%26)) + json.Number(string(appendInt(i))).String() + `":1`)
	}
	b.WriteString(`}`)
	if _, err := parse(b.Bytes()); err != nil {
		t.Errorf("parse of 200,000 names: %v", err)
	}
}

func appendInt(i int) []byte {
	b, _ := json.Marshal(i)
	return b
}

// tree returns what encoding/json reads into an any, with numbers as they are written.
func tree(v value) any {
	switch {
	case v.isObject():
		m := map[string]any{}
		for name, val := range v.fields() {
			m[string(name)] = tree(val)
		}
		return m
	case v.isArray():
		list := []any{}
		for item := range v.items() {
			list = append(list, tree(item))
		}
		return list
	case v.isString():
		s, _ := v.text()
		return s
	case v.isNull():
		return nil
	case v[0] == 't', v[0] == 'f':
		return v[0] == 't'
	}
	return json.Number(v)
}

// FuzzValue compares parse with encoding/json: what parse accepts means the same there,
// and can be written and read again without a change.
func FuzzValue(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":1}`, ` { "a" : [ 1 , -2.5e+3 , true , false , null , "x" , { } , [ ] ] } `,
		`{"a":"\ud83d\ude00\n\"\\\u0000"}`, `{"a":1,"\u0061":2}`, `{"a":"\ud800"}`, `{"a":{"b":{"c":[[]]}}}`,
		`{"messages":[{"studyId":"s1","userId":"u1","userName":"A","content":"안녕 👋","clientId":"c"}]}`,
		"{\"a\":\"\xff\"}", `{"a":"]}\"{["}`, `{"":""}`, `{"a":1}}`, "\xef\xbb\xbf{}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		v, err := parse(body)
		if err != nil {
			return
		}
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		var want any
		if err := d.Decode(&want); err != nil {
			t.Fatalf("parse(%q) passed, encoding/json: %v", body, err)
		}
		if got := tree(v); !reflect.DeepEqual(got, want) {
			t.Fatalf("parse(%q) = %v, want %v", body, got, want)
		}
		again, err := json.Marshal(want)
		if err != nil {
			t.Fatalf("Marshal(%v): %v", want, err)
		}
		if v, err = parse(again); err != nil {
			t.Fatalf("parse(%q), from %q: %v", again, body, err)
		}
		if got := tree(v); !reflect.DeepEqual(got, want) {
			t.Fatalf("parse(%q) = %v, want %v", again, got, want)
		}
	})
}
