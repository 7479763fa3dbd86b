package otelstream

import (
	"context"

	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/server"
)

// stream observes one stream.
type stream struct {
	server.NopStreamObserver
	observer  *Observer
	operation *operation
	ctx       context.Context // has the span, for exemplars
	span      trace.Span
	gaps      int
}

// StreamOpened counts the stream and starts its span. The span is of kind INTERNAL: if a
// middleware such as otelhttp traces requests, the request has a span of kind SERVER.
func (o *Observer) StreamOpened(ctx context.Context, s server.StreamInfo) (context.Context, server.StreamObserver) {
	op := o.operation(s.Operation)
	o.instruments.opened.Add(ctx, 1, op.with(resumedKey.Bool(s.Resumed)))
	o.instruments.active.Add(ctx, 1, op.adding...)
	traced, span := o.tracer.Start(ctx, streamSpan, trace.WithSpanKind(trace.SpanKindInternal), trace.WithAttributes(
		messagingSystem,
		op.attr,
		resumedKey.Bool(s.Resumed),
	), trace.WithAttributes(session(s.SessionID)...), trace.WithAttributes(peer(s.RemoteAddr)...))
	if !span.SpanContext().IsValid() {
		// The context of the request would stay in memory as long as the stream.
		return ctx, &stream{observer: o, operation: op, ctx: context.Background(), span: span}
	}
	return traced, &stream{observer: o, operation: op, ctx: traced, span: span}
}

// Delivered measures a write.
func (s *stream) Delivered(d server.Delivery) {
	in := &s.observer.instruments
	in.delivered.Add(s.ctx, int64(d.Events), s.operation.adding...)
	in.deliveredBytes.Add(s.ctx, int64(d.Bytes), s.operation.adding...)
	in.lag.Record(s.ctx, d.Lag.Seconds(), s.operation.recorded...)
}

// Replayed measures a replay.
func (s *stream) Replayed(events int) {
	s.observer.instruments.replayed.Record(s.ctx, int64(events), s.operation.recorded...)
	s.span.SetAttributes(replayedKey.Int(events))
}

// Gap counts a gap.
func (s *stream) Gap() {
	s.gaps++
	s.observer.instruments.gaps.Add(s.ctx, 1, s.operation.adding...)
	s.span.AddEvent(gapEvent)
}

// Ended measures the stream and ends its span.
func (s *stream) Ended(e server.End) {
	defer s.span.End()
	in := &s.observer.instruments
	in.active.Add(s.ctx, -1, s.operation.adding...)
	reason := endReasonKey.String(string(e.Reason))
	in.streamDuration.Record(s.ctx, e.Duration.Seconds(), s.operation.with(reason))
	if !s.span.IsRecording() {
		return
	}
	s.span.SetAttributes(reason, deliveredKey.Int(e.Events), gapsKey.Int(s.gaps))
	switch e.Reason {
	case server.EndSlowReader, server.EndLogFailed, server.EndLogUnavailable, server.EndWriteFailed, server.EndPanic:
		s.span.SetAttributes(semconv.ErrorTypeKey.String(string(e.Reason)))
		description := ""
		if e.Err != nil {
			description = excerpt.Text(e.Err.Error())
		}
		s.span.SetStatus(codes.Error, description)
	}
}
