package server

import (
	"errors"
	"os"

	"github.com/mixstream/mixstream/eventlog"
)

// EndReason says why a stream ended. The values are stable, and are what logs and
// metrics show.
type EndReason string

// Reasons for which streams end.
const (
	// EndClientLeft: the client closed the connection or the connection broke, or a
	// middleware ended the request.
	EndClientLeft EndReason = "client_left"
	// EndSessionDeleted: the stream got to the end of its session.
	EndSessionDeleted EndReason = "session_deleted"
	// EndShutdown: Shutdown ended it, or found it opened after its call.
	EndShutdown EndReason = "shutdown"
	// EndMaxAge: it reached the maximum connection age.
	EndMaxAge EndReason = "max_age"
	// EndSlowReader: the reader did not take a write within the write timeout.
	EndSlowReader EndReason = "slow_reader"
	// EndRevoked: the client was no longer allowed to read the session.
	EndRevoked EndReason = "revoked"
	// EndLogFailed: the log could not be read.
	EndLogFailed EndReason = "log_failed"
	// EndLogUnavailable: the log could not be reached, for longer than WithLogOutage
	// says or when the stream was opened.
	EndLogUnavailable EndReason = "log_unavailable"
	// EndWriteFailed: a write failed although the client was there, perhaps in a
	// middleware.
	EndWriteFailed EndReason = "write_failed"
	// EndGap: events that the reader had not been given are no longer retained, and the
	// contract has no event to say so. The client learns it when it reconnects.
	EndGap EndReason = "gap"
	// EndPanic: a function of the application panicked.
	EndPanic EndReason = "panic"
)

// errGap is why a stream ended that had come to a gap.
var errGap = errors.New("server: events are no longer retained")

// logError is a failure to read the log.
type logError struct{ error }

func (e logError) Unwrap() error { return e.error }

// endReason tells why the stream ended, from what run returned.
func (l *live) endReason(err error) EndReason {
	var failed logError
	switch {
	case err == nil && l.atEnd():
		return EndSessionDeleted
	case errors.Is(err, errAborted), l.isAborted():
		return EndShutdown
	case errors.Is(err, errGap):
		return EndGap
	case errors.Is(err, errRevoked):
		return EndRevoked
	case err == nil:
		if l.server.streams.draining.Load() {
			return EndShutdown
		}
		return EndMaxAge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return EndSlowReader
	case errors.As(err, &failed) && errors.Is(err, eventlog.ErrUnavailable):
		return EndLogUnavailable
	case errors.As(err, &failed):
		return EndLogFailed
	case l.ctx.Err() != nil, // after the write timeout, at which net/http ends the context too
		l.detached.Load() != nil: // where nothing but the socket can fail
		return EndClientLeft
	}
	return EndWriteFailed
}
