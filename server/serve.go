package server

import (
	"errors"
	"net/http"
	"strings"
)

// StreamOption configures one stream; see [Server.Serve].
type StreamOption func(*streamOptions)

type streamOptions struct {
	after    string
	hasAfter bool
}

// ResumeAfter makes a stream go on after the event with this id, instead of after the
// Last-Event-ID of the request. It is for an operation whose position stands elsewhere, such
// as in a parameter. An empty id begins a stream as a request without one does.
func ResumeAfter(id string) StreamOption {
	return func(o *streamOptions) { o.after, o.hasAfter = id, true }
}

// Serve serves the stream of a session, from inside a handler of the application: it answers
// the request, and returns when the stream has ended, or has been detached
// ([WithDetachedStreams]). The application judges the path and the parameters of the request,
// and its method, except that Serve answers HEAD with 405: net/http's router sends it to the
// handlers of GET, and an answer to it would have no end. All else is as in ServeHTTP: the
// authorizer and the limits apply. If all readers share one stream, session may be empty.
func (s *engine) Serve(w http.ResponseWriter, r *http.Request, session string, opts ...StreamOption) {
	var o streamOptions
	for _, opt := range opts {
		opt(&o)
	}
	after := s.op.resumeAfter(r)
	if o.hasAfter {
		after = o.after
	}
	session, err := s.op.canonical(session)
	if r.Method == http.MethodHead {
		err = errMethod
	}
	s.answer(w, r, session, after, err)
}

// ServeHTTP serves the stream of the session that the request names in the parameter
// of the spec. The server matches the path of the spec against the end of the request's
// path, so it may stand behind any prefix. Any other path is answered with 404, and any
// other method than the operation's with 405.
func (s *engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	session, err := s.op.sessionOf(r)
	if !errors.Is(err, errNoPath) && r.Method != s.op.method {
		err = errMethod
	}
	s.answer(w, r, session, s.op.resumeAfter(r), err)
}

// answer answers a request for a stream of a session. Named is what is wrong with how the
// request names the session. The stack of answer lives as long as the stream, and each page of
// it counts once for every reader. So what ends before the stream begins is in functions that
// are not inlined.
func (s *engine) answer(w http.ResponseWriter, r *http.Request, session, after string, named error) {
	o, err := s.admit(w, r, session, after, named)
	if err == nil {
		err = o.serve(w, r)
	}
	if err != nil {
		s.refuseStream(w, r, session, err)
	}
}

// admit returns the stream that answers a request, or why there is none.
//
//go:noinline
func (s *engine) admit(w http.ResponseWriter, r *http.Request, session, after string, named error) (*openStream, error) {
	session = strings.Clone(session) // out of the first line of the request, which would live as long as the stream
	p, err := s.streamGate.admit(w, r, session, named)
	if err != nil {
		return nil, err
	}
	return s.open(r, session, after, p)
}
