package server

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
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

// asRefusal returns what an error refuses a request with, or nil if the error is
// no refusal but a failure.
func asRefusal(err error) *RefusalError {
	var e *RefusalError
	switch {
	case errors.As(err, &e):
		if e.Status < 400 || e.Status > 599 {
			return nil
		}
		return e
	case errors.Is(err, ErrUnauthorized):
		return &RefusalError{Status: http.StatusUnauthorized, Message: "valid credentials are required"}
	case errors.Is(err, ErrForbidden):
		return &RefusalError{Status: http.StatusForbidden, Message: "no access to this session"}
	}
	return nil
}

// refuse answers with a refusal.
func (s *engine) refuse(w http.ResponseWriter, e *RefusalError) {
	h := w.Header() // in which a middleware may have said how it encodes the body
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
}

func setDefault(h http.Header, key, value string) {
	if h.Get(key) == "" {
		h.Set(key, value)
	}
}
