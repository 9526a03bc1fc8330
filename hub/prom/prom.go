// Package prom shows the figures of a hub and its rooms to Prometheus.
package prom

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/coupchat/coup/hub"
)

// A Source has figures to show: a *hub.Hub, or a *coup.Server. Stats is called
// once for each scrape, from any goroutine.
type Source interface {
	Stats() hub.Stats
}

// New returns a collector of the source's figures, all named coup_something.
// Register it once; two hubs of one process need a label each, see
// prometheus.WrapRegistererWith.
func New(source Source) prometheus.Collector {
	return collector{source}
}

type collector struct{ source Source }

// Describe sends what figures there are.
func (c collector) Describe(descs chan<- *prometheus.Desc) {
	for _, f := range figures {
		descs <- f.desc
	}
}

// Collect sends the figures of this moment.
func (c collector) Collect(metrics chan<- prometheus.Metric) {
	s := c.source.Stats()
	for _, f := range figures {
		metrics <- prometheus.MustNewConstMetric(f.desc, f.kind, f.value(&s))
	}
}
