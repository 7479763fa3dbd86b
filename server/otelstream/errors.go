package otelstream

import (
	"context"
	"errors"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
)

// errorTypes are the values of the attribute error.type for publications. The first
// that fits counts: a log may say with an error of a context why it is unavailable.
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
	{eventlog.ErrKeyReused, "key_reused"},
	{context.Canceled, "canceled"},
	{eventlog.ErrUnavailable, "log_unavailable"},
	{eventlog.ErrOutcomeUnknown, "outcome_unknown"},
	{context.DeadlineExceeded, "deadline_exceeded"},
}

// errorType returns the kind of an error: one of few, whatever its text says.
func errorType(err error) string {
	for _, t := range errorTypes {
		if errors.Is(err, t.err) {
			return t.name
		}
	}
	var (
		refused *server.PublishError
		misfit  *contract.InvalidEventError
	)
	if errors.As(err, &refused) || errors.As(err, &misfit) {
		return "invalid_event" // what is published is wrong, not the server or its log
	}
	return semconv.ErrorTypeOther.Value.AsString()
}
