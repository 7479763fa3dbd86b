package server

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strings"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server/internal/transport"
)

// Reasons for which an authorizer refuses a request. They may come wrapped; what
// they are wrapped in is not told to the client.
var (
	// ErrUnauthorized says that the request has no valid credentials. It is answered
	// with 401 and "WWW-Authenticate: Bearer" (RFC 6750, section 3).
	ErrUnauthorized = errors.New("server: unauthorized")
	// ErrForbidden says that the credentials do not give access to the session. It is
	// answered with 403.
	ErrForbidden = errors.New("server: forbidden")
)

// RefusalError is a refusal in the application's own words, for a function that
// returns ErrUnauthorized or ErrForbidden otherwise. It is answered with
// an error of the spec (see WithErrorBody).
type RefusalError struct {
	// Status is the status of the answer, from 400 to 599.
	Status int
	// Header is added to the answer, such as another WWW-Authenticate. A 401 has
	// "WWW-Authenticate: Bearer" otherwise, and a 429 or 503 a random Retry-After of
	// 1 to 10 s.
	Header http.Header
	// Message is told to the client, 600 bytes of it at most; if empty, the text of the
	// status is.
	Message string
}

// Error tells the status and the message.
func (e *RefusalError) Error() string {
	return fmt.Sprintf("server: refused with %d: %s", e.Status, e.message())
}

// Unwrap returns ErrUnauthorized for a 401 and ErrForbidden for a 403.
func (e *RefusalError) Unwrap() error {
	switch e.Status {
	case http.StatusUnauthorized:
		return ErrUnauthorized
	case http.StatusForbidden:
		return ErrForbidden
	}
	return nil
}

func (e *RefusalError) message() string {
	if e.Message != "" {
		return e.Message
	}
	return strings.ToLower(http.StatusText(e.Status))
}

// asRefusal returns the refusal that an authorizer means with an error, or nil if the error is
// a failure.
func asRefusal(err error) *RefusalError {
	if e, ok := errors.AsType[*RefusalError](err); ok {
		if e.Status < 400 || e.Status > 599 {
			return nil
		}
		return e
	}
	switch {
	case errors.Is(err, ErrUnauthorized):
		return &RefusalError{Status: http.StatusUnauthorized, Message: "valid credentials are required"}
	case errors.Is(err, ErrForbidden):
		return &RefusalError{Status: http.StatusForbidden, Message: "no access to this session"}
	}
	return nil
}

// refusalOf returns the answer to a request that fails with err. It logs a failure, of which
// the client learns only that there was one.
func (s *engine) refusalOf(r *http.Request, session string, err error) *RefusalError {
	refusal := cmp.Or(asRefusal(err), unavailable(err))
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

func setDefault(h http.Header, key, value string) {
	if h.Get(key) == "" {
		h.Set(key, value)
	}
}

// unavailable returns the refusal of a request that needs the log, if err says that the log is
// unavailable.
func unavailable(err error) *RefusalError {
	if !errors.Is(err, eventlog.ErrUnavailable) {
		return nil
	}
	return &RefusalError{Status: http.StatusServiceUnavailable, Message: "the log of events is unavailable"}
}
