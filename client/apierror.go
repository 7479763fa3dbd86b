package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/internal/redact"
)

// The client keeps at most maxErrorBody bytes of the body of a refusal, and waits at most
// maxErrorWait for them.
const (
	maxErrorBody = 64 << 10
	maxErrorWait = 5 * time.Second
)

// APIError is an answer other than the stream or, from a Publisher, than 201. An answer to
// a stream is one if it has another status than 200, another content type, or a content
// encoding, since the client asks for none.
type APIError struct {
	StatusCode int
	Header     http.Header
	Body       []byte        // at most 64 KiB of it; empty if Err tells of a redirect
	Request    *http.Request // the request, after redirects
	// Published is what the request published before the server refused it; nil if the
	// answer does not say. Only a request that publishes has it.
	Published *Published
	// Err says more: the error that WithErrors makes of the answer, or why a redirect was
	// not followed, which may come from the CheckRedirect of the HTTP client. It is nil if
	// there is nothing more to say.
	Err error
}

// Published is what a refused request has published.
type Published struct {
	Line   int    // the line that was refused, from 1; 0 if the refusal is not about a line
	Count  int    // the number of events that were appended
	LastID string // the id of the last of them; empty if there is none

	invalid bool // the server refuses an event itself
}

// Error returns the request, the status, and what is wrong with the answer if the status
// does not say it. It ends with Err or, without one, with the title and the detail of a
// problem (RFC 9457).
func (e *APIError) Error() string {
	msg := fmt.Sprintf("client: %s answered %d %s", e.target(), e.StatusCode, http.StatusText(e.StatusCode))
	switch {
	case e.StatusCode == http.StatusOK && isEventStream(e.Header):
		msg += fmt.Sprintf(" with content encoding %s, which was not asked for", excerpt.Quote(e.Header.Get("Content-Encoding")))
	case e.StatusCode == http.StatusOK:
		msg += fmt.Sprintf(" with content type %s instead of text/event-stream", excerpt.Quote(e.Header.Get("Content-Type")))
		if e.Request != nil && !isSafe(e.Request.Method) && isJSON(e.mediaType()) {
			msg += `; many servers stream only if the body of the request asks for it, as with "stream": true`
		}
	}
	if e.Err != nil {
		return msg + ": " + excerpt.Text(e.Err.Error())
	}
	if problem := e.problem(); problem != "" && e.StatusCode != http.StatusOK {
		msg += ": " + excerpt.Text(problem)
	}
	return msg
}

// Unwrap returns Err.
func (e *APIError) Unwrap() error { return e.Err }

// Decode unmarshals a body into v. It fails if the content type is not JSON, or if the body
// is longer than the part that the error keeps.
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

// target returns the method and the URL of the request, without what must stay secret.
func (e *APIError) target() string {
	if e.Request == nil || e.Request.URL == nil {
		return "the server"
	}
	return excerpt.Text(e.Request.Method + " " + redact.Parsed(e.Request.URL))
}

// isJSON reports whether a media type is JSON (RFC 6838, section 4.2.8, has the suffix).
func isJSON(mediaType string) bool {
	return mediaType == "application/json" || strings.HasSuffix(mediaType, "+json")
}

// answerIn returns the APIError that err is or wraps; nil if there was no answer.
func answerIn(err error) *APIError {
	var answer *APIError
	errors.As(err, &answer)
	return answer
}

// explained returns a function that sets the Err of an answer to what f makes of it.
func explained(f func(*APIError) error) func(*APIError) error {
	return func(e *APIError) error {
		if f == nil || e.Err != nil {
			return e
		}
		answer := *e // a copy: an error that wraps its answer must not make a circle

		//nolint:errorlint // f returns the answer itself if it has no error for it
		if err := f(&answer); err != nil && err != error(&answer) {
			e.Err = err
		}
		return e
	}
}
