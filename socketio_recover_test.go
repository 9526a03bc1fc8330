package coup_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/store"
)

// down is a store that can be made to fail.
type down struct {
	store.Store
	is atomic.Bool
}

func (d *down) Heads(ctx context.Context, studies []store.StudyID) (map[store.StudyID]int64, error) {
	if d.is.Load() {
		return nil, store.ErrUnavailable
	}
	return d.Store.Heads(ctx, studies)
}

// While the store is away a client that could be recovered is sent away, to come back.
func TestARecoveryWaitsForTheStore(t *testing.T) {
	eachTransport(t, func(t *testing.T, open func(t *testing.T, url string) packets) {
		d := &down{Store: store.NewMemory()}
		fill(t, d.Store, "s1", 3)
		s, url := kind{}.serve(t, coup.Options{Store: d})
		const back = `> 40{"token":"u1","pid":"p","offset":"s1:2:"}
			`
		d.is.Store(true)
		play(t, open(t, url), opened+back+"end")
		d.is.Store(false)
		play(t, open(t, url), opened+back+`< 40{"sid":"*","pid":"p"}
			< 42["auth_success",*
			< 42["new_message",{*"seq":3,*`)
		_ = s
	})
}

// One CONNECT joins as many rooms as it names.
func TestARecoveryCountsAsItsJoins(t *testing.T) {
	opts := coup.Options{Store: store.NewMemory()}
	var places []string
	for i := range 60 {
		places = append(places, fmt.Sprintf("r%d:0:", i))
	}
	_, url := kind{}.serve(t, opts)
	offset := strings.Join(places, ",")
	for i := range 5 {
		p := dialSocket(t, url, nil)
		play(t, p, opened+fmt.Sprintf("> 40{\"token\":\"u1\",\"pid\":\"p\",\"offset\":%q}\n", offset))
		first, err := p.read()
		if err != nil {
			t.Fatal(err)
		}
		if lost := first == `42["cursor",""]`; lost != (i >= 3) {
			t.Errorf("recovery %d begins with %s", i, first)
		}
		p.Close()
	}
}

// In all rooms together a client gets at most 2,000 entries back.
func TestARecoveryHasALimit(t *testing.T) {
	opts := coup.Options{Store: store.NewMemory()}
	var places []string
	for i := range 5 {
		fill(t, opts.Store, store.StudyID(fmt.Sprint("s", i)), 450)
		places = append(places, fmt.Sprintf("s%d:%d:", i, 0))
	}
	_, url := kind{}.serve(t, opts)
	for n, recovered := range map[int]bool{4: true, 5: false} {
		s := dialSocket(t, url, nil)
		play(t, s, opened+fmt.Sprintf("> 40{\"token\":\"u1\",\"pid\":\"p\",\"offset\":%q}\n", strings.Join(places[:n], ",")))
		if !recovered {
			play(t, s, `< 42["cursor",""]
				< 40{*}
				< 42["auth_success",*
				> 421["leave_room",{"studyId":"s0"}]
				< 431[{"ok":false,"error":{"code":"not_joined",*`)
			continue
		}
		play(t, s, "< 40{\"sid\":\"*\",\"pid\":\"p\"}\n< 42[\"auth_success\",*\n"+strings.Repeat("< 42[\"new_message\",*\n", n*450))
	}
}

// What is said between the join of a recovery and its replay comes after the replay.
func TestARecoveryOnAnotherHub(t *testing.T) {
	shared, between := store.NewMemory(), bus.NewMemory()
	_, one := kind{}.serve(t, coup.Options{Store: shared, Bus: between, Rate: -1})
	_, two := kind{}.serve(t, coup.Options{Store: shared, Bus: between, Rate: -1})
	writer := login(t, one, "u9")
	writer.Join("s1")
	p := dialSocket(t, one, nil)
	play(t, p, entered("u1")+joined("s1"))
	seen, cursor := 0, ""
	next := func(p packets) {
		got, err := p.read()
		if err != nil {
			t.Fatal(err)
		}
		if like(got, `42["new_message",{*`) {
			seen++
			if !like(got, fmt.Sprintf(`42["new_message",{*"seq":%d,*`, seen)) {
				t.Fatalf("message %d is %s", seen, got)
			}
			cursor = got[strings.LastIndex(got, `,"`)+2 : len(got)-2]
		}
	}
	for round := range 20 {
		url := []string{one, two}[round%2]
		for range 5 {
			say(writer, "s1", "text")
		}
		if cursor == "" {
			next(p)
		}
		p.Close()
		p = dialSocket(t, url, nil)
		play(t, p, opened+fmt.Sprintf("> 40{\"token\":\"u1\",\"pid\":\"p\",\"offset\":%q}\n< 40{\"sid\":\"*\",\"pid\":\"p\"}\n< 42[\"auth_success\",*\n", cursor))
		for seen < 5*(round+1)-round%3 { // sometimes not all is read before the next cut
			next(p)
		}
	}
}

// With ExcludeSender a client that comes back does not get its own messages either.
func TestOwnMessagesMoveTheCursorToo(t *testing.T) {
	opts := coup.Options{}
	opts.Hub.ExcludeSender = true
	_, url := kind{}.serve(t, opts)
	eachTransport(t, func(t *testing.T, open func(t *testing.T, url string) packets) {
		study := t.Name()[len(t.Name())-7:]
		play(t, open(t, url), entered("u1")+joined(study)+fmt.Sprintf(`> 422["send_message",{"studyId":%q,"content":"mine"}]
			< 432[{"ok":true,*"seq":1,*}]
			< 42["cursor","%s:1:*"]`, study, study))
	})
}
