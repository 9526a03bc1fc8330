package json_test

import (
	"bytes"
	stdjson "encoding/json"
	"reflect"
	"testing"

	"github.com/coupchat/coup/internal/json"
)

// FuzzReader holds a Reader against encoding/json: what it accepts means the same
// to encoding/json, and passes again when that writes it. Skip accepts the same as
// reading everything.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":1}`, ` { "a" : [ 1 , -2.5e+3 , true , false , null , "x" , { } , [ ] ] } `,
		`{"a":"\ud83d\ude00\n\"\\\u0000"}`, `{"a":1,"\u0061":2}`, `{"a":"\ud800"}`, `{"a":{"b":{"c":[[]]}}}`,
		`{"messages":[{"studyId":"s1","userId":"u1","userName":"A","content":"안녕 👋","clientId":"c"}]}`,
		"{\"a\":\"\xff\"}", `{"a":"]}\"{["}`, `{"":""}`, `{"a":1}}`, "\xef\xbb\xbf{}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		pass := func(in []byte) (any, error) {
			r := json.NewReader(in)
			r.AllowNUL = true
			v := tree(&r)
			r.End()
			return v, r.Err()
		}
		got, err := pass(in)
		skipper := json.NewReader(in)
		skipper.AllowNUL = true
		skipper.Skip()
		if skipper.End(); (skipper.Err() == nil) != (err == nil) {
			t.Fatalf("skipping %q: %v, reading it: %v", in, skipper.Err(), err)
		}
		if err != nil {
			return
		}
		d := stdjson.NewDecoder(bytes.NewReader(in))
		d.UseNumber()
		var want any
		if err := d.Decode(&want); err != nil {
			t.Fatalf("%q passed, encoding/json: %v", in, err)
		}
		if want = ours(want); !reflect.DeepEqual(got, want) {
			t.Fatalf("reading %q: %v, want %v", in, got, want)
		}
		again, err := stdjson.Marshal(theirs(want))
		if err != nil {
			t.Fatalf("Marshal(%v): %v", want, err)
		}
		if got, err = pass(again); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("reading %q, written from %q: %v, %v", again, in, got, err)
		}
	})
}

// ours makes numbers of this test from those of encoding/json, and theirs the other
// way round.
func ours(v any) any { return renumber(v, func(n any) any { return number(n.(stdjson.Number)) }) }
func theirs(v any) any {
	return renumber(v, func(n any) any { return stdjson.Number(n.(number)) })
}

func renumber(v any, to func(any) any) any {
	switch v := v.(type) {
	case map[string]any:
		m := map[string]any{}
		for k, item := range v {
			m[k] = renumber(item, to)
		}
		return m
	case []any:
		list := []any{}
		for _, item := range v {
			list = append(list, renumber(item, to))
		}
		return list
	case number, stdjson.Number:
		return to(v)
	}
	return v
}
