package otelstream_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/server/otelstream"
)

func TestPublishSpan(t *testing.T) {
	log := &spanLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	o := observe(t, servertest.Detached, server.WithLog(log))
	ctx, parent := o.tracer.Start(context.Background(), "turn")
	id := o.publish(ctx, "s", "Hello")
	span := o.span("publish")
	if span.SpanKind != trace.SpanKindProducer || span.Status.Code != codes.Unset {
		t.Errorf("got kind %v, status %+v", span.SpanKind, span.Status)
	}
	if span.Parent.SpanID() != parent.SpanContext().SpanID() {
		t.Error("it is no child of the application's span")
	}
	if log.span.SpanID() != span.SpanContext.SpanID() {
		t.Error("the log works in another span")
	}
	wantAttributes(t, span,
		attribute.String("messaging.system", "mixstream"),
		attribute.String("messaging.operation.name", "publish"),
		attribute.String("messaging.operation.type", "send"),
		attribute.String("messaging.destination.name", "s"),
		attribute.String("messaging.message.id", id),
		attribute.Int("messaging.message.body.size", len(`{"content":"Hello","type":"content"}`)),
		attribute.String("mixstream.session.id", "s"),
		attribute.String("mixstream.event.name", "content"))
}

// spanLog notes the span that an append is a part of.
type spanLog struct {
	eventlog.Log
	span trace.SpanContext
}

func (l *spanLog) Append(ctx context.Context, s eventlog.Session, key *eventlog.Key, entries []eventlog.Entry) error {
	l.span = trace.SpanContextFromContext(ctx)
	return l.Log.Append(ctx, s, key, entries)
}

func TestStreamSpan(t *testing.T) { servertest.BothModes(t, testStreamSpan) }

func testStreamSpan(t *testing.T, mode servertest.Mode) {
	o := observe(t, mode, small())
	// As otelhttp does.
	around := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, span := o.tracer.Start(r.Context(), "request")
		defer span.End()
		w.Header().Set("Remote", r.RemoteAddr)
		o.srv.ServeHTTP(w, r.WithContext(ctx))
	}))
	defer around.Close()
	o.ts = around
	first := o.publish(t.Context(), "s", "")
	for range 9 {
		o.publish(t.Context(), "s", "")
	}
	res := o.get("/stream?sessionId=s", first)
	o.want("mixstream.delivery.events", 5)
	spans := o.spans.GetSpans()
	for i := range spans {
		span := &spans[i]
		if span.Name == "stream" {
			t.Error("the span has ended before the stream")
		}
	}
	res.Body.Close()
	span, request := o.span("stream"), o.span("request")
	if span.SpanKind != trace.SpanKindInternal || span.Status.Code != codes.Unset || span.Parent.SpanID() != request.SpanContext.SpanID() {
		t.Errorf("got %+v", span)
	}
	if len(span.Events) != 1 || span.Events[0].Name != "mixstream.gap" {
		t.Errorf("got events %+v", span.Events)
	}
	host, port, _ := strings.Cut(res.Header.Get("Remote"), ":")
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	wantAttributes(t, span,
		attribute.String("messaging.system", "mixstream"),
		attribute.String("messaging.destination.name", "s"),
		attribute.String("network.peer.address", host),
		attribute.Int("network.peer.port", n),
		attribute.String("mixstream.session.id", "s"),
		attribute.Bool("mixstream.stream.resumed", true),
		attribute.Int("mixstream.stream.replayed_events", 5),
		attribute.Int("mixstream.stream.delivered_events", 5),
		attribute.Int("mixstream.stream.gaps", 1),
		attribute.String("mixstream.stream.end_reason", "client_left"))
}

// A stream that ends as it should is no error; one that fails is.
func TestStatusOfStreamSpan(t *testing.T) { servertest.BothModes(t, testStatusOfStreamSpan) }

