package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// publishWithin bounds the repetitions of one publication. A server honours an
// Idempotency-Key for three minutes; what arrives there later may be doubled.
const publishWithin = 100 * time.Second

// ErrOutcomeUnknown says that events may have been published although the call failed:
// a request got no answer, or one that does not tell. Another call may publish them again.
var ErrOutcomeUnknown = errors.New("client: it is unknown whether the events are published")

// PublishError is an ErrorResponse that refuses events, and tells how many it does
// not refuse. It unwraps to its ErrorResponse.
type PublishError struct {
	ErrorResponse
	Line   int    // the line that was refused, from 1; 0 if it is not about a line
	Count  int    // how many events were appended before it
	LastID string // the id of the last of them; empty if there is none
}

// Unwrap returns the ErrorResponse.
func (e *PublishError) Unwrap() error { return &e.ErrorResponse }

// Publish appends an event to a session and returns its id once it is in the
// server's log. Options given here come after the client's own.
//
// A failure that a repetition may mend is repeated, within the RetryPolicy and for
// 100 s at most, under one Idempotency-Key, so that the event is not published
// twice. A refusal is returned at once, as a *PublishError, *ErrorResponse or
// *APIError. Otherwise the error is ErrGaveUp, or that of the context. Any of them is
// ErrOutcomeUnknown as well if the event may be published all the same.
func (c *Client) Publish(ctx context.Context, sessionID string, event gen.Event, opts ...Option) (id string, err error) {
	unknown, isUnknown := event.(*gen.UnknownEvent)
	switch {
	case event == nil, isUnknown && unknown == nil:
		return "", errors.New("client: publish: nil event")
	case isUnknown:
		return "", fmt.Errorf("client: publish: unknown event %s: only what the spec names can be published", excerpt.Quote(event.EventName()))
	}
	data, err := gen.EncodeEvent(event)
	if err != nil {
		return "", fmt.Errorf("client: publish: %w", err)
	}
	body, err := json.Marshal(gen.PublishedEvent{Event: event.EventName(), Data: data})
	if err != nil {
		return "", fmt.Errorf("client: publish: %w", err)
	}
	result, err := c.publish(ctx, sessionID, "application/json", body, 1, opts)
	return result.LastID, err
}

// PublishLines is Publish for events that are lines of JSON, each
// {"event":name,"data":{…}} (application/x-ndjson). They are appended in order; of
// those before a refused one, the *PublishError tells. What does not fit into memory,
// or takes long to come, is published in several calls.
func (c *Client) PublishLines(ctx context.Context, sessionID string, lines []byte, opts ...Option) (gen.PublishResult, error) {
	return c.publish(ctx, sessionID, "application/x-ndjson", lines, countLines(lines), opts)
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
func (c *Client) publish(ctx context.Context, sessionID, contentType string, body []byte, events int, opts []Option) (result gen.PublishResult, err error) {
	cfg := c.cfg
	for _, o := range opts {
		o.applyClient(&cfg)
	}
	if err := cfg.check(); err != nil {
		return result, err
	}
	if sessionID == "" {
		return result, errors.New("client: publish: empty session id")
	}
	requester, err := gen.NewClient(cfg.baseURL, gen.WithHTTPClient(withRedirects(cfg.httpClient)), gen.WithRequestEditorFn(cfg.setPublishHeader))
	if err != nil {
		return result, fmt.Errorf("client: %w", err)
	}
	key := rand.Text()
	params := &gen.PublishEventsParams{SessionID: sessionID, IdempotencyKey: &key}
	unknown := false
	send := func(ctx context.Context) error {
		resp, err := requester.PublishEventsWithBody(ctx, params, contentType, bytes.NewReader(body), cfg.editors...)
		if err != nil {
			err = notAnswered(resp, err)
		} else {
			err = readPublished(resp, &result)
		}
		unknown = leavesUnknown(err) || unknown && !refusesEvent(err)
		return err
	}
	policy := cfg.source.retry.withDefaults()
	if policy.MaxElapsedTime < 0 || policy.MaxElapsedTime > publishWithin {
		policy.MaxElapsedTime = publishWithin
	}
	err = repeat(ctx, policy, cfg.source, send)
	if err == nil && result.Count != events {
		err = fmt.Errorf("client: publish: the server says that it has published %d events, and was sent %d", result.Count, events)
		result, unknown = gen.PublishResult{}, true
	}
	if err != nil && unknown {
		err = &unknownOutcomeError{err}
	}
	return result, err
}

// unknownOutcomeError is a failure that is an ErrOutcomeUnknown as well.
type unknownOutcomeError struct{ cause error }

func (e *unknownOutcomeError) Error() string {
	return e.cause.Error() + "; " + strings.TrimPrefix(ErrOutcomeUnknown.Error(), "client: ")
}

func (e *unknownOutcomeError) Unwrap() []error { return []error{e.cause, ErrOutcomeUnknown} }

// refusesEvent reports whether a server has refused one event of a body, and counts all
// that is published of it: any other request with the body has come no further.
func refusesEvent(err error) bool {
	var counted *PublishError
	return errors.As(err, &counted) && counted.Type == gen.RESTErrorTypeValidationError &&
		(counted.StatusCode == http.StatusBadRequest || counted.StatusCode == http.StatusRequestEntityTooLarge)
}

// leavesUnknown reports whether a request that failed may have published events that its
// answer does not count, or may still do so.
func leavesUnknown(err error) bool {
	var (
		dial    *net.OpError
		answer  *APIError
		ours    *ErrorResponse
		counted *PublishError
	)
	switch {
	case err == nil:
		return false
	case !errors.As(err, &answer):
		return !errors.As(err, &dial) || dial.Op != "dial" && dial.Op != "proxyconnect" // which send nothing
	case errors.As(err, &counted):
		return counted.StatusCode >= 500 || counted.StatusCode == http.StatusConflict
	case errors.As(err, &ours):
		return false // it refuses the request as a whole
	}
	return answer.StatusCode < 300 || answer.StatusCode >= 500 || retryable(answer.StatusCode, false)
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
func readPublished(resp *http.Response, result *gen.PublishResult) error {
	defer resp.Body.Close()
	final := resp.StatusCode != http.StatusCreated && !retryable(resp.StatusCode, false)
	if final { // also if its body does not come
		defer time.AfterFunc(maxErrorWait, func() { resp.Body.Close() }).Stop()
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err != nil && !final {
		return err
	}
	var got gen.PublishResult
	if resp.StatusCode == http.StatusCreated && json.Unmarshal(body, &got) == nil && got.FirstID != "" && got.LastID != "" {
		*result = got
		return nil
	}
	return publishError(&APIError{StatusCode: resp.StatusCode, Header: resp.Header, Body: body, Request: resp.Request})
}

// publishError returns an answer as what its body says it is.
func publishError(e *APIError) error {
	err := errorResponse(e)
	var response *ErrorResponse
	var body gen.PublishError
	if !errors.As(err, &response) || json.Unmarshal(e.Body, &body) != nil || body.Count == nil {
		return err
	}
	refused := &PublishError{ErrorResponse: *response, Count: *body.Count}
	if body.Line != nil {
		refused.Line = *body.Line
	}
	if body.LastID != nil {
		refused.LastID = *body.LastID
	}
	return refused
}

// setPublishHeader sets the headers of a request that publishes.
func (c *config) setPublishHeader(_ context.Context, r *http.Request) error {
	r.Header.Set("Accept", "application/json")
	for key, values := range c.header {
		r.Header[key] = slices.Clone(values)
	}
	return nil
}
