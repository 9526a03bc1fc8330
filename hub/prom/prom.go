// Package prom exports the figures of a hub and its rooms as Prometheus metrics.
package prom

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/coupchat/coup/hub"
)

// A Source has figures: a *hub.Hub or a *coup.Server. Stats is called once for each scrape,
// from any goroutine.
type Source interface {
	Stats() hub.Stats
}

// New returns a collector of the figures of a source. Their names start with coup_. Register
// it once. Two hubs in one process need different labels, see
// prometheus.WrapRegistererWith.
func New(source Source) prometheus.Collector {
	return collector{source}
}

type collector struct{ source Source }

// Describe implements prometheus.Collector.
func (c collector) Describe(descs chan<- *prometheus.Desc) {
	for _, f := range figures {
		descs <- f.desc
	}
	for _, f := range families {
		descs <- f.desc
	}
	for _, f := range histograms {
		descs <- f.desc
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(metrics chan<- prometheus.Metric) {
	s := c.source.Stats()
	for _, f := range figures {
		metrics <- prometheus.MustNewConstMetric(f.desc, f.kind, f.value(&s))
	}
	for _, f := range families {
		for label, n := range f.values(&s) {
			metrics <- prometheus.MustNewConstMetric(f.desc, prometheus.CounterValue, float64(n), label)
		}
	}
	for _, f := range histograms {
		h := f.value(&s)
		metrics <- prometheus.MustNewConstHistogram(f.desc, h.Count, h.Sum, h.Buckets)
	}
}
