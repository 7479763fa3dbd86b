package otelstream

import (
	"context"
	"errors"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
)

// errorTypes are the values of the attribute error.type for publications.
var errorTypes = []struct {
	err  error
	name string
}{
	{server.ErrReservedEvent, "reserved_event"},
	{server.ErrUnknownEvent, "unknown_event"},
	{server.ErrNilEvent, "nil_event"},
	{server.ErrEventTooLarge, "event_too_large"},
	{server.ErrInvalidSessionID, "invalid_session_id"},
	{eventlog.ErrSessionExists, "session_exists"},
	{eventlog.ErrSessionDeleted, "session_deleted"},
	{eventlog.ErrSessionNotFound, "session_not_found"},
	{context.Canceled, "canceled"},
	{context.DeadlineExceeded, "deadline_exceeded"},
}

// errorType returns the kind of an error: one of few, whatever its text says.
func errorType(err error) string {
	for _, t := range errorTypes {
		if errors.Is(err, t.err) {
			return t.name
		}
	}
	return semconv.ErrorTypeOther.Value.AsString()
}
