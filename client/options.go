package client

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/sse"
)

// Option configures a Client, a Publisher, or one call of theirs or of Read.
type Option interface{ applyClient(*config) }

// SourceOption configures a Source; it is an Option as well.
type SourceOption interface {
	Option
	applySource(*sourceConfig)
}

type option func(*config)

func (o option) applyClient(c *config) { o(c) }

type sourceOption func(*sourceConfig)

func (o sourceOption) applyClient(c *config)       { o(&c.source) }
func (o sourceOption) applySource(c *sourceConfig) { o(c) }

// config is what a Client and its streams are made with.
type config struct {
	source  sourceConfig
	control *contract.Control // of the operation

	baseURL    string
	httpClient *http.Client
	header     http.Header
	editors    []RequestEditor

	after string // the last event id to begin after; empty: none is sent

	unmarshal     func(data []byte, v any) error // nil is newUnmarshal's
	strict        bool
	continueOnGap bool
	onGap         func(*GapError)

	until      []any    // each a func(*Event[E]) bool
	untilEvent []string // names
	untilData  []string // sentinels
}

// sourceConfig is what a Source is made with.
type sourceConfig struct {
	retry          RetryPolicy
	connectTimeout time.Duration
	idleTimeout    time.Duration
	maxEventSize   int
	logger         *slog.Logger
	onConnect      func(*http.Response)
	onRetry        func(Retry)
	onComment      func(text []byte)

	awaitEvent        bool                  // the connect timeout covers the first event
	anyID             bool                  // the last event id need not be a legal header value
	retryUnauthorized bool                  // a 401 may be mended by a fresh token
	refused           func(*APIError) error // turns an answer into the error to report

	// opened is told of a stream that was opened, and what it was asked to go on after.
	// lost is told of a failed attempt, or of a connection that was cut, before another
	// attempt. An error of either ends the source. nil: nothing else matters.
	opened func(resp *http.Response, asked string) error
	lost   func(err error, opened bool) error
}

func defaultSourceConfig() sourceConfig {
	return sourceConfig{
		connectTimeout: 30 * time.Second,
		idleTimeout:    2 * time.Minute,
		maxEventSize:   sse.DefaultMaxEventSize,
		logger:         slog.New(slog.DiscardHandler),
		refused:        func(e *APIError) error { return e },
	}
}

func defaultConfig() config {
	return config{source: defaultSourceConfig(), httpClient: defaultHTTPClient()}
}

// Retry describes a reconnection that is about to be made.
type Retry struct {
	Attempt     int           // how many in a row, from 1
	Delay       time.Duration // how long the client waits first
	Err         error         // what ended the connection or the attempt before
	LastEventID string        // where the stream goes on
}

// WithHTTPClient sets the HTTP client; by default http.DefaultClient, with a transport
// of its own that finds dead connections of HTTP/2. Its Timeout must be zero, since it
// would end every stream. Its cookies are used, and so is its CheckRedirect, which gets
// a request after all but the stream's own headers were taken off it where it goes to
// another origin: see the package documentation. A redirect that it refuses ends the
// stream. A Transport of your own wants a Dialer.Timeout and a TLSHandshakeTimeout, as
// http.DefaultTransport has them: package net/http goes on with a dial or handshake
// after the attempt was given up; and for HTTP/2 the three times of an
// http.HTTP2Config, 15 s say, without which net/http makes one attempt after the other
// on a connection that is dead.
func WithHTTPClient(c *http.Client) Option {
	return option(func(cfg *config) { cfg.httpClient = c })
}

// WithBaseURL sets the URL that the paths of the spec are relative to.
func WithBaseURL(url string) Option { return option(func(c *config) { c.baseURL = url }) }

// WithHeader adds a header to every request, in place of one that the client
// sets by itself. A redirect to another origin does not take it along.
func WithHeader(key, value string) Option {
	return option(func(c *config) {
		c.header = c.header.Clone()
		if c.header == nil {
			c.header = make(http.Header)
		}
		c.header.Add(key, value)
	})
}

// WithRequestEditor adds a function that may change a request before it is sent.
// It must not be nil. It runs on every attempt, so it is the place to refresh a token: with an
// editor, a 401 while reconnecting is tried once more. An error counts as a
// failed attempt. Redirects are followed without another call, and take what was
// set along within the same origin only.
func WithRequestEditor(f RequestEditor) Option {
	return option(func(c *config) {
		c.editors = append(c.editors[:len(c.editors):len(c.editors)], f)
		c.source.retryUnauthorized = true
	})
}

