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
)

// apiError is an error that JetStream has answered with.
type apiError struct {
	Code        int    `json:"code"`
	ErrCode     int    `json:"err_code"`
	Description string `json:"description"`
}

func (e *apiError) Error() string { return "JetStream: " + e.Description }

// hasCode tells whether an error is an answer of JetStream with this code.
func hasCode(err error, code int) bool {
	var e *apiError
	return errors.As(err, &e) && e.ErrCode == code
}

// transient tells whether an error says only that NATS could not answer now.
func transient(err error) bool {
	var ours *apiError
	var theirs *jetstream.APIError
	var strange strangeError
	switch {
	case errors.As(err, &strange), errors.Is(err, errBehind):
		return true
	case errors.As(err, &ours):
		return ours.Code >= 429 || ours.ErrCode == codeDuplicateInWork
	case errors.As(err, &theirs):
		return theirs.Code >= 429
	}
	return unanswered(err) || unsent(err)
}

// errClosed is why what goes on while the log is closed ends.
var errClosed = errors.New("the log is closed")

// cutOffError says that the connection has failed, perhaps after something was sent. It
// does not unwrap to the cause, which by itself may say that nothing was sent.
type cutOffError struct{ cause error }

func (e cutOffError) Error() string { return "the connection has failed: " + e.cause.Error() }

// cutOff returns an error of the connection that may have come after the sending as a
// cutOffError, and any other as it is.
func cutOff(err error) error {
	var broken *net.OpError
	for _, e := range []error{nats.ErrConnectionClosed, nats.ErrDisconnected, net.ErrClosed, io.ErrClosedPipe} {
		if errors.Is(err, e) {
			return cutOffError{err}
		}
	}
	if errors.As(err, &broken) {
		return cutOffError{err}
	}
	return err
}

// unsent tells whether an error says that nobody can have got what was to be sent.
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

// unanswered tells whether an error says that no answer came.
func unanswered(err error) bool {
	var broken cutOffError
	return errors.As(err, &broken) || errors.Is(err, errClosed) || errors.Is(err, nats.ErrTimeout) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrStaleConnection)
}

// failed returns the error of a call that has failed by err: that of the context if
// it has ended, and otherwise one that says whether the log is there.
func failed(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case transient(err):
		return fmt.Errorf("natslog: %w: %w", eventlog.ErrUnavailable, err)
	}
	return fmt.Errorf("natslog: %w", err)
}
