package otelstream

import (
	"errors"

	"go.opentelemetry.io/otel/metric"
)

// instruments are the metrics.
type instruments struct {
	active         metric.Int64UpDownCounter
	opened         metric.Int64Counter
	refused        metric.Int64Counter
	gaps           metric.Int64Counter
	streamDuration metric.Float64Histogram

	published       metric.Int64Counter
	publishedBytes  metric.Int64Counter
	publishDuration metric.Float64Histogram

	delivered      metric.Int64Counter
	deliveredBytes metric.Int64Counter
	lag            metric.Float64Histogram
	replayed       metric.Int64Histogram
}

// Boundaries of the histograms, in seconds and in events.
var (
	// A publication takes microseconds in memory, and seconds if a cluster needs a retry.
	publishBounds = []float64{.00001, .0001, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	lagBounds     = []float64{.0001, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}
	streamBounds  = []float64{.1, 1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 24 * 3600}
	replayBounds  = []float64{0, 1, 10, 100, 1000, 10_000, 100_000}
)

func newInstruments(m metric.Meter) (in instruments, err error) {
	var errs []error
	counter := func(name, unit, description string) metric.Int64Counter {
		c, err := m.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
		errs = append(errs, err)
		return c
	}
	seconds := func(name, description string, bounds []float64) metric.Float64Histogram {
		h, err := m.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description), metric.WithExplicitBucketBoundaries(bounds...))
		errs = append(errs, err)
		return h
	}
	in = instruments{
		opened:         counter("mixstream.stream.opened", "{stream}", "Streams opened."),
		refused:        counter("mixstream.stream.refused", "{request}", "Requests for a stream answered with something else."),
		gaps:           counter("mixstream.stream.gaps", "{gap}", "Gaps: times when a reader was told that events may be missing."),
		streamDuration: seconds("mixstream.stream.duration", "Time from the request for a stream to its end.", streamBounds),

		published:       counter("mixstream.publish.events", "{event}", "Events put into the log."),
		publishedBytes:  counter("mixstream.publish.size", "By", "JSON of the events put into the log."),
		publishDuration: seconds("mixstream.publish.duration", "Time from the call of Publish to the log's acknowledgement or the failure.", publishBounds),

		delivered:      counter("mixstream.delivery.events", "{event}", "Events of the log written to readers."),
		deliveredBytes: counter("mixstream.delivery.size", "By", "Bytes of the writes that had events of the log, before compression."),
		lag:            seconds("mixstream.delivery.lag", "Time for which the reader had been behind the end of the log when a write was done.", lagBounds),
	}
	in.active, err = m.Int64UpDownCounter("mixstream.stream.active", metric.WithUnit("{stream}"), metric.WithDescription("Streams that are open."))
	errs = append(errs, err)
	in.replayed, err = m.Int64Histogram("mixstream.replay.events", metric.WithUnit("{event}"),
		metric.WithDescription("Events that a resumed stream was given to catch up."), metric.WithExplicitBucketBoundaries(replayBounds...))
	return in, errors.Join(append(errs, err)...)
}
