package coup_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/internal/wstest"
	"github.com/coupchat/coup/store"
)

// probe opens the WebSocket of an upgrade.
func (p *polling) probe(url string) *socket {
	p.t.Helper()
	return &socket{Client: wstest.Dial(p.t, url+"/socket.io/?EIO=4&transport=websocket&sid="+p.sid, nil), t: p.t}
}

// openProbe opens the WebSocket of an upgrade, as soon as the one before has ended.
func (p *polling) openProbe(url string) (ws *socket) {
	p.t.Helper()
	waitFor(p.t, "the probe before has ended", func() bool {
		ws = p.probe(url)
		ws.Write(wstest.Frame(0x89, nil))
		first, _, err := ws.ReadFrame(wstest.Timeout)
		return err == nil && first == 0x8a
	})
	return ws
}

func TestAnUpgrade(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		s, url := k.serve(t, coup.Options{})
		p := dialPolling(t, url, nil)
		play(t, p, entered("u1")+joined("s1"))
		c := login(t, url, "u2")
		c.Join("s1")
		got := waiting(t, s, p)
		ws := p.probe(url)
		play(t, ws, "> 2probe\n< 3probe")
		if a := receive(t, got); a.status != 200 || a.body != "6" {
			t.Errorf("the GET that waited was answered with %d %q", a.status, a.body)
		}
		// The client polls on until it has "3probe": each GET is answered soon.
		if status, body := p.do("GET", ""); status != 200 || body != "6" {
			t.Errorf("a GET during the probe = %d %q", status, body)
		}
		say(c, "s1", "during the probe")
		if status, body := p.do("GET", ""); status != 200 || !like(body, `42["new_message",{*"content":"during the probe"*`) {
			t.Errorf("a GET during the probe = %d %q", status, body)
		}
		say(c, "s1", "between")
		// Nothing comes over the WebSocket before "5", and then what waited.
		play(t, ws, `> 5
			< 42["new_message",{*"content":"between"*},"s1:2:*"]
			> 421["leave_room",{"studyId":"s1"}]
			< 42["cursor",""]
			< 431[{"ok":true,"studyId":"s1"}]`)
		for _, method := range []string{"GET", "POST"} {
			if status, body := p.do(method, ""); status != 400 || !like(body, `{"code":3,*`) {
				t.Errorf("%s after the upgrade = %d %q", method, status, body)
			}
		}
		second := p.probe(url)
		second.ExpectClose(1008)
		if n := s.Stats().Connections; n != 2 {
			t.Errorf("%d connections, want 2", n)
		}
		ws.Close()
		waitFor(t, "the session has ended", func() bool { return s.Stats().Connections == 1 })
	})
}

// What the client sends right behind "5" may come with it.
func TestAnUpgradeWithSomethingBehindIt(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		_, url := k.serve(t, coup.Options{})
		p := dialPolling(t, url, nil)
		play(t, p, opened)
		ws := p.probe(url)
		play(t, ws, "> 2probe\n< 3probe")
		packets := [][]byte{wstest.Frame(0x81, []byte("5")), wstest.Frame(0x81, []byte("40{\"token\":\"u1\"}")), wstest.Frame(0x81, []byte(`421["leave_room",{}]`))}
		var all []byte
		for _, f := range packets {
			all = append(all, f...)
		}
		ws.Write(all)
		play(t, ws, `< 40{*}
			< 42["auth_success",*
			< 431[{"ok":false,*`)
	})
}

// A client may send pings beside the probe (RFC 6455 section 5.5.2).
func TestPingsBesideAProbe(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		_, url := k.serve(t, coup.Options{})
		p := dialPolling(t, url, nil)
		play(t, p, opened)
		ws := p.probe(url)
		ws.Write(slices.Concat(wstest.Frame(0x89, []byte("a")), wstest.Frame(0x89, []byte("b")), wstest.Frame(0x81, []byte("2probe"))))
		play(t, ws, `< a
			< b
			< 3probe
			> 5
			> 40{"token":"u1"}
			< 40{*}`)
	})
}

