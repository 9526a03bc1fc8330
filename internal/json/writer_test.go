package json_test

import (
	stdjson "encoding/json"
	"testing"

	"github.com/coupchat/coup/internal/json"
)

func TestObjectReadsBack(t *testing.T) {
	o := json.Begin([]byte("before"))
	o.String("content", "text")
	o.Optional("absent", "")
	o.Optional("link", "/a")
	o.Int("seq", -42)
	o.True("truncated")
	if got, want := string(o.End()), `before{"content":"text","link":"/a","seq":-42,"truncated":true}`; got != want {
		t.Errorf("End() = %s, want %s", got, want)
	}
	o = json.Begin(nil)
	if got := string(o.End()); got != "{}" {
		t.Errorf("End() of an empty object = %s", got)
	}
}

func TestAppendStringEscapesWhatItMust(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"nothing", "", `""`},
		{"plain text", "</script> 한글 😀 \u2028 e\u0301 \x7f", "\"</script> 한글 😀 \u2028 e\u0301 \x7f\""},
		{"quotes and backslashes", `q" b\`, `"q\" b\\"`},
		{"control characters", "n\n r\r t\t \x01\x1f\x00", `"n\n r\r t\t \u0001\u001f\u0000"`},
		{"bytes that are not UTF-8", "a\xffb\xed\xa0\x80", "\"a\uFFFDb\uFFFD\uFFFD\uFFFD\""},
		{"U+FFFD itself", "\uFFFD", "\"\uFFFD\""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := string(json.AppendString([]byte("before"), tt.in))
			if got != "before"+tt.want {
				t.Errorf("AppendString(%q) = %s, want %s", tt.in, got, tt.want)
			}
			var back string
			if err := stdjson.Unmarshal([]byte(tt.want), &back); err != nil {
				t.Errorf("%s: %v", tt.want, err)
			}
		})
	}
}
