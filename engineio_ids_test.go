package coup_test

import (
	"strings"
	"testing"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/internal/wstest"
)

// A request for an id on the other transport is a bad one.
func TestAnIDBelongsToItsTransport(t *testing.T) {
	_, url := kind{}.serve(t, coup.Options{})
	s := dialSocket(t, url, nil)
	open, err := s.read()
	if err != nil {
		t.Fatal(err)
	}
	sid := strings.Split(open, `"`)[3]
	for _, method := range []string{"GET", "POST"} {
		if status, _, body := request(t, method, url+"/socket.io/?EIO=4&transport=polling&sid="+sid, "", nil); status != 400 || !like(body, `{"code":3,*`) {
			t.Errorf("%s for a WebSocket's id = %d %s", method, status, body)
		}
	}
	second := wstest.Dial(t, url+"/socket.io/?EIO=4&transport=websocket&sid="+sid, nil)
	second.ExpectClose(1008)
	play(t, s, "> 40\n< 40{*}")
	p := dialPolling(t, url, nil)
	if status, _, body := request(t, "GET", url+"/socket.io/?EIO=4&transport=websocket&sid="+p.sid, "", nil); status != 400 || !like(body, `{"code":3,*`) {
		t.Errorf("a WebSocket that is none = %d %s", status, body)
	}
	if status, _, body := request(t, "DELETE", p.url, "", nil); status != 400 || !like(body, `{"code":2,*`) {
		t.Errorf("DELETE = %d %s", status, body)
	}
	play(t, p, opened+"> 40\n< 40{*}")
}
