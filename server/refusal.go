package server

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/mixstream/mixstream/eventlog"
)

// Reasons for which an authorizer refuses a request. An authorizer may wrap them. The client
// does not get the text of the wrapper.
var (
	// ErrUnauthorized says that the request has no valid credentials. The server answers 401
	// with "WWW-Authenticate: Bearer" (RFC 6750, section 3).
	ErrUnauthorized = errors.New("server: unauthorized")
	// ErrForbidden says that the credentials do not give access to the session. The server
	// answers 403.
	ErrForbidden = errors.New("server: forbidden")
)

// RefusalError is a refusal in the application's own words. A function that may return
// [ErrUnauthorized] or [ErrForbidden] may return it instead. The body of the answer is that of
// [WithErrorBody].
type RefusalError struct {
	// Status is the status of the answer, from 400 to 599.
	Status int
	// Header holds headers of the answer, such as another WWW-Authenticate. Without them, a 401
	// has "WWW-Authenticate: Bearer", and a 429 or 503 a random Retry-After of 1 to 10 s.
	Header http.Header
	// Message is the text for the client. The server sends at most 600 bytes of it. If it is
	// empty, the server sends the text of the status.
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

// asRefusal returns the refusal that an error means, or nil if the error is a failure.
func asRefusal(err error) *RefusalError {
	switch e, ok := errors.AsType[*RefusalError](err); {
	case ok && (e.Status < 400 || e.Status > 599):
		return nil
	case ok:
		return e
	case errors.Is(err, ErrUnauthorized):
		return &RefusalError{Status: http.StatusUnauthorized, Message: "valid credentials are required"}
	case errors.Is(err, ErrForbidden):
		return &RefusalError{Status: http.StatusForbidden, Message: "no access to this session"}
	case errors.Is(err, eventlog.ErrUnavailable):
		return &RefusalError{Status: http.StatusServiceUnavailable, Message: "the log of events is unavailable"}
	}
	return nil
}
