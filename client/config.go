package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/sse"
)

// config configures a Client, a Publisher and their streams.
type config struct {
	source sourceConfig

	httpClient *http.Client
	header     http.Header
	editors    []func(context.Context, *http.Request) error

	after string // the last event id after which to begin; empty: none is sent

	unmarshal     func(data []byte, v any) error // nil: the generated decoders
	strict        bool
	continueOnGap bool

	until      []any    // each is a func(*Event[E]) bool
	untilEvent []string // names
	untilData  []string // sentinels

	controlled bool // the contract has events by which the server itself speaks
}

// sourceConfig configures a Source.
type sourceConfig struct {
	retry          RetryPolicy
	connectTimeout time.Duration
	idleTimeout    time.Duration
	maxEventSize   int
	hooks          Hooks

	// A typed stream sets the fields below.

	awaitEvent        bool                  // the connect timeout ends with the first event, not with the header
	anyID             bool                  // the last event id need not be a legal header value
	retryUnauthorized bool                  // a fresh token may mend a 401
	refused           func(*APIError) error // returns the error to report for an answer

	// opened sees each answer that is a stream, and the position that was asked for. lost
	// sees each failed attempt, and each connection that ended, before another attempt. An
	// error of either ends the source. Both may be nil.
	opened func(resp *http.Response, asked string) error
	lost   func(err error, opened bool) error
}

func defaultSourceConfig() sourceConfig {
	return sourceConfig{
		connectTimeout: 30 * time.Second,
		idleTimeout:    2 * time.Minute,
		maxEventSize:   sse.DefaultMaxEventSize,
		refused:        explained(nil),
	}
}

func defaultConfig() config {
	return config{source: defaultSourceConfig(), httpClient: defaultHTTPClient()}
}

// minEventSize is the least limit for a contract with events of the server's own: a gap must
// not be lost for its size.
const minEventSize = 1 << 10

// check returns an error if an option is wrong.
func (c *config) check() error {
	switch {
	case c.httpClient == nil:
		return errors.New("client: the HTTP client is nil")
	case c.httpClient.Timeout != 0:
		return fmt.Errorf("client: the HTTP client has a Timeout of %v, which would end every stream; use WithConnectTimeout and WithIdleTimeout", c.httpClient.Timeout)
	}
	if n := c.source.maxEventSize; n > 0 && n < minEventSize && c.controlled {
		return fmt.Errorf("client: a maximum event size of %d bytes: what the server itself says takes up to %d", n, minEventSize)
	}
	if slices.ContainsFunc(c.editors, func(f func(context.Context, *http.Request) error) bool { return f == nil }) {
		return errors.New("client: nil request editor")
	}
	for key, values := range c.header {
		switch {
		case key == lastEventIDHeader:
			return errors.New("client: header Last-Event-ID: it changes from attempt to attempt; use After")
		case key == "Host":
			return errors.New("client: header Host: net/http sends another one; set the Host of the request in a request editor")
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

// told calls the hook for a gap, and returns the gap if it ends the stream.
func (c *config) told(gap *GapError) error {
	if c.source.hooks.Gap != nil {
		c.source.hooks.Gap(gap)
	}
	if c.continueOnGap {
		return nil
	}
	return gap
}
