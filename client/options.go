package client

import (
	"context"
	"net/http"
	"time"
)

// Option configures a Client, a Publisher, or one call of theirs or of Read.
type Option interface{ applyClient(*config) }

// SourceOption configures a Source. It is an Option as well.
type SourceOption interface {
	Option
	applySource(*sourceConfig)
}

type option func(*config)

func (o option) applyClient(c *config) { o(c) }

type sourceOption func(*sourceConfig)

func (o sourceOption) applyClient(c *config)       { o(&c.source) }
func (o sourceOption) applySource(c *sourceConfig) { o(c) }

// with returns the configuration with more options. It fails if one is wrong.
func (c config) with(opts []Option) (config, error) {
	for _, o := range opts {
		o.applyClient(&c)
	}
	err := c.check()
	return c, err
}

// WithHTTPClient sets the HTTP client; by default http.DefaultClient, with a transport of
// its own that finds dead HTTP/2 connections. The client uses its cookies. Its Timeout must
// be zero, since it would end every stream. A nil c is an error of the call that gets the
// option, such as [New].
//
// The client calls its CheckRedirect. A request to another origin then has only the headers
// of the stream itself: see the package documentation. A redirect that CheckRedirect refuses
// ends the stream.
//
// A Transport of your own needs a Dialer.Timeout and a TLSHandshakeTimeout, as
// http.DefaultTransport has them: net/http goes on with a dial or handshake after the
// attempt was given up. For HTTP/2 it needs the three times of an http.HTTP2Config, such as
// 15 s. Without them net/http makes one attempt after the other on a dead connection.
func WithHTTPClient(c *http.Client) Option {
	return option(func(cfg *config) { cfg.httpClient = c })
}

// WithHeader adds a header to every request. It replaces one that the client sets by
// itself. A redirect to another origin does not get it.
//
// Two headers are an error of the call that gets the option. Last-Event-ID changes from
// attempt to attempt: use [After]. Host is a field of the request: set it in a request
// editor.
func WithHeader(key, value string) Option {
	return option(func(c *config) {
		c.header = c.header.Clone()
		if c.header == nil {
			c.header = make(http.Header)
		}
		c.header.Add(key, value)
	})
}

// WithRequestEditor adds a function that may change a request before it is sent. f must not
// be nil. The RequestEditorFn of code that oapi-codegen generated is such a function.
//
// The client calls f on every attempt, so f can refresh a token: with an editor, the client
// repeats an attempt that ended with a 401 once while it reconnects. An error of f is a
// failed attempt. The client does not call f for a redirect; within the same origin, a
// redirect gets what f has set.
func WithRequestEditor(f func(ctx context.Context, r *http.Request) error) Option {
	return option(func(c *config) {
		c.editors = append(c.editors[:len(c.editors):len(c.editors)], f)
		c.source.retryUnauthorized = true
	})
}

// WithJSON sets the function that decodes the data of events. It is the way back to a JSON
// package, with the rules of that package. By default, and if unmarshal is nil, the generated
// decoders read the data. The function must not keep the bytes.
func WithJSON(unmarshal func(data []byte, v any) error) Option {
	return option(func(c *config) { c.unmarshal = unmarshal })
}

// WithErrors sets a function that reads the errors of a spec. It gets a copy of each answer
// that is an *APIError, and what it returns becomes the Err of that, so that errors.As finds
// both. It returns nil for an answer that is not an error of the spec. By default, and if f
// is nil, the *APIError has no Err.
//
// To a Publisher, an error also says that this request published nothing, unless the body
// counts what was published. So f must return nil for the answer of a proxy, such as a 502:
// the server may have published the event all the same.
//
// An error with a method RefusesEvent() bool can say that the server refuses an event
// itself, such as one that does not fit the spec. After a lost answer, a publisher then
// knows that nothing after that event is published. A body of JSON says the same with
// "invalid": true.
func WithErrors(f func(*APIError) error) Option {
	return option(func(c *config) { c.source.refused = explained(f) })
}

// FromStart begins a stream with the oldest event that the server retains: it sends the
// last event id 0. The server of this module knows that id; to another server, 0 may be an
// id like any other.
func FromStart() Option { return After(fromStart) }

// After begins a stream after the event with this id, as a reconnection does. With an empty
// id, the client sends no Last-Event-ID, and the server decides where the stream begins.
//
// A server that does not know Last-Event-ID ignores it. The client finds out only if the
// server tells its position (see the package documentation).
func After(id string) Option { return option(func(c *config) { c.after = id }) }

// WithStrict ends the stream, with ErrUnknownEvent, at an event that the spec does not name,
// that does not fit its type, or that is too large. By default the stream delivers such an
// event as an UnknownEvent of the generated package, and goes on.
func WithStrict() Option { return option(func(c *config) { c.strict = true }) }

// ContinueOnGap makes a stream go on behind a gap, with everything that the server retains.
// By default a gap ends the stream with a *GapError. The stream delivers the event of a gap,
// if the gap has one.
//
// A stream without ids also goes on after a cut, if its method is safe, such as GET. That
// is a gap like any other; by default the stream ends with ErrNotResumable.
func ContinueOnGap() Option { return option(func(c *config) { c.continueOnGap = true }) }

// WithHooks sets the functions that the client calls while it works. A nil function leaves
// what an earlier option has set.
func WithHooks(h Hooks) SourceOption {
	return sourceOption(func(c *sourceConfig) { c.hooks = c.hooks.merge(h) })
}

// WithRetryPolicy sets when a stream reconnects, and when a Publisher repeats an attempt. It
// replaces the whole policy of an earlier option.
func WithRetryPolicy(p RetryPolicy) SourceOption {
	return sourceOption(func(c *sourceConfig) { c.retry = p })
}

// WithConnectTimeout sets the longest time of one attempt; by default 30 s. An attempt ends
// with the header of the answer. If the contract has an event that begins a stream, it ends
// with that event. The timeout never ends an open stream. Zero or less: no limit.
//
// An attempt to publish ends with the answer. Its time begins anew whenever the connection
// takes more of the body.
func WithConnectTimeout(d time.Duration) SourceOption {
	return sourceOption(func(c *sourceConfig) { c.connectTimeout = d })
}

// WithIdleTimeout sets the time without a byte after which the client takes a connection for
// dead and reconnects; by default 2 minutes. Only the time counts in which the client waits
// for the server. The timeout should be longer than the server's heartbeat. Zero or less: no
// limit.
func WithIdleTimeout(d time.Duration) SourceOption {
	return sourceOption(func(c *sourceConfig) { c.idleTimeout = d })
}

// WithMaxEventSize sets the largest size of an event, in bytes; by default, and if n is not
// positive, 16 MiB. [Source.Next] says what becomes of a larger one. If the contract has
// events by which the server itself speaks, n must be at least 1 KiB.
func WithMaxEventSize(n int) SourceOption {
	return sourceOption(func(c *sourceConfig) { c.maxEventSize = n })
}
