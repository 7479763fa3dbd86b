package server

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"strconv"

	"github.com/mixstream/mixstream/internal/excerpt"
)

// Failure is what the body of an answer with a status of 4XX or 5XX tells.
type Failure struct {
	Status  int
	Message string // for people; at most 600 bytes and an ellipsis
	// Invalid says that what was to be published does not fit the spec, in itself or
	// beside what was published under the same Idempotency-Key.
	Invalid bool
	// Published says how far a request that publishes came; nil for any other request.
	Published *Published
}

// Published is what a request that failed has published.
type Published struct {
	Line   int    // the line that was refused, from 1; 0 if the failure is not about a line
	Count  int    // how many events were appended
	LastID string // the id of the last of them; empty if there is none
}

// problem is a problem of RFC 9457, section 3. Its type is about:blank, which is not written.
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Count  *int   `json:"count,omitempty"`
	Line   int    `json:"line,omitempty"`
	LastID string `json:"lastId,omitempty"`
	// Invalid tells a client that nothing behind the refused event is published.
	Invalid bool `json:"invalid,omitempty"`
}

func problemBody(f Failure) (contentType string, body []byte) {
	p := problem{Title: http.StatusText(f.Status), Status: f.Status, Detail: f.Message, Invalid: f.Invalid}
	if done := f.Published; done != nil {
		p.Count, p.Line, p.LastID = &done.Count, done.Line, done.LastID
	}
	body, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return "application/problem+json", append(body, '\n')
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

// WriteError answers a request to another operation of the application, with the same body as
// the server's own errors. A refusal ([ErrUnauthorized], [ErrForbidden] or a *[RefusalError])
// sets the status; a log that is unavailable is answered with 503, any other error with 500.
// The server logs the text of the latter and does not tell it to the client.
func (s *engine) WriteError(w http.ResponseWriter, r *http.Request, err error) {
	s.refuse(w, r, "", err)
}

// retryAfter returns a number of seconds from 1 to 10, so that clients that are refused
// together do not come back together.
func retryAfter() string { return strconv.Itoa(1 + rand.IntN(10)) }
