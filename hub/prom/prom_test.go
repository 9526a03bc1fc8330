package prom_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/coupchat/coup/hub"
	"github.com/coupchat/coup/hub/prom"
	"github.com/coupchat/coup/room"
)

var _ prom.Source = (*hub.Hub)(nil)

// fixed is a source with a different value for each figure.
type fixed struct{}

func (fixed) Stats() hub.Stats {
	return hub.Stats{
		Connections: 1, Unauthenticated: 23, Polling: 25, Accepted: 2, Refused: 3, Slow: 4, Dropped: 26, Panics: 5, Queued: 14,
		RefusedHandshakes: map[string]int64{"origin": 15}, RefusedTokens: map[string]int64{"expired": 16},
		Errors: map[string]int64{"forbidden": 17}, Closes: map[string]int64{"1001": 18},
		Room: room.Stats{
			Rooms: 6, Users: 7, Posted: 8, Delivered: 9, Filled: 10, Retries: 11, Unpublished: 12, Malformed: 13, StoreReachable: true, BusReachable: true,
			Remembered: 24, NotTold: 27, Gaps: 19, Resets: 20, Stored: room.Histogram{Count: 21, Sum: 2.5, Buckets: map[float64]uint64{0.1: 20}}, Shown: room.Histogram{Count: 22},
		},
	}
}

// lines is a scrape of fixed, without comments.
const lines = `
coup_bus_malformed_total 13
coup_bus_reachable 1
coup_bus_unpublished_total 12
coup_connections 1
coup_connections_accepted_total 2
coup_connections_closed_total{code="1001"} 18
coup_connections_polling 25
coup_connections_refused_total 3
coup_connections_slow_total 4
coup_connections_unauthenticated 23
coup_entries_not_told_total 27
coup_errors_total{code="forbidden"} 17
coup_events_dropped_total 26
coup_gaps_total 19
coup_handshakes_refused_total{reason="origin"} 15
coup_message_delivered_seconds_bucket{le="+Inf"} 22
coup_message_delivered_seconds_sum 0
coup_message_delivered_seconds_count 22
coup_message_stored_seconds_bucket{le="0.1"} 20
coup_message_stored_seconds_bucket{le="+Inf"} 21
coup_message_stored_seconds_sum 2.5
coup_message_stored_seconds_count 21
coup_messages_delivered_total 9
coup_messages_filled_total 10
coup_messages_posted_total 8
coup_queued_bytes 14
coup_remembered_bytes 24
coup_resets_total 20
coup_rooms 6
coup_session_panics_total 5
coup_store_reachable 1
coup_store_retries_total 11
coup_tokens_refused_total{reason="expired"} 16
coup_users 7
`

func TestAScrapeHasEachMetric(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(prom.New(fixed{}))
	web := httptest.NewServer(promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	defer web.Close()
	resp, err := http.Get(web.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(body)) {
		if !strings.HasPrefix(line, "#") {
			got = append(got, line)
		}
	}
	if g, want := strings.Join(got, ""), strings.TrimPrefix(lines, "\n"); g != want {
		t.Errorf("scrape:\n%s\nwant:\n%s", g, want)
	}
}

// Each figure of the hub and of the rooms needs a metric.
func TestEveryFigureHasAMetric(t *testing.T) {
	s := reflect.TypeFor[hub.Stats]()
	want := s.NumField() - 1 + reflect.TypeFor[room.Stats]().NumField()
	if got := testutil.CollectAndCount(prom.New(fixed{})); got != want {
		t.Errorf("%d metrics, want %d: one for each field of hub.Stats and room.Stats", got, want)
	}
}

func TestNamesFollowTheConventions(t *testing.T) {
	problems, err := testutil.CollectAndLint(prom.New(fixed{}))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}
