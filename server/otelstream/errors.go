package otelstream

import (
	"context"
	"errors"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
)

// errorTypes are the values of the attribute error.type of a publication. The first that matches
// counts: the error of an unavailable log may wrap that of a context.
var errorTypes = []struct {
	err  error
	name string
}{
	{server.ErrReservedEvent, "reserved_event"},
	{contract.ErrUnknownEvent, "unknown_event"},
	{contract.ErrNilEvent, "nil_event"},
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

// errorType returns the kind of an error. There are few, so that a metric can have it as an
// attribute.
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
		return "invalid_event" // the fault is the publisher's, and not the server's or the log's
	}
	return semconv.ErrorTypeOther.Value.AsString()
}
