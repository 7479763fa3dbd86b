package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/internal/redact"
)

// RequestEditor changes a request before it is sent. An editor that oapi-codegen generated
// for (RequestEditorFn) is one.
type RequestEditor = func(ctx context.Context, req *http.Request) error

// with returns the configuration with more options, checked.
func (c config) with(opts []Option) (config, error) {
	for _, o := range opts {
		o.applyClient(&c)
	}
	err := c.check()
	return c, err
}

func (c *config) check() error {
	switch {
	case c.httpClient == nil:
		return errors.New("client: nil HTTP client")
	case c.httpClient.Timeout != 0:
		return fmt.Errorf("client: the HTTP client has a Timeout of %v, which would end every stream; use WithConnectTimeout and WithIdleTimeout", c.httpClient.Timeout)
	}
	if n := c.source.maxEventSize; n > 0 && n < minEventSize && c.control != nil {
		return fmt.Errorf("client: a maximum event size of %d bytes: what the server itself says takes up to %d", n, minEventSize)
	}
	if slices.ContainsFunc(c.editors, func(f RequestEditor) bool { return f == nil }) {
		return errors.New("client: nil request editor")
	}
	for key, values := range c.header {
		switch {
		case key == lastEventIDHeader:
			return errors.New("client: header Last-Event-ID: After sets it, since it changes from attempt to attempt")
		case key == "Host":
			return errors.New("client: header Host: net/http sends another one; a request editor can set the Host of the request")
		case !isToken(key):
			return fmt.Errorf("client: header %s: illegal name", excerpt.Quote(key))
		}
		for _, value := range values {
			if !legalHeader(value) {
				return fmt.Errorf("client: header %s: illegal value", key)
			}
		}
	}
	return nil
}

// minEventSize is the least limit of a stream whose contract has control events: a gap must
// not be lost for being too large.
const minEventSize = 1 << 10

// checkBaseURL refuses a base URL that no server can have.
func (c *config) checkBaseURL() error {
	switch base, err := checkURL("base URL", c.baseURL); {
	case err != nil:
		return err
	case strings.ContainsAny(c.baseURL, "?#"): // in which there may be a token
		return fmt.Errorf("client: base URL %s: has a query or a fragment", excerpt.Quote(base))
	}
	return nil
}

// checkURL refuses a URL to which no request can be sent. It returns the URL as an error
// may show it, without its query and fragment.
func checkURL(what, raw string) (shown string, err error) {
	shown, _, _ = strings.Cut(redact.URL(raw), "?")
	shown, _, _ = strings.Cut(shown, "#")
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return shown, fmt.Errorf("client: %s: %w", what, excerpt.Error(redact.Error(err)))
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return shown, fmt.Errorf("client: %s %s: not an absolute http or https URL", what, excerpt.Quote(shown))
	case !reachable(u):
		return shown, fmt.Errorf("client: %s %s: no server can have this host and port", what, excerpt.Quote(shown))
	}
	return shown, nil
}

// lastEventIDHeader is the header that carries a position (WHATWG HTML, section 9.2.4), in
// canonical form. In an answer it is the position from which the stream goes on, as in
// Mercure.
const lastEventIDHeader = "Last-Event-Id"

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

// send sends a request after the editors have changed it.
func (c *config) send(hc *http.Client, r *http.Request) (*http.Response, error) {
	for _, edit := range c.editors {
		if err := edit(r.Context(), r); err != nil {
			return nil, unsentError{err}
		}
	}
	if isSafe(r.Method) {
		return hc.Do(r)
	}
	// net/http may send it again by itself, if it has an Idempotency-Key or is redirected:
	// then the failure of the last attempt says nothing of those before.
	var sent atomic.Bool
	trace := &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }}
	resp, err := hc.Do(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
	if err != nil && sent.Load() {
		err = sentError{redact.Error(err)} // which finds only what nobody has wrapped
	}
	return resp, err
}

// sentError is a failure after some of the request was sent.
type sentError struct{ error }

func (e sentError) Unwrap() error { return e.error }

// unsentError is a failure before anything was sent.
type unsentError struct{ error }

func (e unsentError) Unwrap() error { return e.error }

// unsent reports whether an attempt failed before anything of its request was sent.
func unsent(err error) bool {
	var dial *net.OpError
	if errors.As(err, new(sentError)) {
		return false
	}
	return errors.As(err, new(unsentError)) || errors.As(err, &dial) && (dial.Op == "dial" || dial.Op == "proxyconnect")
}

// isSafe reports whether a request of this method may be sent again without an effect on
// the server (RFC 9110, section 9.2.1). OpenAPI 3.2 also knows
// QUERY, which is a GET with a body.
func isSafe(method string) bool {
	switch method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, "QUERY":
		return true
	}
	return false
}
