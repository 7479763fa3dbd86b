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

// ResumeAfter makes a stream begin after the event with this id. The Last-Event-ID of the
// request does not count then. Use it for an operation whose position stands elsewhere, such as
// in a parameter. An empty id is as a request without an id.
func ResumeAfter(id string) StreamOption {
	return func(o *streamOptions) { o.after, o.hasAfter = id, true }
}

// serve implements [Server.Serve].
func (s *engine) serve(w http.ResponseWriter, r *http.Request, session string, opts ...StreamOption) {
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

// serveHTTP implements [Server.ServeHTTP].
func (s *engine) serveHTTP(w http.ResponseWriter, r *http.Request) {
	session, err := s.op.sessionOf(r)
	if !errors.Is(err, errNoPath) && r.Method != s.op.method {
		err = errMethod
	}
	s.answer(w, r, session, s.op.resumeAfter(r), err)
}

// answer answers a request for a stream of a session; nameErr is as for gate.admit. The stack of
// answer lives as long as the stream, and each page of it counts once for every reader. So what
// ends before the stream begins is in functions that are not inlined.
func (s *engine) answer(w http.ResponseWriter, r *http.Request, session, after string, nameErr error) {
	o, err := s.streamFor(w, r, session, after, nameErr)
	if err == nil {
		err = o.serve(w, r)
	}
	if err != nil {
		s.refuseStream(w, r, session, err)
	}
}

// streamFor returns the stream that answers a request, or why there is none.
//
//go:noinline
func (s *engine) streamFor(w http.ResponseWriter, r *http.Request, session, after string, nameErr error) (*openStream, error) {
	session = strings.Clone(session) // out of the first line of the request, which would live as long as the stream
	p, err := s.streamGate.admit(w, r, session, nameErr)
	if err != nil {
		return nil, err
	}
	return s.open(r, session, after, p)
}
