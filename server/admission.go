package server

import (
	"errors"
	"fmt"
	"net/http"
	"time"

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
	ingests      bool
	method       string                                        // of the operation
	check        func(*http.Request) error                     // nil: nothing
	checkSession func(sessionID string) error                  // whether it can be a session
	authorizer   func(r *http.Request, sessionID string) error // nil: every request is allowed
	draining     func() bool                                   // whether the server shuts down
	limits       limits
}

// admit returns the place of a request for a session, which the caller must free, or why the
// request is refused. nameErr says what is wrong with how the request names the session; nil if
// nothing is.
func (g *gate) admit(w http.ResponseWriter, r *http.Request, session string, nameErr error) (place, error) {
	if transport.Circular(w) {
		return place{}, errCircular
	}
	if !g.ingests {
		boundBody(w, r) // nobody reads the body of a request for a stream
	}
	p, err := g.judge(w, r, session, nameErr)
	if err != nil && (g.ingests || errors.Is(nameErr, errNoPath) || errors.Is(nameErr, errMethod)) {
		endBody(w, r)
	}
	return p, err
}

func (g *gate) judge(w http.ResponseWriter, r *http.Request, session string, nameErr error) (place, error) {
	switch {
	case errors.Is(nameErr, errNoPath):
		return place{}, &RefusalError{Status: http.StatusNotFound, Message: errNoPath.Error()}
	case errors.Is(nameErr, errMethod):
		setDefault(w.Header(), "Allow", g.method) // a router may have other methods there
		return place{}, &RefusalError{Status: http.StatusMethodNotAllowed, Message: "method " + r.Method + " is not allowed here"}
	case errors.Is(nameErr, errUndecided):
		return place{}, nameErr
	case nameErr != nil:
		return place{}, &RefusalError{Status: http.StatusBadRequest, Message: nameErr.Error()}
	}
	if g.check != nil {
		if err := g.check(r); err != nil {
			return place{}, err
		}
	}
	if err := g.checkSession(session); err != nil {
		return place{}, &RefusalError{Status: http.StatusBadRequest, Message: err.Error()}
	}
	if err := g.authorize(r, session); err != nil {
		return place{}, err
	}
	if g.draining() {
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
