package server

import "github.com/mixstream/mixstream/server/internal/stream"

// EndReason says why a stream ended. Its values appear in logs and metrics, and do not change.
type EndReason string

// Reasons for the end of a stream.
const (
	// EndClientLeft: the client closed the connection, the connection broke, or a middleware
	// ended the request.
	EndClientLeft EndReason = "client_left"
	// EndSessionDeleted: the stream reached the end of its session.
	EndSessionDeleted EndReason = "session_deleted"
	// EndShutdown: Shutdown ended the stream, or the client opened it after that.
	EndShutdown EndReason = "shutdown"
	// EndMaxAge: the stream reached the maximum connection age.
	EndMaxAge EndReason = "max_age"
	// EndSlowReader: the client did not take a write within the write timeout.
	EndSlowReader EndReason = "slow_reader"
	// EndRevoked: the authorizer no longer allows the client to read the session.
	EndRevoked EndReason = "revoked"
	// EndLogFailed: reading the log failed.
	EndLogFailed EndReason = "log_failed"
	// EndLogUnavailable: the log was unavailable for longer than [Timing.LogOutage], or when
	// the client opened the stream.
	EndLogUnavailable EndReason = "log_unavailable"
	// EndWriteFailed: a write failed although the client was there, perhaps in a middleware.
	EndWriteFailed EndReason = "write_failed"
	// EndGap: the log no longer retains events that the stream had not sent, and the contract
	// has no event to tell it. The client learns it when it reconnects.
	EndGap EndReason = "gap"
	// EndPanic: a function of the application panicked.
	EndPanic EndReason = "panic"
)

// endReasons maps the reasons for which a stream ends itself.
var endReasons = [...]EndReason{
	stream.SessionEnded:   EndSessionDeleted,
	stream.Drained:        EndShutdown,
	stream.Aged:           EndMaxAge,
	stream.Revoked:        EndRevoked,
	stream.Gap:            EndGap,
	stream.LogFailed:      EndLogFailed,
	stream.LogUnavailable: EndLogUnavailable,
}
