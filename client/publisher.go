package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/contract/eventjson"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// Publisher publishes events of one operation to one URL, at which a server takes them as
// the PublishHandler of package server does. It is safe for concurrent use.
type Publisher[E any] struct {
	encode func(b []byte, event E) (name string, data []byte, err error)
	url    string
	cfg    config
}

// NewPublisher returns a publisher of the events of op, which sends them to url by POST. The
// URL may have a query. NewPublisher makes no connection.
//
// These options have an effect: WithHTTPClient, WithHeader, WithRequestEditor, WithErrors,
// WithConnectTimeout, WithRetryPolicy, and the hook Retrying of WithHooks. The connect
// timeout covers an attempt up to its answer; by default 30 s. It begins anew while the
// upload makes progress, so a large body may take longer.
func NewPublisher[P, E any](op contract.Operation[P, E], url string, opts ...Option) (*Publisher[E], error) {
	if err := checkOperation(op); err != nil {
		return nil, err
	}
	cfg, err := defaultConfig().with(opts)
	if err == nil {
		_, err = checkURL("URL", url)
	}
	if err != nil {
		return nil, err
	}
	return &Publisher[E]{encode: op.Events.Encode, url: url, cfg: cfg}, nil
}

// Publisher returns a publisher to the stream that the parameters name, at the URL of the
// stream itself. The server must take events there by POST, as one of this module's own
// contract does. Options given here come after the client's own.
func (c *Client[P, E]) Publisher(ctx context.Context, params P, opts ...Option) (*Publisher[E], error) {
	cfg, err := c.cfg.with(opts)
	if err != nil {
		return nil, err
	}
	if _, err := c.session(params); err != nil {
		return nil, err
	}
	r, err := c.request(ctx, params)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	return &Publisher[E]{encode: c.op.Events.Encode, url: r.URL.String(), cfg: cfg}, nil
}

// Publish appends an event and returns its id once the event is in the server's log. Options
// given here come after the publisher's own.
//
// Publish repeats an attempt if that may help, within the RetryPolicy and for at most 100 s.
// All attempts have one Idempotency-Key, so the event is not published twice. Its errors:
//
//   - contract.ErrUnknownEvent, contract.ErrNilEvent or a *contract.InvalidEventError, for
//     an event that the operation cannot encode. Nothing is sent.
//   - An *APIError for an answer that no repetition mends. Publish returns it at once.
//   - ErrGaveUp at the limits of the RetryPolicy, or after 100 s. It wraps the last failure,
//     which may be an *APIError too.
//   - The error of the context, when that is done.
//   - An error without a type, for a wrong option, for an address that cannot exist, or for
//     an answer that counts other events than were sent.
//
// An error is ErrOutcomeUnknown as well if the event may be published all the same.
func (p *Publisher[E]) Publish(ctx context.Context, event E, opts ...Option) (id string, err error) {
	name, data, err := p.encode(make([]byte, 0, 512), event) // most events fit
	switch {
	case errors.Is(err, contract.ErrUnknownEvent):
		return "", fmt.Errorf("client: publish: event %s: %w", excerpt.Quote(name), contract.ErrUnknownEvent)
	case err != nil:
		return "", fmt.Errorf("client: publish: %w", err)
	}
	body, err := published(name, data)
	if err != nil {
		return "", fmt.Errorf("client: publish: event %s: %w", excerpt.Quote(name), err)
	}
	result, err := p.publish(ctx, "application/json", body, 1, opts)
	return result.LastID, err
}

// published returns the body of a request that publishes one event. data is its JSON. The name
// comes first, so that a server knows what the data must be before it reads that.
func published(name string, data []byte) ([]byte, error) {
	const head, middle = `{"event":`, `,"data":`
	e := eventjson.NewEncoder(append(make([]byte, 0, len(head)+len(name)+len(middle)+len(data)+8), head...))
	e.String(name)
	body, err := e.Finish()
	if err != nil {
		return nil, err
	}
	body = append(append(body, middle...), data...)
	return append(body, '}'), nil
}

// PublishLines appends events that are lines of JSON, each {"event":name,"data":…}
// (application/x-ndjson). The server appends them in order. If it refuses one, the Published
// of the *APIError says which, and what was published before it. Otherwise PublishLines
// works as Publish does. Input that does not fit into memory, or comes slowly, needs several
// calls.
func (p *Publisher[E]) PublishLines(ctx context.Context, lines []byte, opts ...Option) (PublishResult, error) {
	return p.publish(ctx, "application/x-ndjson", lines, countLines(lines), opts)
}

// countLines returns the number of lines that have an event, as a server counts them.
func countLines(lines []byte) (n int) {
	for line := range bytes.Lines(bytes.TrimPrefix(lines, []byte("\ufeff"))) {
		if len(bytes.TrimSpace(line)) > 0 {
			n++
		}
	}
	return n
}

// publish publishes a body that holds a number of events.
func (p *Publisher[E]) publish(ctx context.Context, contentType string, body []byte, events int, opts []Option) (PublishResult, error) {
	cfg, err := p.cfg.with(opts)
	if err != nil {
		return PublishResult{}, err
	}
	return cfg.publish(ctx, p.url, contentType, body, events)
}
