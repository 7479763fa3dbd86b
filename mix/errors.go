package mix

import (
	"mime"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// ErrorResponse is an APIError whose body is an ErrorResponse of the spec. It unwraps to its
// APIError.
type ErrorResponse struct {
	client.APIError
	Type    gen.RESTErrorType // the kind of error
	Message string            // what went wrong, in a sentence
}

// Error tells the request, the status and the server's message.
func (e *ErrorResponse) Error() string {
	return e.APIError.Error() + ": " + excerpt.Text(string(e.Type)+": "+e.Message)
}

// Unwrap returns the APIError.
func (e *ErrorResponse) Unwrap() error { return &e.APIError }

// RefusesEvent reports whether the server refuses an event itself, as package client asks of
// the errors of a spec: see [client.WithErrors].
func (e *ErrorResponse) RefusesEvent() bool { return e.Type == gen.RESTErrorTypeValidationError }

// errorResponse returns an answer as an ErrorResponse if its body is one.
func errorResponse(e *client.APIError) error {
	if mediaType, _, _ := mime.ParseMediaType(e.Header.Get("Content-Type")); mediaType != "application/json" {
		return e
	}
	var body gen.ErrorResponse
	if err := e.Decode(&body); err != nil || body.Error.Type == "" {
		return e
	}
	return &ErrorResponse{APIError: *e, Type: body.Error.Type, Message: body.Error.Message}
}
