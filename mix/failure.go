package mix

import (
	"encoding/json"
	"net/http"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/server"
)

// errorBody returns the body for a failure: an ErrorResponse of the spec or, for a request
// that publishes, a PublishError.
func errorBody(f server.Failure) (contentType string, body []byte) {
	kind := errorType(f.Status)
	if f.Invalid {
		kind = gen.RESTErrorTypeValidationError
	}
	failed := gen.RESTError{Code: f.Status, Type: kind, Message: f.Message}
	if f.Published == nil {
		return "application/json", marshal(gen.ErrorResponse{Error: failed})
	}
	answer := gen.PublishError{Error: failed, Count: &f.Published.Count}
	if f.Published.Line > 0 {
		answer.Line = &f.Published.Line
	}
	if f.Published.LastID != "" {
		answer.LastID = &f.Published.LastID
	}
	return "application/json", marshal(answer)
}

func marshal(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return append(body, '\n')
}

// writeError answers with an ErrorResponse.
func writeError(w http.ResponseWriter, status int, message string) {
	contentType, body := errorBody(server.Failure{Status: status, Message: excerpt.Text(message)})
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(body) // it fails if the client has gone
}

// errorType returns the type that the contract has for a status, or the closest one.
func errorType(status int) gen.RESTErrorType {
	switch {
	case status == http.StatusUnauthorized:
		return gen.RESTErrorTypeUnauthorized
	case status == http.StatusForbidden:
		return gen.RESTErrorTypeForbidden
	case status == http.StatusNotFound:
		return gen.RESTErrorTypeNotFound
	case status == http.StatusTooManyRequests:
		return gen.RESTErrorTypeRateLimited
	case status == http.StatusServiceUnavailable:
		return gen.RESTErrorTypeUnavailable
	case status >= 500:
		return gen.RESTErrorTypeInternalError
	}
	return gen.RESTErrorTypeBadRequest
}
