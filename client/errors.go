package client

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mixstream/mixstream/internal/excerpt"
)

var (
	// ErrClosed is the error of a stream that the caller closed before its end.
	ErrClosed = errors.New("client: stream closed")
	// ErrGaveUp says that the limits of the RetryPolicy ended the stream. The last
	// failure is wrapped beside it.
	ErrGaveUp = errors.New("client: gave up reconnecting")
	// ErrIdle is the failure of a connection on which nothing came for the idle timeout.
	ErrIdle = errors.New("client: nothing received within the idle timeout")
	// ErrConnectTimeout is the failure of an attempt that took longer than the connect timeout.
	ErrConnectTimeout = errors.New("client: connect timeout")
	// ErrLastEventID says that no HTTP header can carry the last event ID as it is,
	// so that the stream cannot be resumed: it has a control character, or a space
	// or tab at an end, which HTTP takes off.
	ErrLastEventID = errors.New("client: last event ID is no legal header value")
	// ErrNotResumable says that a stream was cut, or a request failed, and that the client
	// must not or cannot go on: the method is not safe, the events have no ids, or they had
	// no value that the operation's Resume needs. It wraps the cause. Read takes a way to
	// resume all the same.
	ErrNotResumable = errors.New("client: the stream cannot be resumed")
	// ErrUnknownEvent ends a strict stream at an event that would be an UnknownEvent
	// otherwise.
	ErrUnknownEvent = errors.New("client: unknown event")
)

// How much of an error's body is kept, and how long to wait for it.
const (
	maxErrorBody = 64 << 10
	maxErrorWait = 5 * time.Second
)

// gaveUpError is an ErrGaveUp with the last failure.
type gaveUpError struct {
	failures int
	elapsed  time.Duration
	cause    error
}

func (e *gaveUpError) Error() string {
	cause := strings.TrimPrefix(e.cause.Error(), "client: ")
	return fmt.Sprintf("%v (failures: %d, time: %v): %s", ErrGaveUp, e.failures, e.elapsed.Round(time.Millisecond), cause)
}

func (e *gaveUpError) Unwrap() []error { return []error{ErrGaveUp, e.cause} }

// notResumableError is an ErrNotResumable with its reason and its cause.
type notResumableError struct {
	reason string
	cause  error
}

func (f *feed) notResumable(reason string, cause error) error {
	return &notResumableError{reason, cause}
}

func (e *notResumableError) Error() string {
	msg := fmt.Sprintf("%v: %s: %s", ErrNotResumable, e.reason, strings.TrimPrefix(e.cause.Error(), "client: "))
	if errors.Is(e.cause, errStreamEnded) {
		msg += "; if that is how it ends, say so with UntilEvent, UntilData or Until"
	}
	return msg
}

func (e *notResumableError) Unwrap() []error { return []error{ErrNotResumable, e.cause} }

// GapError says that events may be missing: the server no longer has everything
// after the last event that was received.
type GapError struct {
	// Requested is the id after which the stream was to go on; empty if none was given.
	Requested string
	// ResumeFrom is the position after which everything is retained. A new stream
	// with it as its last event ID goes on behind the gap.
	ResumeFrom string
	// Message is the server's description, or the client's if the server gave none.
	Message string
	// Err is the answer by which the server told the gap, or the failure that led to it;
	// nil if an event told or showed it.
	Err error
}

// Error tells both positions.
func (e *GapError) Error() string {
	return fmt.Sprintf("client: events between %s and %s may be missing: %s", excerpt.Quote(e.Requested), excerpt.Quote(e.ResumeFrom), excerpt.Text(e.Message))
}

// Unwrap returns Err.
func (e *GapError) Unwrap() error { return e.Err }
