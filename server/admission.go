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
//   - of an ingest request, what checkIngest asks
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
	authorizer func(r *http.Request, sessionID string) error // nil: every request is allowed
	limits     limits
}

// initGates makes the gates of a server.
func (s *engine) initGates() {
	c := &s.cfg
	s.streamGate = gate{server: s, method: s.op.method, authorizer: c.authorizer, limits: limits{rows: streamLimits(c)}}
	s.ingestGate = gate{server: s, ingests: true, method: http.MethodPost, authorizer: c.publishAuthorizer, limits: limits{rows: ingestLimits(c)}}
}

// admit returns the place of a request for a session, which the caller must free, or why the
// request is refused. nameErr says what is wrong with how the request names the session; nil if
// nothing is.
func (g *gate) admit(w http.ResponseWriter, r *http.Request, session string, nameErr error) (place, error) {
	if transport.Circular(w) {
		return place{}, errCircular
	}
	elsewhere := errors.Is(nameErr, errNoPath) || errors.Is(nameErr, errMethod)
	if errors.Is(nameErr, errMethod) {
		setDefault(w.Header(), "Allow", g.method) // a router may have other methods there
	}
	if !g.ingests {
		leaveBody(w, r, elsewhere) // nobody reads the body of a request for a stream
	}
	p, err := g.judge(r, session, nameErr)
	if err != nil && g.ingests {
		leaveBody(w, r, true)
	}
	return p, err
}

func (g *gate) judge(r *http.Request, session string, nameErr error) (place, error) {
	if nameErr != nil {
		return place{}, misnamed(r, nameErr)
	}
	if g.ingests {
		if err := g.server.checkIngest(r); err != nil {
			return place{}, err
		}
	}
	if err := g.server.checkSessionParameter(session); err != nil {
		return place{}, misnamed(r, err)
	}
	if err := g.authorize(r, session); err != nil {
		return place{}, err
	}
	if g.server.streams.draining.Load() {
		return place{}, nil // the server sends each new stream away at once, and has room for that
	}
	return g.limits.take(r, session)
}

// misnamed returns the answer to a request that does not name a session for the reason err.
func misnamed(r *http.Request, err error) error {
	switch {
	case errors.Is(err, errUndecided):
		return err
	case errors.Is(err, errNoPath):
		return &RefusalError{Status: http.StatusNotFound, Message: err.Error()}
	case errors.Is(err, errMethod):
		return &RefusalError{Status: http.StatusMethodNotAllowed, Message: "method " + r.Method + " is not allowed here"}
	}
	return &RefusalError{Status: http.StatusBadRequest, Message: err.Error()}
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

// leaveBody must be called before the answer to a request whose body nobody reads. It bounds how
// long net/http waits for the body: it does so over HTTP/1, and without a bound if the body does
// not come. With last, it makes net/http close the connection after such an answer.
func leaveBody(w http.ResponseWriter, r *http.Request, last bool) {
	if r.ProtoMajor != 1 || r.ContentLength == 0 {
		return
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(lingering))
	if last {
		w.Header().Set("Connection", "close")
	}
}
