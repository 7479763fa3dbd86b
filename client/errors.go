package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

var (
	// ErrClosed is the error of a stream that the caller closed before its end.
	ErrClosed = errors.New("client: stream closed")
	// ErrGaveUp says that the limits of the RetryPolicy ended the stream, or the attempts
	// to publish. The error wraps the last failure as well.
	ErrGaveUp = errors.New("client: gave up reconnecting")
	// ErrIdle is the failure of a connection that brought no byte for the idle timeout.
	ErrIdle = errors.New("client: nothing received within the idle timeout")
	// ErrConnectTimeout is the failure of an attempt that took longer than
	// [WithConnectTimeout] allows.
	ErrConnectTimeout = errors.New("client: connect timeout")
	// ErrLastEventID says that no HTTP header can carry the last event id unchanged, so the
	// stream cannot be resumed. The id has a control character, or a space or tab at an
	// end, which HTTP strips.
	ErrLastEventID = errors.New("client: last event ID is no legal header value")
	// ErrNotResumable says that a stream was cut, or a request failed, and that the client
	// must not or cannot go on. The method is not safe, the events have no ids, or they had
	// no value that the operation's Resume needs. The error wraps the cause. Read can
	// resume such a stream in the caller's own way.
	ErrNotResumable = errors.New("client: the stream cannot be resumed")
	// ErrUnknownEvent ends a strict stream at an event that would otherwise be delivered as
	// an UnknownEvent.
	ErrUnknownEvent = errors.New("client: unknown event")
	// ErrOutcomeUnknown says that the events of a failed call may be published all the
	// same: a request got no answer, or an answer that does not say. Another call may
	// publish them twice.
	ErrOutcomeUnknown = errors.New("client: it is unknown whether the events are published")
)

var (
	// errReconnect is the failure of a connection that Reconnect ended.
	errReconnect = errors.New("client: reconnection requested")
	// errNothingMore is the answer 204. It is not io.EOF, with which net/http reports a
	// connection that was closed before its answer.
	errNothingMore = errors.New("client: the server has nothing more")
	// errStreamEnded is the end of a body that does not say that the stream is over.
	errStreamEnded = errors.New("client: the stream ended")
)

// gaveUpError is an ErrGaveUp with the last failure.
type gaveUpError struct {
	failures int
	elapsed  time.Duration
	cause    error
}

// Error returns the counts and the last failure.
func (e *gaveUpError) Error() string {
	return fmt.Sprintf("%v (failures: %d, time: %v): %s", ErrGaveUp, e.failures, e.elapsed.Round(time.Millisecond), unprefixed(e.cause))
}

// Unwrap returns ErrGaveUp and the last failure.
func (e *gaveUpError) Unwrap() []error { return []error{ErrGaveUp, e.cause} }

// notResumableError is an ErrNotResumable with its reason and its cause.
type notResumableError struct {
	reason string
	cause  error
}

// Error returns the reason and the cause.
func (e *notResumableError) Error() string {
	msg := fmt.Sprintf("%v: %s: %s", ErrNotResumable, e.reason, unprefixed(e.cause))
	if errors.Is(e.cause, errStreamEnded) {
		msg += "; if that is how the stream ends, say so with UntilEvent, UntilData or Until"
	}
	return msg
}

// Unwrap returns ErrNotResumable and the cause.
func (e *notResumableError) Unwrap() []error { return []error{ErrNotResumable, e.cause} }

// unknownOutcomeError is a failure that is an ErrOutcomeUnknown as well.
type unknownOutcomeError struct{ cause error }

// Error returns the text of the failure, and that the outcome is unknown.
func (e *unknownOutcomeError) Error() string {
	return e.cause.Error() + "; " + unprefixed(ErrOutcomeUnknown)
}

// Unwrap returns the failure and ErrOutcomeUnknown.
func (e *unknownOutcomeError) Unwrap() []error { return []error{e.cause, ErrOutcomeUnknown} }

// requestError is a failure to build a request, which no repetition mends.
type requestError struct{ error }

// Unwrap returns the failure.
func (e requestError) Unwrap() error { return e.error }

// unprefixed returns the text of an error without the name of this package, which the text
// around it has already.
func unprefixed(err error) string { return strings.TrimPrefix(err.Error(), "client: ") }

// contextError returns the error of a context that is done, with its cause.
func contextError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}
