package server

import (
	"context"
	"net/http"

	"github.com/mixstream/mixstream/contract"
)

// Server serves the streams of one operation from a log, and publishes to the log. E is the
// interface of the operation's events. A Server is an http.Handler for the operation. All its
// methods are safe for concurrent use.
type Server[E any] struct {
	engine *engine
	events *contract.Events[E]
	encode encoder[E]
}

// New returns a server of a streaming operation, or an error that names each option with a bad
// value. Without options the server keeps its events in memory; see eventlog.Retention for how
// many. It serves the sessions that CreateSession or a publication has made. Servers of several
// operations can share a log ([WithLog]): each has its own sessions there.
func New[P, E any](op contract.Operation[P, E], opts ...Option) (*Server[E], error) {
	o, err := operationOf(op)
	if err != nil {
		return nil, err
	}
	e, err := newEngine(o, opts)
	if err != nil {
		return nil, err
	}
	return &Server[E]{e, op.Events, op.Encode}, nil
}

// Publish appends an event to a session, and returns the event's id once it is in the log. It
// makes the session known, if it was not. Session can be empty if all readers share one stream.
// Publish encodes the event, and checks its JSON as PublishJSON does. It does not wait for readers,
// and does not keep the event.
//
// An event that the End of the operation names ends the session in the same step, as
// DeleteSession does. It is the last event of the session and of the session's streams.
//
// Publish fails with a *[PublishError], eventlog.ErrSessionDeleted, or an error of the log or
// the context. The event may be in the log only if the error is eventlog.ErrOutcomeUnknown.
func (s *Server[E]) Publish(ctx context.Context, session string, event E) (id string, err error) {
	return publish(ctx, s.engine, s.events, s.encode, session, event)
}

// Serve serves the stream of a session, from inside a handler of the application. It answers
// the request, and returns when the stream has ended or is detached ([WithDetachedStreams]).
//
// The application judges the path, the parameters and the method of the request. Only HEAD gets
// a 405: net/http's router sends HEAD to the handlers of GET, and the answer would have no end.
// The authorizer and the limits apply as in ServeHTTP. If all readers share one stream, session
// may be empty.
func (s *Server[E]) Serve(w http.ResponseWriter, r *http.Request, session string, opts ...StreamOption) {
	s.engine.serve(w, r, session, opts...)
}

// ServeHTTP serves the stream of the session that the request names in the parameter of the
// spec. It matches the path of the spec against the end of the request's path, so the server may
// stand behind any prefix. It answers 404 to any other path, and 405 to any other method than
// the operation's.
func (s *Server[E]) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.engine.serveHTTP(w, r)
}

// PublishJSON publishes an event that comes as JSON, as [Server.Publish] does. The log gets the data
// as it is, unknown members included, but without white space. PublishJSON does not keep data.
//
// The data must be valid JSON in UTF-8, without lone surrogates, in which no object has a member
// twice. It must fit the schema of the event, unless [WithoutEventChecks] is set, and its Go type.
// Otherwise the error is a *[PublishError] with a *contract.InvalidEventError, which names the event,
// the part of the data and the reason. [Server.Publish] and publishing over HTTP refuse the same
// data with the same error.
func (s *Server[E]) PublishJSON(ctx context.Context, session, name string, data []byte) (id string, err error) {
	return s.engine.publishJSON(ctx, session, name, data)
}

// CreateSession makes a session known, and returns the position of its beginning. The contract
// may have an event for that, such as session_created. Then every stream of the session's scope
// ([WithScope]) gets it, with the title. Otherwise no stream shows anything.
//
// CreateSession fails with eventlog.ErrSessionExists if the session is known, also if an event
// has made it known. In the grace period after the session's end ([Timing.DeleteGrace]) it fails
// with eventlog.ErrSessionDeleted. Other errors are [ErrInvalidSessionID], [ErrEventTooLarge] for a
// title over the size limit, and a *contract.InvalidEventError for a title that the contract's event
// cannot have.
func (s *Server[E]) CreateSession(ctx context.Context, session, title string) (id string, err error) {
	return s.engine.createSession(ctx, session, title)
}

