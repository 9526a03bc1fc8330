package coup_test

import (
	"net/http"
	"testing"

	"github.com/coupchat/coup"
)

// A browser sends a request again, as it is, when the connection that it reused breaks before the
// answer comes.
func TestARequestThatComesAgainIsAnsweredAgain(t *testing.T) {
	_, url := kind{}.serve(t, coup.Options{})
	p := dialPolling(t, url, nil)
	play(t, p, entered("u1")+joined("s1"))
	c := login(t, url, "u2")
	c.Join("s1")
	reader := login(t, url, "u3")
	reader.Join("s1")
	marked := func(method, mark, body string) (int, string) {
		status, _, got := request(t, method, p.url+"&t="+mark, body, p.header)
		return status, got
	}
	say(c, "s1", "one")
	status, first := marked("GET", "a1", "")
	if status != http.StatusOK || !like(first, `42["new_message",{*"content":"one"*`) {
		t.Fatalf("GET = %d %s", status, first)
	}
	say(c, "s1", "two")
	if status, again := marked("GET", "a1", ""); status != http.StatusOK || again != first {
		t.Errorf("the same GET again = %d %s, want %s", status, again, first)
	}
	if status, got := marked("GET", "a2", ""); status != http.StatusOK || !like(got, `42["new_message",{*"content":"two"*`) {
		t.Errorf("the next GET = %d %s", status, got)
	}
	post := `42["send_message",{"studyId":"s1","content":"mine"}]`
	for _, mark := range []string{"b1", "b1", "b2"} {
		if status, got := marked("POST", mark, post); status != http.StatusOK || got != "ok" {
			t.Errorf("POST %s = %d %s", mark, status, got)
		}
	}
	say(c, "s1", "last")
	for _, want := range []string{"one", "two", "mine", "mine", "last"} {
		if got := reader.Expect("new_message").String("content"); got != want {
			t.Fatalf("the room got %q, want %q: a POST that came twice was handled twice", got, want)
		}
	}
}
