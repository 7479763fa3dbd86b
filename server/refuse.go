package server

import (
	"errors"
	"log/slog"
	"maps"
	"net/http"

	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/server/internal/transport"
)

// refuseStream answers a request for a stream that fails with err, and tells the observer.
//
//go:noinline
func (s *engine) refuseStream(w http.ResponseWriter, r *http.Request, session string, err error) {
	status := s.refuse(w, r, session, err)
	if s.checkSessionID(session) != nil {
		session = "" // it could be of any size
	}
	s.cfg.logger.LogAttrs(r.Context(), slog.LevelDebug, "stream refused",
		slog.String("session", session), slog.String("remote", r.RemoteAddr), slog.Int("status", status))
	if s.cfg.observer != nil {
		s.cfg.observer.StreamRefused(r.Context(), Refusal{Operation: s.op.id, SessionID: session, RemoteAddr: r.RemoteAddr, Status: status})
	}
}

// refuse answers a request that fails with err, and returns the status of the answer.
func (s *engine) refuse(w http.ResponseWriter, r *http.Request, session string, err error) (status int) {
	e := s.refusalOf(r, session, err)
	if e.Status == http.StatusNoContent {
		w.WriteHeader(e.Status)
		return e.Status
	}
	h := w.Header() // a middleware may have said there how it encodes the body
	added := e.Header.Clone()
	for _, ofBody := range []string{"Content-Length", "Content-Encoding", "Transfer-Encoding"} {
		added.Del(ofBody)
	}
	maps.Copy(h, added)
	switch e.Status {
	case http.StatusUnauthorized:
		setDefault(h, "WWW-Authenticate", "Bearer")
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		setDefault(h, "Retry-After", retryAfter())
	}
	s.writeError(w, Failure{Status: e.Status, Message: e.message()})
	return e.Status
}

func setDefault(h http.Header, key, value string) {
	if h.Get(key) == "" {
		h.Set(key, value)
	}
}

// refusalOf returns the answer to a request that fails with err. It logs a failure, of which
// the client learns only that there was one.
func (s *engine) refusalOf(r *http.Request, session string, err error) *RefusalError {
	refusal := asRefusal(err)
	switch {
	case errors.Is(err, errEnded):
		return &RefusalError{Status: http.StatusNoContent}
	case refusal != nil:
		return refusal
	case errors.Is(err, transport.ErrNoFlush):
		s.cfg.logger.ErrorContext(r.Context(), "stream refused", "session", session, "remote", r.RemoteAddr, "error", err)
		return &RefusalError{Status: http.StatusInternalServerError, Message: transport.ErrNoFlush.Error()} // without the writer's type
	case r.Context().Err() != nil:
		// The client has left, unless a middleware or the http.Server has ended the request:
		// to its client, an empty 200 would say that there is nothing to come back for.
		return &RefusalError{Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"1"}}, Message: "the request was ended by the server"}
	case errors.Is(err, errCircular):
		s.cfg.logger.ErrorContext(r.Context(), "request failed", "path", r.URL.Path, "remote", r.RemoteAddr, "error", err)
		return &RefusalError{Status: http.StatusInternalServerError, Message: errCircular.Error()}
	}
	s.cfg.logger.ErrorContext(r.Context(), "request failed", "path", r.URL.Path, "session", session, "remote", r.RemoteAddr, "error", err)
	return &RefusalError{Status: http.StatusInternalServerError, Message: "internal error"}
}

// writeError answers with an error. Its message is bounded, whatever it repeats of the
// request.
func (s *engine) writeError(w http.ResponseWriter, f Failure) {
	f.Message = excerpt.Text(f.Message)
	contentType, body := s.cfg.errorBody(f)
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(f.Status)
	_, _ = w.Write(body) // a client that has left cannot be answered
}

// answerError implements [Server.WriteError].
func (s *engine) answerError(w http.ResponseWriter, r *http.Request, err error) {
	s.refuse(w, r, "", err)
}
