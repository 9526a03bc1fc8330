package coup_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// play plays a conversation, one line after the other:
//
//	> packet    the client sends it
//	< pattern   the server sends this; * stands for any text
//	end         the server ends the transport
//	close       the client does
func play(t *testing.T, p packets, script string) {
	t.Helper()
	for line := range strings.Lines(script) {
		line = strings.TrimSpace(line)
		switch kind, text, _ := strings.Cut(line, " "); kind {
		case "":
		case ">":
			p.write(text)
		case "<":
			got, err := p.read()
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			if !like(got, text) {
				t.Fatalf("got  %s\nwant %s", got, text)
			}
		case "end":
			if got, err := p.read(); err == nil {
				t.Fatalf("got %s, want the end", got)
			}
		case "close":
			p.close()
		default:
			t.Fatalf("no such line: %s", line)
		}
	}
}

// like reports whether text is as pattern says, where * stands for any text.
func like(text, pattern string) bool {
	parts := strings.Split(pattern, "*")
	for i, part := range parts {
		parts[i] = regexp.QuoteMeta(part)
	}
	return regexp.MustCompile("^" + strings.Join(parts, ".*") + "$").MatchString(text)
}

// opened is how each conversation begins.
const opened = `< 0{"sid":"*","upgrades":[*],"pingInterval":25000,"pingTimeout":10000,"maxPayload":65536}
`

// entered is how a conversation of a user begins who authenticates with CONNECT.
func entered(user string) string {
	return opened + fmt.Sprintf("> 40{\"token\":%q}\n< 40{\"sid\":\"*\",\"pid\":\"*\"}\n< 42[\"auth_success\",{\"userId\":\"%s\",*}]\n", user, strings.Split(user, ":")[0])
}

// joined is how a conversation goes on with a join of an empty study that is the only one.
func joined(study string) string {
	return fmt.Sprintf(`> 421["join_room",{"studyId":%q}]
< 42["cursor","%s:0:"]
< 431[{"ok":true,"studyId":"%s","seq":0}]
`, study, study, study)
}

// payload joins packets.
func payload(packets ...string) string { return strings.Join(packets, "\x1e") }

// send makes a POST, with or without a Content-Length.
func send(t *testing.T, url, body string, header http.Header, chunked bool) (status int, _ http.Header, _ string) {
	t.Helper()
	var r io.Reader = strings.NewReader(body)
	if chunked {
		r = io.MultiReader(r) // of unknown length
	}
	post, err := http.NewRequestWithContext(t.Context(), "POST", url, r)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		post.Header[name] = values
	}
	answer, err := patient.Do(post)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Error(err)
	}
	return answer.StatusCode, answer.Header, string(b)
}
