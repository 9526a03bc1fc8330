package prom

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/coupchat/coup/hub"
	"github.com/coupchat/coup/room"
)

// A figure is one metric, with the function that returns its value.
type figure struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*hub.Stats) float64
}

// figures are all metrics. Their names are public, because dashboards use them.
var figures = []figure{
	gauge("coup_connections", "Connections now.",
		func(s *hub.Stats) int { return s.Connections }),
	gauge("coup_connections_unauthenticated", "Connections now that have not authenticated.",
		func(s *hub.Stats) int { return s.Unauthenticated }),
	gauge("coup_connections_polling", "Connections now whose client has a request of long-polling waiting.",
		func(s *hub.Stats) int { return s.Polling }),
	counter("coup_connections_accepted_total", "Connections that were accepted.",
		func(s *hub.Stats) int64 { return s.Accepted }),
	counter("coup_connections_refused_total", "Handshakes that were refused.",
		func(s *hub.Stats) int64 { return s.Refused }),
	counter("coup_connections_slow_total", "Connections closed because their client read too slowly.",
		func(s *hub.Stats) int64 { return s.Slow }),
	counter("coup_events_dropped_total", "Events that are not stored, not sent because their client reads slowly.",
		func(s *hub.Stats) int64 { return s.Dropped }),
	counter("coup_session_panics_total", "Sessions that ended in a bug.",
		func(s *hub.Stats) int64 { return s.Panics }),

	counter("coup_entries_not_told_total", "Entries for which Posted was not called, because too many waited.",
		func(s *hub.Stats) int64 { return s.Room.NotTold }),
	gauge("coup_rooms", "Rooms with members on this hub now.",
		func(s *hub.Stats) int { return s.Room.Rooms }),
	gauge("coup_users", "Users connected to this hub now.",
		func(s *hub.Stats) int { return s.Room.Users }),
	counter("coup_messages_posted_total", "Posts that were stored, repeats included.",
		func(s *hub.Stats) int64 { return s.Room.Posted }),
	counter("coup_messages_delivered_total", "Deliveries: each message once for each connection.",
		func(s *hub.Stats) int64 { return s.Room.Delivered }),
	counter("coup_messages_filled_total", "Messages read from the store because the bus did not bring them.",
		func(s *hub.Stats) int64 { return s.Room.Filled }),
	counter("coup_store_retries_total", "Repeated calls of the store to store a batch of posts.",
		func(s *hub.Stats) int64 { return s.Room.Retries }),
	gauge("coup_store_reachable", "1 if the last renewal of the lease in the store succeeded, else 0.",
		func(s *hub.Stats) int { return number(s.Room.StoreReachable) }),
	gauge("coup_bus_reachable", "1 if the last ping of the bus succeeded, else 0.",
		func(s *hub.Stats) int { return number(s.Room.BusReachable) }),
	counter("coup_gaps_total", "How often a room had to read messages from the store.",
		func(s *hub.Stats) int64 { return s.Room.Gaps }),
	counter("coup_resets_total", "Rooms that began anew because the store had another history.",
		func(s *hub.Stats) int64 { return s.Room.Resets }),
	gauge("coup_remembered_bytes", "Bytes of messages that rooms remember.",
		func(s *hub.Stats) int { return int(s.Room.Remembered) }),
	gauge("coup_queued_bytes", "Bytes that wait to be sent, over all connections.",
		func(s *hub.Stats) int { return int(s.Queued) }),
	counter("coup_bus_unpublished_total", "Payloads that were not published for the other hubs.",
		func(s *hub.Stats) int64 { return s.Room.Unpublished }),
	counter("coup_bus_malformed_total", "Payloads from the bus that could not be read.",
		func(s *hub.Stats) int64 { return s.Room.Malformed }),
}

// families are the metrics that have a label.
var families = []family{
	{labelled("coup_handshakes_refused_total", "Handshakes that were refused, by reason.", "reason"),
		func(s *hub.Stats) map[string]int64 { return s.RefusedHandshakes }},
	{labelled("coup_tokens_refused_total", "Tokens that were not accepted, by reason.", "reason"),
		func(s *hub.Stats) map[string]int64 { return s.RefusedTokens }},
	{labelled("coup_errors_total", "Error events that were sent, by code.", "code"),
		func(s *hub.Stats) map[string]int64 { return s.Errors }},
	{labelled("coup_connections_closed_total", "Connections that ended, by close code.", "code"),
		func(s *hub.Stats) map[string]int64 { return s.Closes }},
}

// A family is a counter for each value of a label.
type family struct {
	desc   *prometheus.Desc
	values func(*hub.Stats) map[string]int64
}

// histograms are the metrics of durations.
var histograms = []histogram{
	{labelled("coup_message_stored_seconds", "From a post to its commit."), func(s *hub.Stats) room.Histogram { return s.Room.Stored }},
	{labelled("coup_message_delivered_seconds", "From a post to its delivery on the same hub."), func(s *hub.Stats) room.Histogram { return s.Room.Shown }},
}

// A histogram is one metric of durations.
type histogram struct {
	desc  *prometheus.Desc
	value func(*hub.Stats) room.Histogram
}

func labelled(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

func gauge(name, help string, value func(*hub.Stats) int) figure {
	return figure{prometheus.NewDesc(name, help, nil, nil), prometheus.GaugeValue,
		func(s *hub.Stats) float64 { return float64(value(s)) }}
}

func counter(name, help string, value func(*hub.Stats) int64) figure {
	return figure{prometheus.NewDesc(name, help, nil, nil), prometheus.CounterValue,
		func(s *hub.Stats) float64 { return float64(value(s)) }}
}
