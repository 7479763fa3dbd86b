package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// publishWithin bounds the repetitions of one publication. A server honours an
// Idempotency-Key for three minutes; what arrives there later may be doubled.
const publishWithin = 100 * time.Second

// Publisher publishes events of one operation to one URL, at which a server takes them as
// the Publisher of package server does. It is safe for concurrent use.
type Publisher[E any] struct {
	encode func(event E) (name string, data []byte, err error)
	url    string
	cfg    config
}

// NewPublisher returns a publisher of the events of op, which sends them to url by POST.
// The URL may have a query. NewPublisher makes no connection. Of the options, those about
// requests and the RetryPolicy have an effect.
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
	return &Publisher[E]{encode: op.Encode, url: url, cfg: cfg}, nil
}

// Publisher returns a publisher to the stream that the parameters name, at the URL of the
// stream itself. It is for a server that takes events there by POST, as that of this
// module's own contract does. Options given here come after the client's own.
func (c *Client[P, E]) Publisher(ctx context.Context, params P, opts ...Option) (*Publisher[E], error) {
	cfg, err := c.cfg.with(opts)
	if err == nil {
		err = cfg.checkBaseURL()
	}
	if err != nil {
		return nil, err
	}
	if _, err := c.session(params); err != nil {
		return nil, err
	}
	r, err := newRequest(ctx, c.op.Requests.New, cfg.baseURL, params)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	return &Publisher[E]{encode: c.op.Encode, url: r.URL.String(), cfg: cfg}, nil
}

// Publish appends an event and returns its id once it is in the server's log. Options given
// here come after the publisher's own.
//
// Publish repeats a failure that a repetition may mend, within the RetryPolicy and for
// 100 s at most, under one Idempotency-Key, so that the event is not published
// twice. It returns a refusal at once, as a *PublishError or *APIError. Otherwise the error
// is ErrGaveUp, or that of the context. Any of them is ErrOutcomeUnknown as well if the
// event may be published all the same.
func (p *Publisher[E]) Publish(ctx context.Context, event E, opts ...Option) (id string, err error) {
	name, data, err := p.encode(event)
	switch {
	case errors.Is(err, contract.ErrUnknownEvent):
		return "", fmt.Errorf("client: publish: unknown event %s: only what the spec names can be published", excerpt.Quote(name))
	case err != nil:
		return "", fmt.Errorf("client: publish: %w", err)
	}
	body, err := json.Marshal(publishedEvent{Data: data, Event: name})
	if err != nil {
		return "", fmt.Errorf("client: publish: %w", err)
	}
	result, err := p.publish(ctx, "application/json", body, 1, opts)
	return result.LastID, err
}

// publishedEvent is the body of a request that publishes one event.
type publishedEvent struct {
	Data  json.RawMessage `json:"data"`
	Event string          `json:"event"`
}

// PublishResult says what was published.
type PublishResult struct {
	Count   int    `json:"count"`   // how many events there are
	FirstID string `json:"firstId"` // the id of the first one
	LastID  string `json:"lastId"`  // the id of the last one
}

// PublishLines is Publish for events that are lines of JSON, each
// {"event":name,"data":…} (application/x-ndjson). The server appends them in order; of
// those before a refused one, the *PublishError tells. What does not fit into memory,
// or takes long to come, is published in several calls.
func (p *Publisher[E]) PublishLines(ctx context.Context, lines []byte, opts ...Option) (PublishResult, error) {
	return p.publish(ctx, "application/x-ndjson", lines, countLines(lines), opts)
}

// countLines returns how many lines have an event, as a server counts them.
func countLines(lines []byte) (n int) {
	for line := range bytes.Lines(bytes.TrimPrefix(lines, []byte("\ufeff"))) {
		if len(bytes.TrimSpace(line)) > 0 {
			n++
		}
	}
	return n
}

// publish publishes a body of so many events.
func (p *Publisher[E]) publish(ctx context.Context, contentType string, body []byte, events int, opts []Option) (PublishResult, error) {
	cfg, err := p.cfg.with(opts)
	if err != nil {
		return PublishResult{}, err
	}
	return cfg.publish(ctx, p.url, contentType, body, events)
}

