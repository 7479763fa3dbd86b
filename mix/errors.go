package mix

import (
	"mime"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
)

// ErrorResponse is the ErrorResponse of the spec. It is the Err of the *client.APIError that
// a client returns, so errors.As finds both.
type ErrorResponse struct {
	Type    gen.RESTErrorType // the kind of error
	Message string            // what went wrong, in a sentence
}

// Error returns the type and the message.
func (e *ErrorResponse) Error() string { return string(e.Type) + ": " + e.Message }

// RefusesEvent reports whether the server refuses an event itself. Package client asks the
// errors of a spec for it: see [client.WithErrors].
func (e *ErrorResponse) RefusesEvent() bool { return e.Type == gen.RESTErrorTypeValidationError }

// errorResponse returns the ErrorResponse in the body of an answer; nil if there is none.
func errorResponse(e *client.APIError) error {
	if mediaType, _, _ := mime.ParseMediaType(e.Header.Get("Content-Type")); mediaType != "application/json" {
		return nil
	}
	var body gen.ErrorResponse
	if err := e.Decode(&body); err != nil || body.Error.Type == "" {
		return nil
	}
	return &ErrorResponse{Type: body.Error.Type, Message: body.Error.Message}
}
