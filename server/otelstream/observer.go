package otelstream

import (
	"context"
	"fmt"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/mixstream/mixstream/server"
)

// scope is the name of the instrumentation.
const scope = "github.com/mixstream/mixstream/server/otelstream"

// Observer is a server.Observer, safe for concurrent use by several servers. It reports servers
// of one operation as one; the attribute mixstream.operation.id tells operations apart.
type Observer struct {
	server.NopObserver
	tracer       trace.Tracer
	publishSpans bool
	instruments  instruments
	operations   sync.Map // from the operationId to its *operation
}

var _ server.Observer = (*Observer)(nil)

// Option configures an [Observer].
type Option func(*config)

type config struct {
	meters       metric.MeterProvider
	tracers      trace.TracerProvider
	publishSpans bool
}

// WithMeterProvider sets the provider of the meter; by default, and if p is nil, it is the global
// one.
func WithMeterProvider(p metric.MeterProvider) Option { return func(c *config) { c.meters = p } }

// WithTracerProvider sets the provider of the tracer; by default, and if p is nil, it is the
// global one. With the provider of go.opentelemetry.io/otel/trace/noop there are no spans.
func WithTracerProvider(p trace.TracerProvider) Option { return func(c *config) { c.tracers = p } }

// WithoutPublishSpans leaves out the spans of publications: an agent would make one for each
// token. Metrics and the spans of streams stay.
func WithoutPublishSpans() Option { return func(c *config) { c.publishSpans = false } }

// New returns an observer, or the error of a meter provider that makes no instruments.
func New(opts ...Option) (*Observer, error) {
	c := config{publishSpans: true}
	for _, o := range opts {
		o(&c)
	}
	if c.meters == nil {
		c.meters = otel.GetMeterProvider()
	}
	if c.tracers == nil {
		c.tracers = otel.GetTracerProvider()
	}
	meter := c.meters.Meter(scope, metric.WithSchemaURL(schemaURL))
	in, err := newInstruments(meter)
	if err != nil {
		return nil, fmt.Errorf("otelstream: %w", err)
	}
	o := &Observer{
		tracer:       c.tracers.Tracer(scope, trace.WithSchemaURL(schemaURL)),
		publishSpans: c.publishSpans,
		instruments:  in,
	}
	if err := o.measureReady(meter); err != nil {
		return nil, fmt.Errorf("otelstream: %w", err)
	}
	return o, nil
}

// StreamRefused counts the refusal.
func (o *Observer) StreamRefused(ctx context.Context, r server.Refusal) {
	o.instruments.refused.Add(ctx, 1, o.operation(r.Operation).with(statusCode(r.Status)))
}
