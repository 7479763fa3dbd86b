package otelstream

import (
	"context"

	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/server"
)

// PublishStarted starts the span of a publication. The span is of kind PRODUCER: readers get the
// event later, or not at all.
func (o *Observer) PublishStarted(ctx context.Context, sessionID string) context.Context {
	if !o.publishSpans {
		return ctx
	}
	// A sampler sees only the attributes that a span starts with.
	ctx, _ = o.tracer.Start(ctx, publishSpan, trace.WithSpanKind(trace.SpanKindProducer), trace.WithAttributes(
		messagingSystem,
		semconv.MessagingOperationName(publishSpan),
		semconv.MessagingOperationTypeSend,
	), trace.WithAttributes(session(sessionID)...))
	return ctx
}

// PublishEnded measures the publication and ends its span.
func (o *Observer) PublishEnded(ctx context.Context, p server.Publication) {
	op := o.operation(p.Operation)
	if p.Err == nil {
		opts := op.event(p.Event)
		o.instruments.published.Add(ctx, 1, opts...)
		o.instruments.publishedBytes.Add(ctx, int64(p.Bytes), opts...)
		o.instruments.publishDuration.Record(ctx, p.Duration.Seconds(), op.recorded...)
	} else {
		o.instruments.publishDuration.Record(ctx, p.Duration.Seconds(), op.with(semconv.ErrorTypeKey.String(errorType(p.Err))))
	}
	if !o.publishSpans {
		return
	}
	span := trace.SpanFromContext(ctx)
	defer span.End()
	if !span.IsRecording() {
		return
	}
	if p.Event == "" {
		span.SetAttributes(op.attr)
	} else {
		span.SetAttributes(op.attr, eventNameKey.String(p.Event), semconv.MessagingMessageBodySize(p.Bytes))
	}
	if p.Err != nil {
		span.SetAttributes(semconv.ErrorTypeKey.String(errorType(p.Err)))
		span.SetStatus(codes.Error, excerpt.Text(p.Err.Error()))
		return
	}
	if p.ID != "" { // a transaction of the application learns it after its commit
		span.SetAttributes(semconv.MessagingMessageID(p.ID))
	}
}
