package storetest

import (
	"strings"
	"testing"

	"github.com/coupchat/coup/store"
)

// texting are tests of texts, which a backend keeps as they are.
var texting = []test{
	{"keeps every text byte for byte", func(t *testing.T, s store.Store) {
		for _, text := range texts {
			m := said("a", text)
			if store.ValidUserName(text) {
				m.UserName = text
			}
			out := mustAppend(t, s, m)[0]
			if out.Content != text {
				t.Errorf("Append(%+q) = %+q", text, out.Content)
			}
			checkSame(t, mustHistory(t, s, store.Query{StudyID: "a", Limit: 1, Newest: true})[0], out)
		}
		out := mustAppend(t, s, said("b", texts[0]), said("b", texts[1]))
		if out[0].Content != texts[0] || out[1].Content != texts[1] {
			t.Errorf("a batch of texts came back as %+q and %+q", out[0].Content, out[1].Content)
		}
	}},
	{"keeps the name that the author had at that time, byte for byte", func(t *testing.T, s store.Store) {
		var sent []store.Message
		for _, name := range names {
			m := said("a", "hello")
			m.UserName = name
			sent = append(sent, m)
		}
		half := len(sent) / 2
		var stored []store.Message
		for _, m := range sent[:half] {
			stored = append(stored, mustAppend(t, s, m)...)
		}
		stored = append(stored, mustAppend(t, s, sent[half:]...)...)
		kept := all(t, s, "a")
		checkSeqs(t, kept, span(1, int64(len(names))))
		for i, m := range kept[:min(len(kept), len(names))] {
			checkSame(t, m, stored[i])
		}
		for i, m := range mustAppend(t, s, sent...) {
			checkSame(t, m, stored[i])
		}
	}},
	{"keeps client ids of every kind", func(t *testing.T, s store.Store) {
		for _, id := range append(clientIDs, store.NewClientID()) {
			m := said("a", "hello")
			m.ClientID = id
			got := mustAppend(t, s, m)[0]
			if got.Repeated {
				t.Fatalf("client id %+q counts as another one, that of seq %d", id, got.Seq)
			}
			// History may leave out generated ones.
			checkSame(t, mustHistory(t, s, store.Query{StudyID: "a", Limit: 1, Newest: true})[0].Public(), got.Public())
			if got := mustAppend(t, s, m)[0]; !got.Repeated {
				t.Fatalf("client id %+q is forgotten", id)
			}
		}
	}},
}

var texts = []string{
	"안녕하세요, 스터디원 여러분",
	"👩‍👩‍👧‍👦 🏳️‍🌈 🇰🇷 👍🏽",
	"e\u0301 \u1112\u1161\u11ab a\u0308\u0323",
	`'; DROP TABLE coup_messages; -- "x" \ \\ \n \u0041 E'\''`,
	"? ?? $1 $2 :name @p %s %d %% {} {\"a\",NULL} NULL",
	"tab\tnewline\ncarriage\r\nbell\a esc\x1b unit\x1f del\x7f",
	"\u202eright to left\u202c \u200b\ufeff\u2028\u2029 \ufffd \uffff \U0010ffff",
	strings.Repeat("가", 2000),
	strings.Repeat("😀", 1000),
	"<script>alert(1)</script> &amp; ]]>",
}

// names are names of one user, one after the other.
var names = []string{
	"Mina", " Mina", "Mina ", "Mina  Kim", "Mina\u00a0Kim", "Mina\u3000Kim", "mina", "Mina Kim", "",
	"e\u0301", "\u00e9", "김민아", "Mina",
	strings.Repeat("가", store.MaxUserName), strings.Repeat("😀", store.MaxUserName/2),
	strings.Repeat("x", store.MaxUserName-1) + " ",
}

// clientIDs are all different. Some are equal in their first 64 bytes, others without case
// or accents.
var clientIDs = []string{
	"1", "01", "한", `'"\`, "{,}", "NULL", " a ", "a", "a ", "A", "b", "B", "\u00e9", "\u00c9", "e\u0301", "e", "ß", "ss", "ａ",
	strings.Repeat("x", store.MaxClientID-1), strings.Repeat("x", store.MaxClientID-1) + "1", strings.Repeat("x", store.MaxClientID-1) + "2",
	strings.Repeat("가", store.MaxClientID-1), strings.Repeat("가", store.MaxClientID-1) + "1", strings.Repeat("가", store.MaxClientID-1) + "2",
	strings.Repeat("😀", store.MaxClientID/2-1) + "1", strings.Repeat("😀", store.MaxClientID/2-1) + "2",
}
