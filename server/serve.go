package server

import (
	"errors"
	"net/http"

	"github.com/mixstream/mixstream/contract"
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

// errMethod refuses a method that the operation does not have.
var errMethod = errors.New("server: method not allowed")

// answer answers a request for a stream of a session, or one that err refuses. Its stack
// lives as long as the stream: whatever can be elsewhere is in functions that are not
// inlined, since each page of the stack counts once for every reader.
func (s *engine) answer(w http.ResponseWriter, r *http.Request, session, after string, err error) {
	var told *answer // whether it is a refusal
	if told = s.watchRefusal(w, r, session); told != nil {
		w = told
	}
	if l := s.admit(w, r, session, after, err); l != nil {
		if err := l.answer(w); err != nil {
			s.fail(w, r, session, err)
		}
	}
	if told != nil {
		s.tellRefusal(r, told)
	}
}

// admit returns the stream that answers a request, or answers it with why there is none.
//
//go:noinline
func (s *engine) admit(w http.ResponseWriter, r *http.Request, session, after string, err error) *live {
	switch {
	case circular(w):
		s.fail(w, r, session, errCircular)
		return nil
	case errors.Is(err, errNoPath):
		endBody(w, r)
		s.writeError(w, Failure{Status: http.StatusNotFound, Message: errNoPath.Error()})
		return nil
	case errors.Is(err, errMethod):
		setDefault(w.Header(), "Allow", s.op.method) // a router may have other methods there
		endBody(w, r)
		s.writeError(w, Failure{Status: http.StatusMethodNotAllowed, Message: "method " + r.Method + " is not allowed here"})
		return nil
	case err == nil:
		err = s.nameSession(session)
	}
	boundBody(w, r)
	if errors.Is(err, errUndecided) {
		s.fail(w, r, session, err)
		return nil
	}
	if err != nil {
		s.writeError(w, Failure{Status: http.StatusBadRequest, Message: err.Error()})
		return nil
	}
	var l *live
	if err = s.authorize(r, session); err == nil {
		l, err = s.open(r, session, after)
	}
	if err != nil {
		s.fail(w, r, session, err)
		return nil
	}
	return l
}

// nameSession refuses what can be no session, and names the parameter.
func (s *engine) nameSession(session string) error {
	err := s.checkSessionID(session)
	if err == nil || s.op.session.In == "" {
		return err
	}
	return &parameterError{s.op.session, err}
}

// parameterError says that a parameter is wrong.
type parameterError struct {
	param contract.Param
	err   error
}

func (e *parameterError) Error() string {
	return e.param.In + " parameter " + e.param.Name + ": " + e.err.Error()
}

func (e *parameterError) Unwrap() error { return e.err }
