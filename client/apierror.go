package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/internal/redact"
)

// APIError is an answer that is not an event stream: another status than 200,
// another content type, or a content encoding, since none was asked for.
type APIError struct {
	StatusCode int
	Header     http.Header
	Body       []byte        // at most 64 KiB of it, and nothing of a redirect with Err
	Request    *http.Request // the request, after redirects
	// Err is why a redirect was not followed, if it is more than that it names no
	// Location. It may come from the CheckRedirect of the HTTP client.
	Err error
}

// Error tells the request, the status, and what is wrong with the answer where the
// status does not say it. Of a problem (RFC 9457) it tells the title and the detail.
func (e *APIError) Error() string {
	msg := fmt.Sprintf("client: %s answered %d %s", e.target(), e.StatusCode, http.StatusText(e.StatusCode))
	switch {
	case e.Err != nil:
		msg += ": " + excerpt.Text(e.Err.Error())
	case e.StatusCode == http.StatusOK && isEventStream(e.Header):
		msg += fmt.Sprintf(" with content encoding %s, which was not asked for", excerpt.Quote(e.Header.Get("Content-Encoding")))
	case e.StatusCode == http.StatusOK:
		msg += fmt.Sprintf(" with content type %s instead of text/event-stream", excerpt.Quote(e.Header.Get("Content-Type")))
		if e.Request != nil && !isSafe(e.Request.Method) && isJSON(e.mediaType()) {
			msg += `; many servers stream only if the body of the request asks for it, as with "stream": true`
		}
	default:
		if problem := e.problem(); problem != "" {
			msg += ": " + excerpt.Text(problem)
		}
	}
	return msg
}

// Unwrap returns Err.
func (e *APIError) Unwrap() error { return e.Err }

// Decode unmarshals a body that is JSON by its content type into v. It fails if the body is
// anything else, or longer than what the error keeps of it.
func (e *APIError) Decode(v any) error {
	if mediaType := e.mediaType(); !isJSON(mediaType) {
		return fmt.Errorf("client: the body of the answer is %s, and not JSON", excerpt.Quote(mediaType))
	}
	if err := json.Unmarshal(e.Body, v); err != nil {
		return fmt.Errorf("client: the body of the answer: %w", excerpt.Error(err))
	}
	return nil
}

// problem returns the title and the detail of a body that is a problem (RFC 9457, section
// 3.1); empty for any other. It leaves out a title that only repeats the status.
func (e *APIError) problem() string {
	if e.mediaType() != "application/problem+json" {
		return ""
	}
	var body struct{ Title, Detail any }
	if json.Unmarshal(e.Body, &body) != nil {
		return ""
	}
	title, _ := body.Title.(string)
	detail, _ := body.Detail.(string)
	switch {
	case title == "" || detail != "" && strings.EqualFold(title, http.StatusText(e.StatusCode)):
		return detail
	case detail == "":
		return title
	}
	return title + ": " + detail
}

// mediaType returns the content type of the body without its parameters.
func (e *APIError) mediaType() string {
	mediaType, _, _ := mime.ParseMediaType(e.Header.Get("Content-Type"))
	return mediaType
}

// isJSON reports whether a media type is JSON (RFC 6838, section 4.2.8, has the suffix).
func isJSON(mediaType string) bool {
	return mediaType == "application/json" || strings.HasSuffix(mediaType, "+json")
}

func (e *APIError) target() string {
	if e.Request == nil || e.Request.URL == nil {
		return "the server"
	}
	return excerpt.Text(e.Request.Method + " " + redact.Parsed(e.Request.URL))
}

// typedErrors returns f so that what it returns wraps the APIError.
func typedErrors(f func(*APIError) error) func(*APIError) error {
	return func(e *APIError) error {
		if f == nil {
			return e
		}
		err := f(e)
		switch {
		case err == nil:
			return e
		case errors.As(err, new(*APIError)):
			return err
		}
		return &typedError{err, e}
	}
}

// typedError is an error of the caller's that did not wrap its APIError.
type typedError struct {
	error
	answer *APIError
}

func (e *typedError) Unwrap() []error { return []error{e.error, e.answer} }
