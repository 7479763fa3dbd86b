package otelstream_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/server/otelstream"
	"github.com/mixstream/mixstream/sse"
)

// observed is a server with an SDK behind its observer.
type observed struct {
	t      *testing.T
	srv    *mix.Server
	ts     *httptest.Server
	meters *metric.ManualReader
	spans  *tracetest.InMemoryExporter
	tracer trace.Tracer // of the application
}

// observe returns a server of the mode whose observer has no options but the SDK.
func observe(t *testing.T, mode servertest.Mode, opts ...server.Option) *observed {
	return observeWith(t, mode, nil, opts...)
}

// observeWith returns a server of the mode whose observer has the options.
func observeWith(t *testing.T, mode servertest.Mode, options []otelstream.Option, opts ...server.Option) *observed {
	t.Helper()
	o, observer := newSDK(t, options...)
	o.srv = mode.NewServer(t, append(opts, server.WithObserver(observer))...)
	observer.ObserveReady(gen.StreamEvents.ID, o.srv.Ready)
	o.serve(o.srv)
	return o
}

func (o *observed) serve(h http.Handler) {
	o.ts = httptest.NewServer(h)
	o.t.Cleanup(o.ts.Close)
}

// newSDK returns an SDK with an observer before it that has the options, and no server yet.
func newSDK(t *testing.T, options ...otelstream.Option) (*observed, *otelstream.Observer) {
	t.Helper()
	o := &observed{t: t, meters: metric.NewManualReader(), spans: tracetest.NewInMemoryExporter()}
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(o.spans))
	o.tracer = tracers.Tracer("application")
	observer, err := otelstream.New(append([]otelstream.Option{
		otelstream.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(o.meters))),
		otelstream.WithTracerProvider(tracers),
	}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	return o, observer
}

func (o *observed) publish(ctx context.Context, session, text string) (id string) {
	o.t.Helper()
	id, err := o.srv.Publish(ctx, session, servertest.Content(text))
	if err != nil {
		o.t.Fatal(err)
	}
	return id
}

// open opens a stream and reads n events. The function that it returns closes it.
func (o *observed) open(session, lastEventID string, n int) (leave func()) {
	o.t.Helper()
	res := o.get("/stream?sessionId="+session, lastEventID)
	dec := sse.NewDecoder(res.Body)
	for range n {
		if _, err := dec.Next(); err != nil {
			o.t.Fatal(err)
		}
	}
	return func() { res.Body.Close() }
}

func (o *observed) get(target, lastEventID string) *http.Response {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), servertest.Patience)
	o.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, o.ts.URL+target, nil)
	if err != nil {
		o.t.Fatal(err)
	}
	req.Header.Set("Last-Event-ID", lastEventID)
	res, err := o.ts.Client().Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { res.Body.Close() })
	return res
}

// metrics returns what has been measured.
func (o *observed) metrics() map[string]metricdata.Metrics {
	o.t.Helper()
	var all metricdata.ResourceMetrics
	if err := o.meters.Collect(context.Background(), &all); err != nil {
		o.t.Fatal(err)
	}
	byName := make(map[string]metricdata.Metrics)
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			byName[m.Name] = m
		}
	}
	return byName
}

// operation is the attribute that every metric and span has.
var operation = attribute.String("mixstream.operation.id", "streamEvents")

// value returns the value of a metric with exactly these attributes and that of the operation.
func (o *observed) value(name string, attrs ...attribute.KeyValue) int64 {
	o.t.Helper()
	return o.valueOf(name, append(attrs, operation)...)
}

// valueOf returns the value of a metric with exactly these attributes: the sum of a
// counter, the number of measurements of a histogram; 0 if there is none.
func (o *observed) valueOf(name string, attrs ...attribute.KeyValue) (value int64) {
	o.t.Helper()
	set := attribute.NewSet(attrs...)
	for _, p := range pointsOf(o.metrics()[name]) {
		if p.set.Equals(&set) {
			value += p.value
		}
	}
	return value
}

// point is a data point of any kind of metric.
type point struct {
	set   attribute.Set
	value int64
}

// pointsOf returns the data points of a metric. Durations that are not positive do not count.
func pointsOf(m metricdata.Metrics) (points []point) {
	numbers := func(of []metricdata.DataPoint[int64]) {
		for _, p := range of {
			points = append(points, point{p.Attributes, p.Value})
		}
	}
	switch data := m.Data.(type) {
	case metricdata.Gauge[int64]:
		numbers(data.DataPoints)
	case metricdata.Sum[int64]:
		numbers(data.DataPoints)
	case metricdata.Histogram[int64]:
		for _, p := range data.DataPoints {
			points = append(points, point{p.Attributes, int64(p.Count)})
		}
	case metricdata.Histogram[float64]:
		for _, p := range data.DataPoints {
			if p.Count == 0 || p.Sum > 0 {
				points = append(points, point{p.Attributes, int64(p.Count)})
			}
		}
	}
	return points
}

// want waits until a metric with these attributes and that of the operation has a value.
func (o *observed) want(name string, value int64, attrs ...attribute.KeyValue) {
	o.t.Helper()
	o.wantOf(name, value, append(attrs, operation)...)
}

// wantOf waits until a metric with exactly these attributes has a value.
func (o *observed) wantOf(name string, value int64, attrs ...attribute.KeyValue) {
	o.t.Helper()
	o.until(name, func() bool { return o.valueOf(name, attrs...) == value })
}

func (o *observed) until(what string, ready func() bool) {
	o.t.Helper()
	for began := time.Now(); !ready(); time.Sleep(time.Millisecond) {
		if time.Since(began) > servertest.Patience {
			o.t.Fatalf("%s: metrics are %+v, spans %+v", what, o.metrics(), o.spans.GetSpans())
		}
	}
}

// span waits until a span of this name has ended, and returns the last.
func (o *observed) span(name string) (span tracetest.SpanStub) {
	o.t.Helper()
	o.until(name, func() (ended bool) {
		spans := o.spans.GetSpans()
		for i := range spans {
			if spans[i].Name == name {
				span, ended = spans[i], true
			}
		}
		return ended
	})
	return span
}

// wantAttributes compares the attributes of a span with those given and the operation.
func wantAttributes(t *testing.T, span tracetest.SpanStub, want ...attribute.KeyValue) {
	t.Helper()
	got, wanted := attribute.NewSet(span.Attributes...), attribute.NewSet(append(want, operation)...)
	if !got.Equals(&wanted) {
		t.Errorf("%s has %s, want %s", span.Name, got.Encoded(attribute.DefaultEncoder()), wanted.Encoded(attribute.DefaultEncoder()))
	}
}