// WithJSON sets the function that decodes the data of events, as json.Unmarshal does,
// which decodes them by default and if it is nil. It must not keep the bytes.
func WithJSON(unmarshal func(data []byte, v any) error) Option {
	return option(func(c *config) { c.unmarshal = unmarshal })
}

// WithErrors sets a function that makes the error of a spec of an answer that refuses
// something, so that callers find it with errors.As. What f returns must wrap the
// *APIError; if it does not, the client wraps both. It may return the *APIError itself, or
// nil, for an answer that is none of the spec's. By default, and if f is nil, the error is
// the *APIError.
//
// An error with a method RefusesEvent() bool can say that an answer refuses an event itself,
// as one that does not fit the spec: a publisher then knows, also after a lost answer, that
// nothing behind that event is published. A body of JSON says so with "invalid": true.
func WithErrors(f func(*APIError) error) Option {
	return option(func(c *config) { c.source.refused = typedErrors(f) })
}

// FromStart begins a stream with the oldest event that the server retains: it sends the
// last event id 0. The server of this module takes it so; to another server, 0 may be an
// id like any other.
func FromStart() Option { return After("0") }

// After begins a stream after the event with this id, as a reconnection does. An empty id
// is none: the client sends no Last-Event-ID, and the server decides where the stream
// begins.
//
// A server that does not know Last-Event-ID ignores it. The client finds out only if the
// server tells its position (see the package documentation).
func After(id string) Option { return option(func(c *config) { c.after = id }) }

// WithStrict ends the stream, with ErrUnknownEvent, at an event that the spec
// does not name, that does not fit its type, or that is too large. By default
// such an event is an UnknownEvent of the generated package, and the stream goes on.
func WithStrict() Option { return option(func(c *config) { c.strict = true }) }

// ContinueOnGap makes a stream go on behind a gap, with everything that is retained. By
// default a gap ends the stream with a *GapError. A gap that has an event of its own is
// then delivered as that event. With a safe method, such as GET, a stream without ids also
// goes on after a cut, which is a gap like any other; by default it ends with
// ErrNotResumable.
func ContinueOnGap() Option { return option(func(c *config) { c.continueOnGap = true }) }

// OnGap sets a function that is called for each gap, before it is returned or, with
// ContinueOnGap, passed over. Not every gap has an event of its own: a connection
// that goes on elsewhere than it was asked to shows one too.
func OnGap(f func(*GapError)) Option { return option(func(c *config) { c.onGap = f }) }

// WithRetryPolicy sets when the stream reconnects.
func WithRetryPolicy(p RetryPolicy) SourceOption {
	return sourceOption(func(c *sourceConfig) { c.retry = p })
}

// WithConnectTimeout bounds one attempt, up to the header of the answer; where the contract
// has an event that begins a stream, up to that event. By default it is 30 s. It never ends
// an open stream. Zero or less is no limit.
func WithConnectTimeout(d time.Duration) SourceOption {
	return sourceOption(func(c *sourceConfig) { c.connectTimeout = d })
}

// WithIdleTimeout sets after how long without a byte a connection counts as dead
// and is opened anew; by default 2 minutes. Only the time spent waiting for the
// server counts. It should be longer than the server's heartbeat. Zero or less
// is no limit.
func WithIdleTimeout(d time.Duration) SourceOption {
	return sourceOption(func(c *sourceConfig) { c.idleTimeout = d })
}

// WithMaxEventSize bounds the size of one event, in bytes; by default, and if
// not positive, 16 MiB. What is larger is read over, see [Source.Next]. Where the contract
// has control events, it must be 1 KiB at least.
func WithMaxEventSize(n int) SourceOption {
	return sourceOption(func(c *sourceConfig) { c.maxEventSize = n })
}

// WithLogger sets a logger for connections (at debug level) and reconnections
// (at info level); by default, and if nil, nothing is logged.
func WithLogger(l *slog.Logger) SourceOption {
	if l == nil {
		l = slog.New(slog.DiscardHandler)
	}
	l = excerpt.Logger(l)
	return sourceOption(func(c *sourceConfig) { c.logger = l })
}

// OnConnect sets a function that is called for each stream that was opened. It
// must not read the body.
func OnConnect(f func(*http.Response)) SourceOption {
	return sourceOption(func(c *sourceConfig) { c.onConnect = f })
}

// OnRetry sets a function that is called before the delay of each reconnection,
// but for those that Reconnect asked for.
func OnRetry(f func(Retry)) SourceOption {
	return sourceOption(func(c *sourceConfig) { c.onRetry = f })
}

// OnComment sets a function that is called for each comment in the stream. The
// bytes are valid until it returns.
func OnComment(f func(text []byte)) SourceOption {
	return sourceOption(func(c *sourceConfig) { c.onComment = f })
}
