package client

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync/atomic"

	"github.com/mixstream/mixstream/internal/redact"
)

// setHeader sets the headers of a request for an event stream. It declines compression,
// since a compressor may hold events back.
func (c *config) setHeader(r *http.Request, lastEventID string) {
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Accept-Encoding", "identity")
	r.Header.Set("Cache-Control", "no-cache")
	if lastEventID != "" {
		r.Header[lastEventIDHeader] = []string{lastEventID}
	}
	c.setOwnHeader(r)
}

// setOwnHeader sets the headers of WithHeader.
func (c *config) setOwnHeader(r *http.Request) {
	for key, values := range c.header {
		r.Header[key] = slices.Clone(values)
	}
}

// send calls the request editors and sends a request.
func (c *config) send(hc *http.Client, r *http.Request) (*http.Response, error) {
	for _, edit := range c.editors {
		if err := edit(r.Context(), r); err != nil {
			return nil, unsentError{err}
		}
	}
	if isSafe(r.Method) {
		return hc.Do(r)
	}
	// net/http may send the request again by itself, if it is redirected or has an
	// Idempotency-Key. The failure of its last attempt then says nothing about the others.
	var sent atomic.Bool
	trace := &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }}
	resp, err := hc.Do(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
	if err != nil && sent.Load() {
		err = sentError{redact.Error(err)} // redact.Error finds no error that is wrapped
	}
	return resp, err
}

// sentError is a failure after some of the request was sent.
type sentError struct{ error }

// Unwrap returns the failure.
func (e sentError) Unwrap() error { return e.error }

// unsentError is a failure before anything was sent.
type unsentError struct{ error }

// Unwrap returns the failure.
func (e unsentError) Unwrap() error { return e.error }

// unsent reports whether an attempt failed before anything of its request was sent.
func unsent(err error) bool {
	var dial *net.OpError
	if errors.As(err, new(sentError)) {
		return false
	}
	return errors.As(err, new(unsentError)) || errors.As(err, &dial) && (dial.Op == "dial" || dial.Op == "proxyconnect")
}
