package coup_test

import (
	"fmt"
	"testing"

	"github.com/coupchat/coup"
)

// What the other protocol says is the same in the same order.
func TestAllProtocolsSeeTheSame(t *testing.T) {
	_, url := kind{}.serve(t, coup.Options{Rate: -1})
	native := login(t, url, "u1")
	native.Join("s1")
	socket, polling := dialSocket(t, url, nil), dialPolling(t, url, nil)
	play(t, socket, entered("u2")+joined("s1"))
	play(t, polling, entered("u3")+joined("s1"))
	const each = 20
	for i := range each {
		socket.write(fmt.Sprintf(`42["send_message",{"studyId":"s1","content":"socket %d"}]`, i))
		native.Send("send_message", nil, data{"studyId": "s1", "content": fmt.Sprint("native ", i)})
		polling.write(fmt.Sprintf(`42["send_message",{"studyId":"s1","content":"polling %d"}]`, i))
	}
	for seq := 1; seq <= 3*each; seq++ {
		e := native.Expect("new_message")
		want := fmt.Sprintf(`42["new_message",{*"seq":%d,*"content":"%s",*},"s1:%d:*"]`, seq, e.String("content"), seq)
		play(t, socket, "< "+want)
		play(t, polling, "< "+want)
	}
}
