package server

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"strconv"
)

// Failure holds what the body of an answer with a status of 4XX or 5XX tells.
type Failure struct {
	Status  int    // the HTTP status of the answer
	Message string // a text for people; at most 600 bytes and an ellipsis
	// Invalid reports whether an event of the request does not fit the spec, or differs from
	// the event that an earlier request published under the same Idempotency-Key.
	Invalid bool
	// Published tells how far a request that publishes came; nil for any other request.
	Published *Published
}

// Published tells how far a request that publishes came before it failed.
type Published struct {
	Line   int    // the refused line, from 1; 0 if the failure is not about a line
	Count  int    // the number of events that are in the log
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

// retryAfter returns a number of seconds from 1 to 10, so that clients that are refused
// together do not come back together.
func retryAfter() string { return strconv.Itoa(1 + rand.IntN(10)) }