func testStatusOfStreamSpan(t *testing.T, mode servertest.Mode) {
	log := &unreadable{Log: eventlog.NewMemory(eventlog.Retention{})}
	o := observe(t, mode, server.WithLog(log), server.WithTiming(server.Timing{DrainWindow: time.Millisecond}))
	o.publish(t.Context(), "s", "")
	o.open("s", "", 0)
	span := o.span("stream")
	if span.Status.Code != codes.Error || span.Status.Description != "the disk is gone" {
		t.Errorf("got status %+v", span.Status)
	}
	wantAttributes(t, span, append(span.Attributes,
		attribute.String("error.type", "log_failed"), attribute.String("mixstream.stream.end_reason", "log_failed"))...)

	o = observe(t, mode, server.WithTiming(server.Timing{DrainWindow: time.Millisecond}))
	o.publish(t.Context(), "s", "")
	o.open("s", "", 1)
	if err := o.srv.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	span = o.span("stream")
	if span.Status.Code != codes.Unset {
		t.Errorf("got status %+v", span.Status)
	}
	wantAttributes(t, span, append(span.Attributes, attribute.String("mixstream.stream.end_reason", "shutdown"))...)
	o.want("mixstream.stream.duration", 1, attribute.String("mixstream.stream.end_reason", "shutdown"))
}

// unreadable is a log that takes events and gives none.
type unreadable struct{ eventlog.Log }

func (l *unreadable) Follow(ctx context.Context, s eventlog.Session, wake func()) (eventlog.Reader, error) {
	r, err := l.Log.Follow(ctx, s, wake)
	return unreadableReader{r}, err
}

type unreadableReader struct{ eventlog.Reader }

func (unreadableReader) Read(context.Context, uint64, int) (eventlog.Batch, error) {
	return eventlog.Batch{}, errors.New("the disk is gone")
}

func TestWithoutPublishSpans(t *testing.T) { servertest.BothModes(t, testWithoutPublishSpans) }

func testWithoutPublishSpans(t *testing.T, mode servertest.Mode) {
	o := observeWith(t, mode, []otelstream.Option{otelstream.WithoutPublishSpans()})
	ctx, parent := o.tracer.Start(context.Background(), "turn")
	o.publish(ctx, "s", "")
	if !parent.IsRecording() {
		t.Error("the application's span has been ended")
	}
	o.open("s", "", 1)()
	o.span("stream")
	spans := o.spans.GetSpans()
	for i := range spans {
		span := &spans[i]
		if span.Name == "publish" {
			t.Errorf("got %+v", span)
		}
	}
	o.want("mixstream.publish.duration", 1)
}

// A stream that is not traced goes on with the context that it has, so that a detached one
// holds nothing of its request.
func TestUntracedStreamKeepsItsContext(t *testing.T) {
	for name, tracers := range map[string]trace.TracerProvider{"untraced": noop.NewTracerProvider(), "traced": sdktrace.NewTracerProvider()} {
		o, err := otelstream.New(otelstream.WithTracerProvider(tracers))
		if err != nil {
			t.Fatal(err)
		}
		ctx, _ := o.StreamOpened(t.Context(), server.StreamInfo{SessionID: "s"})
		if same := ctx == t.Context(); same != (name == "untraced") {
			t.Errorf("%s: the context is the same: %t", name, same)
		}
	}
}

// Without a tracer the spans of the application are left alone.
func TestWithoutSpans(t *testing.T) { servertest.BothModes(t, testWithoutSpans) }

func testWithoutSpans(t *testing.T, mode servertest.Mode) {
	o := observeWith(t, mode, []otelstream.Option{otelstream.WithTracerProvider(noop.NewTracerProvider())})
	ctx, parent := o.tracer.Start(context.Background(), "turn")
	o.publish(ctx, "s", "")
	if !parent.IsRecording() {
		t.Error("the application's span has been ended")
	}
	o.open("s", "", 1)()
	o.want("mixstream.stream.active", 0)
	if spans := o.spans.GetSpans(); len(spans) != 0 {
		t.Errorf("got %+v", spans)
	}
}
