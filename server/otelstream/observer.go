package otelstream

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/mixstream/mixstream/server"
)

// scope is the name of the instrumentation.
const scope = "github.com/mixstream/mixstream/server/otelstream"

// Observer is a server.Observer. It may serve several servers, which are then
// reported as one.
type Observer struct {
	tracer       trace.Tracer
	publishSpans bool
	instruments  instruments
	publications publications
	meter        metric.Meter
}

var _ server.Observer = (*Observer)(nil)

// Option configures an Observer.
type Option func(*config)

type config struct {
	meters       metric.MeterProvider
	tracers      trace.TracerProvider
	publishSpans bool
}

// WithMeterProvider sets where metrics go; by default, and if nil, to the global
// provider.
func WithMeterProvider(p metric.MeterProvider) Option { return func(c *config) { c.meters = p } }

// WithTracerProvider sets where spans go; by default, and if nil, to the global
// provider. The one of go.opentelemetry.io/otel/trace/noop leaves spans out.
func WithTracerProvider(p trace.TracerProvider) Option { return func(c *config) { c.tracers = p } }

// WithoutPublishSpans leaves out the spans of publications, and so one for each
// token of an agent. Metrics and the spans of streams stay.
func WithoutPublishSpans() Option { return func(c *config) { c.publishSpans = false } }

// New returns an observer. It fails if the meter provider does.
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
	return &Observer{
		tracer:       c.tracers.Tracer(scope, trace.WithSchemaURL(schemaURL)),
		publishSpans: c.publishSpans,
		instruments:  in,
		publications: newPublications(),
		meter:        meter,
	}, nil
}

// ObserveReady adds the metric mixstream.server.ready, which is 1 when ready returns nil and
// otherwise 0. Ready is [server.Server.Ready], and is called whenever metrics are collected:
//
//	observer.ObserveReady(srv.Ready)
//
// It fails if the meter provider does. Call it once at most.
func (o *Observer) ObserveReady(ready func(context.Context) error) error {
	_, err := o.meter.Int64ObservableGauge("mixstream.server.ready", metric.WithUnit("{server}"),
		metric.WithDescription("Whether the server is ready: 1 if its log can be reached and appended to, and it is not shutting down."),
		metric.WithInt64Callback(func(ctx context.Context, to metric.Int64Observer) error {
			var value int64
			if ready(ctx) == nil {
				value = 1
			}
			to.Observe(value)
			return nil
		}))
	if err != nil {
		return fmt.Errorf("otelstream: %w", err)
	}
	return nil
}

// StreamRefused implements server.Observer.
func (o *Observer) StreamRefused(ctx context.Context, r server.Refusal) {
	o.instruments.refused.Add(ctx, 1, metric.WithAttributes(statusCode(r.Status)))
}