// A probe that fails leaves the polling as it was, and eats no packets.
func TestAProbeThatFails(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		_, url := k.serve(t, coup.Options{})
		p := dialPolling(t, url, nil)
		play(t, p, opened)
		for _, tt := range []struct{ name, script string }{
			{"the WebSocket ends at once", "close"},
			{"it ends after the probe", "> 2probe\n< 3probe\nclose"},
			{"a wrong probe", "> 2\nend"},
			{"no probe", "> 5\nend"},
			{"two probes", "> 2probe\n< 3probe\n> 2probe\nend"},
			{"a packet before the upgrade", "> 2probe\n< 3probe\n> 40\nend"},
			{"a long packet", "> 2probe" + strings.Repeat("x", 100) + "\nend"},
		} {
			ws := p.openProbe(url)
			play(t, ws, tt.script)
			ws.Close()
			play(t, p.openProbe(url), "> 2probe\n< 3probe\nclose")
			waitFor(t, tt.name+": the probe has ended", func() bool {
				status, body := p.do("POST", "3")
				return status == 200 && body == "ok"
			})
		}
		play(t, p, fmt.Sprintf("> 40{\"token\":%q}\n< 40{*}\n< 42[\"auth_success\",*\n", "u1")+joined("s1"))
	})
}

// While a probe is under way there is no other one.
func TestTwoProbesAtOnce(t *testing.T) {
	_, url := kind{}.serve(t, coup.Options{})
	p := dialPolling(t, url, nil)
	play(t, p, opened)
	ws := p.probe(url)
	play(t, ws, "> 2probe\n< 3probe")
	p.probe(url).ExpectClose(1008)
	play(t, ws, "> 5\n> 40\n< 40{*}")
}

// An upgrade may come while the packets of the last POST are being handled: a replay goes on over
// the WebSocket, and what the client sends there waits for its turn.
func TestAnUpgradeInTheMiddleOfAReplay(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		l := &hollow{Store: store.NewMemory(), content: strings.Repeat("x", 6000), head: 300}
		_, url := k.serve(t, coup.Options{Store: l})
		p := dialPolling(t, url, nil)
		play(t, p, entered("u1"))
		ws := p.probe(url)
		play(t, ws, "> 2probe\n< 3probe")
		play(t, p, `> 421["join_room",{"studyId":"s1","after":0}]
			< 42["cursor","s1:0:"]
			< 431[{"ok":true,*`)
		for _, packet := range p.came {
			if !like(packet, `42["new_message",*`) {
				t.Fatalf("with the ack came %.100s", packet)
			}
		}
		ws.write("5")
		ws.write(`422["leave_room",{"studyId":"s1"}]`)
		for seq := len(p.came) + 1; seq <= 300; seq++ {
			if got, err := ws.read(); err != nil || !like(got, fmt.Sprintf(`42["new_message",{*"seq":%d,*`, seq)) {
				t.Fatalf("message %d: %.100s, %v", seq, got, err)
			}
		}
		play(t, ws, `< 42["cursor",""]
			< 432[{"ok":true,"studyId":"s1"}]
			> 423["leave_room",{}]
			< 433[{"ok":false,*`)
	})
}

// A POST that is not answered prevents it: the client has to wait for the answer.
func TestAnUpgradeBeforeThePOSTIsAnswered(t *testing.T) {
	members := &stuckMembers{begun: make(chan struct{}, 1), end: make(chan struct{})}
	_, url := kind{}.serve(t, coup.Options{Members: members})
	p := dialPolling(t, url, nil)
	play(t, p, entered("u1"))
	ws := p.probe(url)
	play(t, ws, "> 2probe\n< 3probe")
	posted := make(chan answer, 1)
	go func() {
		status, body := p.do("POST", `421["join_room",{"studyId":"s1"}]`)
		posted <- answer{status, body}
	}()
	<-members.begun
	play(t, ws, "> 5\nend")
	close(members.end)
	if a := receive(t, posted); a.status != 200 {
		t.Errorf("POST = %d %s", a.status, a.body)
	}
	play(t, p, `< 42["cursor","s1:0:"]
		< 431[{"ok":true,*`)
}

// stuckMembers let everybody in, but not before end is closed.
type stuckMembers struct{ begun, end chan struct{} }

func (m *stuckMembers) Member(context.Context, store.StudyID, store.UserID) (string, error) {
	m.begun <- struct{}{}
	<-m.end
	return "member", nil
}

func TestAnUpgradeTakesTenSecondsAtMost(t *testing.T) {
	t.Parallel() // it mostly waits
	_, url := kind{}.serve(t, coup.Options{})
	p := dialPolling(t, url, nil)
	play(t, p, entered("u1"))
	ws := p.probe(url)
	play(t, ws, "> 2probe\n< 3probe")
	begin := time.Now()
	if got, err := ws.read(); err == nil || time.Since(begin) < 9*time.Second {
		t.Errorf("after %s came %q, %v", time.Since(begin), got, err)
	}
	play(t, p, joined("s1"))
}
