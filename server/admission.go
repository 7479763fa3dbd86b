package server

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/server/internal/transport"
)

// A gate admits the requests of one kind: those for a stream, or ingest requests. What it asks
// of a request, in this order:
//
//   - whether it has the path and the method of the operation, and names a session
//   - what holds for its kind only (check)
//   - whether the session can have that name
//   - whether the authorizer allows it
//   - whether there is a place for it within the limits (limits.go)
//
// The error of a request that is not admitted is its answer: see refuse. The log is asked
// after that, so a stranger does not learn which sessions exist.
type gate struct {
	server     *engine
	ingests    bool
	method     string                                        // of the operation
	check      func(*http.Request) error                     // nil: nothing
	authorizer func(r *http.Request, sessionID string) error // nil: every request is allowed
	limits     limits
}

// initGates makes the gates of a server.
func (s *engine) initGates() {
	c := &s.cfg
	s.streamGate = gate{server: s, method: s.op.method, authorizer: c.authorizer, limits: limits{rows: streamLimits(c)}}
	s.ingestGate = gate{server: s, ingests: true, method: http.MethodPost, check: s.checkIngest, authorizer: c.publishAuthorizer, limits: limits{rows: ingestLimits(c)}}
}

// Errors of a request that does not name a session. Its router, or the application, has found
// them before the gate.
var (
	errNoPath = errors.New("there is nothing at this path")
	errMethod = errors.New("server: method not allowed")
	// errUndecided is the error of every request if the session is not known.
	errUndecided = errors.New("server: the spec does not say which parameter names the session: x-mixstream can say it, and Serve takes it from a handler of the application")
)

// admit returns the place of a request for a session, which the caller must free, or why the
// request is refused. Named is what is wrong with how the request names the session.
func (g *gate) admit(w http.ResponseWriter, r *http.Request, session string, named error) (place, error) {
	if transport.Circular(w) {
		return place{}, errCircular
	}
	if !g.ingests {
		boundBody(w, r) // nobody reads the body of a request for a stream
	}
	p, err := g.judge(w, r, session, named)
	if err != nil && (g.ingests || errors.Is(named, errNoPath) || errors.Is(named, errMethod)) {
		endBody(w, r)
	}
	return p, err
}

func (g *gate) judge(w http.ResponseWriter, r *http.Request, session string, named error) (place, error) {
	switch {
	case errors.Is(named, errNoPath):
		return place{}, &RefusalError{Status: http.StatusNotFound, Message: errNoPath.Error()}
	case errors.Is(named, errMethod):
		setDefault(w.Header(), "Allow", g.method) // a router may have other methods there
		return place{}, &RefusalError{Status: http.StatusMethodNotAllowed, Message: "method " + r.Method + " is not allowed here"}
	case errors.Is(named, errUndecided):
		return place{}, named
	case named != nil:
		return place{}, &RefusalError{Status: http.StatusBadRequest, Message: named.Error()}
	}
	if g.check != nil {
		if err := g.check(r); err != nil {
			return place{}, err
		}
	}
	if err := g.server.checkSessionParameter(session); err != nil {
		return place{}, &RefusalError{Status: http.StatusBadRequest, Message: err.Error()}
	}
	if err := g.authorize(r, session); err != nil {
		return place{}, err
	}
	if g.server.streams.draining.Load() {
		return place{}, nil // the server sends each new stream away at once, and has room for that
	}
	return g.limits.take(r, session)
}

// authorize asks the authorizer whether a request may have what it asks for of a session.
func (g *gate) authorize(r *http.Request, session string) error {
	if g.authorizer == nil {
		return nil
	}
	err := g.authorizer(r, session)
	switch {
	case err == nil:
		return nil
	case g.ingests:
		return fmt.Errorf("publish authorizer: %w", err)
	}
	return fmt.Errorf("authorizer: %w", err)
}

// checkSessionParameter refuses what cannot be a session, and names the parameter.
func (s *engine) checkSessionParameter(session string) error {
	err := s.checkSessionID(session)
	if err == nil || s.op.session.In == "" {
		return err
	}
	return &parameterError{s.op.session, err}
}

// parameterError says what is wrong with a parameter.
type parameterError struct {
	param contract.Param
	err   error
}

func (e *parameterError) Error() string {
	return e.param.In + " parameter " + e.param.Name + ": " + e.err.Error()
}

func (e *parameterError) Unwrap() error { return e.err }

// lingering is how long net/http reads the body of a request that the server has answered
// without reading it, so that a reset of the connection does not take the answer with it.
const lingering = time.Second

// boundBody bounds how long net/http waits for a body that nobody reads, and reports whether
// it may wait: it does so over HTTP/1, and without a bound if the body does not come.
func boundBody(w http.ResponseWriter, r *http.Request) bool {
	waits := r.ProtoMajor == 1 && r.ContentLength != 0
	if waits {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(lingering))
	}
	return waits
}

// endBody must be called before the answer to a request whose body nobody reads. It makes
// net/http close the connection after it.
func endBody(w http.ResponseWriter, r *http.Request) {
	if boundBody(w, r) {
		w.Header().Set("Connection", "close")
	}
}