func (c *config) publish(ctx context.Context, url, contentType string, body []byte, events int) (result PublishResult, err error) {
	key := rand.Text()
	hc := withRedirects(c.httpClient)
	unknown := false
	send := func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			return err
		}
		r.Header.Set("Accept", "application/json")
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Idempotency-Key", key)
		c.setOwnHeader(r)
		resp, err := c.send(hc, r)
		if err != nil {
			err = notAnswered(resp, err)
		} else {
			err = c.readPublished(resp, &result)
		}
		unknown = leavesUnknown(err) || unknown && !refusesEvent(err)
		return err
	}
	policy := c.source.retry.withDefaults()
	if policy.MaxElapsedTime < 0 || policy.MaxElapsedTime > publishWithin {
		policy.MaxElapsedTime = publishWithin
	}
	err = repeat(ctx, policy, c.source, send)
	if err == nil && result.Count != events {
		err = fmt.Errorf("client: publish: the server says that it has published %d events, and was sent %d", result.Count, events)
		result, unknown = PublishResult{}, true
	}
	if err != nil && unknown {
		err = &unknownOutcomeError{err}
	}
	return result, err
}

// repeat calls send until it succeeds, or fails with what no repetition mends.
func repeat(ctx context.Context, policy RetryPolicy, cfg sourceConfig, send func(context.Context) error) error {
	var o outage
	begun := time.Now().Round(0) // while a machine sleeps, its monotonic clock stands, and the server's clock does not
	limit := cfg.connectTimeout
	for o.begin(); ; {
		err := within(ctx, limit, send)
		var answer *APIError
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("client: publish: %w", contextError(ctx))
		case errors.As(err, &answer) && !retryable(answer.StatusCode, false):
			return err
		case answer == nil && unreachable(err):
			return fmt.Errorf("client: publish: %w", err)
		case answer != nil:
			o.asked = retryAfter(answer.Header)
		default:
			err = fmt.Errorf("client: publish: %w", excerpt.Error(err))
		}
		o.failed(err)
		delay, err := o.delay(policy, 0)
		if err != nil {
			return err
		}
		if cfg.onRetry != nil {
			cfg.onRetry(Retry{Attempt: o.failures, Delay: delay, Err: o.cause})
		}
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return fmt.Errorf("client: publish: %w; before that: %w", contextError(ctx), o.cause)
		}
		o.asked = 0
		// No repetition may arrive once the server has forgotten the key.
		left := publishWithin - time.Now().Round(0).Sub(begun)
		if left <= 0 {
			return &gaveUpError{failures: o.failures, elapsed: publishWithin - left, cause: o.cause}
		}
		if limit <= 0 || left < limit {
			limit = left
		}
	}
}

// within calls send with a limit in time, if there is one.
func within(ctx context.Context, limit time.Duration, send func(context.Context) error) error {
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, ErrConnectTimeout)
		defer cancel()
	}
	err := send(ctx)
	var answer *APIError
	if cause := context.Cause(ctx); err != nil && errors.Is(cause, ErrConnectTimeout) && !errors.As(err, &answer) {
		return cause
	}
	return err
}

// readPublished reads the answer to a request that publishes.
func (c *config) readPublished(resp *http.Response, result *PublishResult) error {
	defer resp.Body.Close()
	final := resp.StatusCode != http.StatusCreated && !retryable(resp.StatusCode, false)
	if final { // also if its body does not come
		defer time.AfterFunc(maxErrorWait, func() { resp.Body.Close() }).Stop()
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err != nil && !final {
		return err
	}
	var got PublishResult
	if resp.StatusCode == http.StatusCreated && json.Unmarshal(body, &got) == nil && got.FirstID != "" && got.LastID != "" {
		*result = got
		return nil
	}
	return c.publishError(&APIError{StatusCode: resp.StatusCode, Header: resp.Header, Body: body, Request: resp.Request})
}
