package server

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// WithLog sets the log behind the server; by default, and if l is nil, a new eventlog.Memory.
//
// The caller closes the log, if it needs closing, after the http.Server has ended and Shutdown
// has returned nil. Several servers can share a log, in one process or in many. Those of one
// operation then serve the same sessions; those of different operations have sessions of their
// own (see [WithNamespace]). The ids of a log must be above 1: to resume after 0 means the
// oldest event, and 1 always makes a gap.
func WithLog(l eventlog.Log) Option { return func(c *config) { c.log = l } }

// WithLogger sets the logger; by default, and if l is nil, the server logs nothing. It logs
// failures, and the readers that it drops because they do not read. At debug level it logs each
// stream that opens, ends or is refused. A line has at most 600 bytes of what a client has
// sent, such as a path.
func WithLogger(l *slog.Logger) Option {
	return func(c *config) {
		if l == nil {
			l = slog.New(slog.DiscardHandler)
		}
		c.logger = excerpt.Logger(l)
	}
}

// WithScope sets the function that maps a session to its scope, such as a tenant or a user. The
// contract may have events for the creation and the deletion of a session: all streams of its
// scope get them.
//
// By default, and if f returns an empty string, a session is a scope of its own. So no reader
// learns of another's sessions. f must always return the same scope for a session. The server
// calls it from many goroutines. [New] refuses a nil f.
func WithScope(f func(sessionID string) string) Option { return func(c *config) { c.scope = f } }

// WithSessions sets the function that decides whether a session exists that is not in the log.
// If it returns true, clients can follow the session before its first event. By default the
// server answers 404 for such a session. If f returns an error, it answers 500. It calls f from
// many goroutines. [New] refuses a nil f.
//
// After a gap the server calls f again, for a detached stream with another context (see
// [WithDetachedStreams]). If f returns false then, the stream ends, and its client comes back
// with a new request.
func WithSessions(f func(ctx context.Context, sessionID string) (bool, error)) Option {
	return func(c *config) { c.sessions = f }
}

// WithAuthorizer sets the function that decides whether a request may read a session; by default
// every request may read every session.
//
// The server calls f for each request for a stream, and so again for each reconnection, from
// many goroutines. It calls f before it looks the session up, so that a stranger does not learn
// which sessions exist. The session id is a valid one. The request is the one that the server
// got, with what a middleware has put into its context.
//
// f refuses with [ErrUnauthorized], [ErrForbidden] or a *[RefusalError]. The server answers any
// other error with 500, logs it, and does not tell the client its text.
//
// The authorizer guards only the streams of this server. The application authorizes its other
// operations itself, and can answer them with the same errors: see [Server.WriteError].
// [Timing.Reauthorization] makes the server call f again for open streams. [New] refuses a nil f:
// an authorizer that was forgotten must not open every session.
func WithAuthorizer(f func(r *http.Request, sessionID string) error) Option {
	return func(c *config) { c.guarded, c.authorizer = true, f }
}

// WithPublishAuthorizer turns publishing over HTTP on ([Server.PublishHandler]), for the requests
// that f allows to publish to the session; by default it is off. The server calls f once for
// each request, from many goroutines, before it reads the body. f refuses as the function of
// [WithAuthorizer] does.
//
// The server takes all events that the schemas allow, so a client that may publish speaks for
// the application. A cookie, or any other credential that a browser sends by itself, does not
// prove which page made the request. But a page of another origin must ask first (CORS): the
// server takes two content types only, and a page may send neither unasked. [New] refuses a nil
// f.
func WithPublishAuthorizer(f func(r *http.Request, sessionID string) error) Option {
	return func(c *config) { c.publishes, c.publishAuthorizer = true, f }
}

// WithErrorBody sets the function that writes the body of an error, so that errors are those of
// the application's spec. f returns the content type and the body. The server calls it from many
// goroutines.
//
// By default the body is a problem (RFC 9457). It has the title and the status of the answer, and
// the message as its detail. For a request that publishes it also has the members count, line,
// lastId and invalid. [New] refuses a nil f.
func WithErrorBody(f func(Failure) (contentType string, body []byte)) Option {
	return func(c *config) { c.errorBody = f }
}

// OnFirstReader sets a function that the server calls when a session gets its first reader; by
// default, and if f is nil, there is none. The server answers that reader when f returns. Calls
// for one session do not overlap with each other, or with those of [OnLastReader]. Shutdown sends
// new streams away at once: they are no readers.
//
// If f panics, the request of that reader ends. The call then counts for nothing: OnLastReader
// does not follow it, and the next reader leads to another call.
func OnFirstReader(f func(sessionID string)) Option { return func(c *config) { c.onFirstReader = f } }

// OnLastReader sets a function that the server calls when the last reader of a session has left;
// by default, and if f is nil, there is none. [Server.Readers] no longer counts that reader. The
// function may stop an agent without an audience, for instance. But a reader whose connection
// broke may come back soon.
//
// Streams that [Server.Shutdown] ends lead to the call as well, and Shutdown waits for f. If f
// panics, the connection of that reader is cut, and the call is not repeated.
func OnLastReader(f func(sessionID string)) Option { return func(c *config) { c.onLastReader = f } }

// WithObserver sets the observer; by default, and if o is nil, there is none, which costs nothing.
func WithObserver(o Observer) Option { return func(c *config) { c.observer = o } }