// DeleteSession ends a session, and returns the position of its end. The session's own streams
// end there. The contract may have an event for that, such as session_deleted. Then it is their
// last event, and every other stream of the scope gets it too. Otherwise they end without a word.
// The publication of an event that the End of the operation names also ends its session.
//
// The session stays readable for a grace period ([Timing.DeleteGrace]). The server answers 204
// to a client that comes back behind the end. After the grace period the session is unknown.
//
// DeleteSession fails with eventlog.ErrSessionNotFound, eventlog.ErrSessionDeleted or
// [ErrInvalidSessionID].
func (s *Server[E]) DeleteSession(ctx context.Context, session string) (id string, err error) {
	return s.engine.deleteSession(ctx, session)
}

// Readers returns the number of open streams of the session.
func (s *Server[E]) Readers(session string) int {
	return s.engine.countReaders(session)
}

// PublishHandler returns a handler that publishes over HTTP, by POST. The request names the
// session as for ServeHTTP.
//
// The body is one event, {"event":name,"data":…} as application/json, or a stream of events, one
// a line, as application/x-ndjson. For an event without a name in the spec, or whose data names
// it, {"data":…} is enough. The names of these members are matched to the letter, and there are no
// others. The handler checks each event as PublishJSON does, and tells the client the error. It
// honours an Idempotency-Key. Without [WithPublishAuthorizer] it answers 403.
//
// It stands at the path of the stream, behind any prefix. At another path, use ServePublish.
func (s *Server[E]) PublishHandler() http.Handler {
	return s.engine.publishHandler()
}

// ServePublish is PublishHandler for a session that a handler of the application names. The
// application judges the method and the path of the request.
func (s *Server[E]) ServePublish(w http.ResponseWriter, r *http.Request, session string) {
	s.engine.servePublish(w, r, session)
}

// PublishesOverHTTP reports whether events may be published over HTTP: [WithPublishAuthorizer] is
// set.
func (s *Server[E]) PublishesOverHTTP() bool {
	return s.engine.cfg.publishes
}

// WriteError answers a request to another operation of the application, with the same body as
// the server's own errors. A refusal ([ErrUnauthorized], [ErrForbidden] or a *[RefusalError])
// sets the status; a log that is unavailable is answered with 503, any other error with 500.
// The server logs the text of the latter and does not tell it to the client.
func (s *Server[E]) WriteError(w http.ResponseWriter, r *http.Request, err error) {
	s.engine.answerError(w, r, err)
}

// Ready returns nil if the server can take readers and publishers: it is not shutting down, its
// log answers within 2 s, and a log that is an [eventlog.Writable] takes entries. Otherwise it
// returns [ErrDraining], or an error that wraps the log's: context.DeadlineExceeded if the log
// does not answer. The log may be back at the next call, but draining does not end.
//
// Ready is for the probe of a load balancer. Each call looks up one record in the log. Open
// streams outlast an outage of the log ([Timing.LogOutage]).
func (s *Server[E]) Ready(ctx context.Context) error {
	return s.engine.ready(ctx)
}

// Shutdown ends all streams in order. Each stream goes on for a random part of the drain window.
// Its last bytes tell a jittered reconnection time, in the contract's heartbeat event or, if
// there is none, in a retry line. A stream that a client opens after the call tells such a time
// with its first event, and ends. So each client comes back later, to another server or to the
// next process. Publish goes on as before. Over HTTP, the server answers 503 to a new request
// that publishes, and to one whose body has not yet come to its end.
//
// Shutdown returns nil once no stream is open. The connection of a detached stream
// ([WithDetachedStreams]) may take up to a second longer. If the context ends first, Shutdown
// ends the rest at once and returns the context's error; another call waits until they are gone.
// Call it before http.Server.Shutdown, which waits for open streams but does not end them.
func (s *Server[E]) Shutdown(ctx context.Context) error {
	return s.engine.shutdown(ctx)
}
