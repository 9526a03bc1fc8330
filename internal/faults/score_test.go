package faults

import (
	"strings"
	"testing"
	"time"
)

func TestScorecardInventsNothing(t *testing.T) {
	s := NewScorecard()
	s.Add("a fault", Check(*story()))
	for _, r := range s.Summary().Rows[5:] {
		if !strings.Contains(r.Measured, notMeasured) {
			t.Errorf("row %s = %q with nothing measured", r.Row, r.Measured)
		}
	}
	s.Sample(LastMessageRead, time.Second, 2*time.Second)
	if got, want := s.Summary().Rows[5].Measured, "p99 2s, max 2s of 2"; got != want {
		t.Errorf("row 5 = %q, want %q", got, want)
	}
}

func TestLatencies(t *testing.T) {
	const ms = time.Millisecond
	ds := []Delivery{{Acked: 1, Received: 900 * ms}, {Acked: 600 * ms, Received: 1300 * ms}, {Acked: 1400 * ms, Received: 1410 * ms}}
	tests := []struct {
		name      string
		got, want time.Duration
	}{
		{"live again once nothing is late any more", LiveAgain(ds, 500*ms), 800 * ms},
		{"caught up once all from before is there", CaughtUp(ds, 500*ms), 400 * ms},
		{"a percentile is one of the values", Percentile(Delays(ds, 0, time.Hour), 0.5), 700 * ms},
		{"the percentile of nothing is 0", Percentile(nil, 0.99), 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.got != test.want {
				t.Errorf("got %v, want %v", test.got, test.want)
			}
		})
	}
	logs := []*Log{{records: []Record{{At: 10, Kind: Sent, ClientID: "a"}, {At: 15, Kind: Refused, ClientID: "a"}, {At: 30, Kind: Sent, ClientID: "a"}, {At: 34, Kind: Acked, ClientID: "a"}}}}
	if got := Answers(logs); len(got) != 2 || got[0] != 5 || got[1] != 4 {
		t.Errorf("Answers = %v, want [5 4]", got)
	}
	if got, ok := FirstAck(logs, 20); got != 14 || !ok {
		t.Errorf("FirstAck(20) = %v, %v, want 14", got, ok)
	}
}
