package otelstream_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/server/otelstream"
)

func TestPublishSpan(t *testing.T) {
	var ofLog trace.SpanContext // in which an append works
	log := &servertest.HookedLog{Log: eventlog.NewMemory(eventlog.Retention{}), BeforeAppend: func(ctx context.Context) { ofLog = trace.SpanContextFromContext(ctx) }}
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
	if ofLog.SpanID() != span.SpanContext.SpanID() {
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

func TestStreamSpan(t *testing.T) { servertest.BothModes(t, testStreamSpan) }

func testStreamSpan(t *testing.T, mode servertest.Mode) {
	o := observe(t, mode, small())
	// As otelhttp does.
	o.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, span := o.tracer.Start(r.Context(), "request")
		defer span.End()
		w.Header().Set("Remote", r.RemoteAddr)
		o.srv.ServeHTTP(w, r.WithContext(ctx))
	}))
	first := servertest.PublishN(t, o.srv, "s", 10)[0]
	res := o.get("/stream?sessionId=s", first)
	o.want("mixstream.delivery.events", 5)
	if spans := o.spans.GetSpans(); slices.ContainsFunc(spans, func(s tracetest.SpanStub) bool { return s.Name == "stream" }) {
		t.Error("the span has ended before the stream")
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
	log := &servertest.HookedLog{Log: eventlog.NewMemory(eventlog.Retention{}), BeforeRead: func(context.Context, string) error { return errors.New("the disk is gone") }}
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

// Without spans of publications, or without a tracer, the spans of the application are left alone.
func TestWithoutSpans(t *testing.T) { servertest.BothModes(t, testWithoutSpans) }

func testWithoutSpans(t *testing.T, mode servertest.Mode) {
	for want, option := range map[string]otelstream.Option{"stream": otelstream.WithoutPublishSpans(), "": otelstream.WithTracerProvider(noop.NewTracerProvider())} {
		o := observeWith(t, mode, []otelstream.Option{option})
		ctx, parent := o.tracer.Start(context.Background(), "turn")
		o.publish(ctx, "s", "")
		if !parent.IsRecording() {
			t.Error("the application's span has been ended")
		}
		o.open("s", "", 1)()
		if want != "" {
			o.span(want)
		}
		o.want("mixstream.stream.active", 0)
		o.want("mixstream.publish.duration", 1)
		if spans := o.spans.GetSpans(); slices.ContainsFunc(spans, func(s tracetest.SpanStub) bool { return s.Name != want }) {
			t.Errorf("got %+v", spans)
		}
	}
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
