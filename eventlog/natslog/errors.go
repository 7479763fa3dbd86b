package natslog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/mixstream/mixstream/eventlog"
)

// Error codes of JetStream.
const (
	codeWrongLast       = 10071
	codeWrongLastInWork = 10164
	codeWrongLastID     = 10070
	codeDuplicate       = 10201
	codeDuplicateInWork = 10158
	codeIncompleteBatch = 10176
	codeNoMessage       = 10037
	codeNoStream        = 10059
	codeNoMemory        = 10028 // left for the limit of a stream
	codeNoStorage       = 10047
)

var (
	// errMoved says that the last message under the subject is not the expected one, or
	// that a batch has lost a message on its way. Nothing was stored; start over.
	errMoved = errors.New("there is a later message under the subject")
	// errRepeated says that a batch has a message id that the stream knows.
	errRepeated = errors.New("the stream knows the message id")
	// errBehind says that a server has not got far enough to answer.
	errBehind = errors.New("the server is behind the leader")
	// errClosed is the cause with which calls under way end when the log is closed.
	errClosed = errors.New("the log is closed")
	// errInUse says that a session that was found idle is in use again.
	errInUse = errors.New("the session is in use again")
)

// apiError is an error that JetStream has answered.
type apiError struct {
	Code        int    `json:"code"`
	ErrCode     int    `json:"err_code"`
	Description string `json:"description"`
}

func (e *apiError) Error() string { return "JetStream: " + e.Description }

// hasCode reports whether an error is an answer of JetStream with this code.
func hasCode(err error, code int) bool {
	answer, is := errors.AsType[*apiError](err)
	return is && answer.ErrCode == code
}

// foreignStreamError says that a stream is not the one that the log knows. It is
// transient: the log is unavailable until it has adopted the stream.
type foreignStreamError struct{ why string }

func (e foreignStreamError) Error() string { return e.why }

// brokenConnectionError says that the connection has failed, perhaps after something
// was sent. It does not unwrap to its cause, which alone may say that nothing was sent.
type brokenConnectionError struct{ cause error }

func (e brokenConnectionError) Error() string {
	return "the connection has failed: " + e.cause.Error()
}

// asBroken returns an error of the connection that may have come after the sending as
// a brokenConnectionError, and any other error as it is.
func asBroken(err error) error {
	for _, e := range []error{nats.ErrConnectionClosed, nats.ErrDisconnected, net.ErrClosed, io.ErrClosedPipe} {
		if errors.Is(err, e) {
			return brokenConnectionError{err}
		}
	}
	if _, is := errors.AsType[*net.OpError](err); is {
		return brokenConnectionError{err}
	}
	return err
}

// transient reports whether an error says only that NATS could not answer now.
func transient(err error) bool {
	if _, is := errors.AsType[foreignStreamError](err); is || errors.Is(err, errBehind) {
		return true
	}
	if ours, is := errors.AsType[*apiError](err); is {
		return ours.Code >= 429 || ours.ErrCode == codeDuplicateInWork
	}
	if theirs, is := errors.AsType[*jetstream.APIError](err); is {
		return theirs.Code >= 429 && theirs.ErrorCode != codeNoMemory && theirs.ErrorCode != codeNoStorage
	}
	return unanswered(err) || unsent(err)
}

// unsent reports whether an error says that nothing can have reached a server.
func unsent(err error) bool {
	for _, e := range []error{
		nats.ErrNoResponders, nats.ErrReconnectBufExceeded, nats.ErrConnectionReconnecting, nats.ErrConnectionClosed,
		nats.ErrConnectionDraining, nats.ErrNoServers, nats.ErrDisconnected, jetstream.ErrJetStreamNotEnabled,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// unanswered reports whether an error says that no answer came.
func unanswered(err error) bool {
	for _, e := range []error{errClosed, nats.ErrTimeout, context.DeadlineExceeded, nats.ErrStaleConnection} {
		if errors.Is(err, e) {
			return true
		}
	}
	_, is := errors.AsType[brokenConnectionError](err)
	return is
}

// publicError returns the error of an exported method that has failed by err: that of
// the context if it has ended, and otherwise one that says whether the log is there.
func publicError(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case transient(err):
		return fmt.Errorf("natslog: %w: %w", eventlog.ErrUnavailable, err)
	}
	return fmt.Errorf("natslog: %w", err)
}
