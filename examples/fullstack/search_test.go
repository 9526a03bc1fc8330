package main

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/rest"
)

func TestMembersSearch(t *testing.T) {
	s := startAll(t, "-search", "-database", "sqlite:"+t.TempDir()+"/chat.db")
	ann, stranger := login(t, s, "ann"), login(t, s, "stranger")
	study := createStudy(t, s, ann, "Go")
	inside, err := rest.NewClient(s.internalURL(), rest.ClientOptions{Token: s.config.serviceTokens[0]})
	if err != nil {
		t.Fatal(err)
	}
	defer inside.Close()
	for _, text := range []string{"다음 스터디에서 만나요", "golang", "스터디 자료"} {
		m := store.Message{StudyID: store.StudyID(study), UserID: ann.UserID, Content: text, ClientID: store.NewClientID()}
		if _, err := inside.Append(t.Context(), []store.Message{m}); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(token, query string) string {
		var got struct {
			Messages []store.Message
			More     bool
		}
		code := call(t, s, "GET", "/api/studies/"+study+"/search?"+query, token, "", &got)
		answer := fmt.Sprint(code)
		for _, m := range got.Messages {
			answer += fmt.Sprint(" ", m.Seq)
		}
		if got.More {
			answer += " more"
		}
		return answer
	}
	word := "q=" + url.QueryEscape("스터디")
	eventually(t, "both messages are found", 20*time.Second, func() error {
		if got := ask(ann.Token, word); got != "200 3 1" {
			return fmt.Errorf("search = %s", got)
		}
		return nil
	})
	for query, want := range map[string]string{
		word + "&limit=1": "200 3 more", word + "&before=3": "200 1", "q=nothing": "200", "q=": "400", "": "400", word + "&limit=0": "400", word + "&before=x": "400",
	} {
		if got := ask(ann.Token, query); got != want {
			t.Errorf("%s = %s, want %s", query, got, want)
		}
	}
	if got := ask(stranger.Token, word); got != "403" {
		t.Errorf("a stranger gets %s", got)
	}
	off := startAll(t, "-open")
	if code := call(t, off, "GET", "/api/studies/s1/search?q=x", login(t, off, "ann").Token, "", nil); code != http.StatusNotImplemented {
		t.Errorf("search without -search = %d, want 501", code)
	}
}
