package client

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/mixstream/mixstream/internal/excerpt"
)

// publishWithin is the longest time in which one publish is repeated. A server honours an
// Idempotency-Key for three minutes; a request that arrives later may publish twice.
const publishWithin = 100 * time.Second

// PublishResult says what was published. It is zero if the call returns an error.
type PublishResult struct {
	Count   int    `json:"count"`   // the number of events
	FirstID string `json:"firstId"` // the id of the first one
	LastID  string `json:"lastId"`  // the id of the last one
}

// publish sends a body that holds a number of events until an attempt succeeds, or fails for
// good.
func (c *config) publish(ctx context.Context, url, contentType string, body []byte, events int) (PublishResult, error) {
	hc := withRedirects(c.httpClient)
	key := rand.Text()
	var result PublishResult
	outcome := outcomeNothing
	err := c.repeat(ctx, func(ctx context.Context, progress func()) (err error) {
		result, err = c.publishOnce(ctx, hc, url, contentType, key, watchedBody{body, progress})
		outcome = outcome.after(err)
		return err
	})
	if err == nil && result.Count != events {
		err = fmt.Errorf("client: publish: the server says that it has published %d events, but the request had %d", result.Count, events)
		outcome = outcomeUnknown
	}
	switch {
	case err == nil:
		return result, nil
	case outcome == outcomeUnknown:
		err = &unknownOutcomeError{err}
	}
	return PublishResult{}, err
}

// repeat calls send until it succeeds, or until no repetition can help.
func (c *config) repeat(ctx context.Context, send func(_ context.Context, progress func()) error) error {
	policy := c.source.retry.withDefaults()
	if policy.MaxElapsedTime < 0 || policy.MaxElapsedTime > publishWithin {
		policy.MaxElapsedTime = publishWithin
	}
	var b backoff
	b.begin()
	begun := time.Now().Round(0) // the monotonic clock stands while a machine sleeps; the server's does not
	var left time.Duration       // for the next attempt; zero, for the first one: no limit
	for {
		err := within(ctx, c.source.connectTimeout, left, send)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("client: publish: %w", contextError(ctx))
		}
		if answerIn(err) == nil { // an answer names the request
			err = fmt.Errorf("client: publish: %w", excerpt.Error(err))
		}
		var ok bool
		if b.asked, ok = repeatable(err, false); !ok {
			return err
		}
		b.failed(err)
		if err := c.wait(ctx, policy, &b); err != nil {
			return err
		}
		// No repetition may arrive once the server has forgotten the key.
		left = publishWithin - time.Now().Round(0).Sub(begun)
		if left <= 0 {
			return &gaveUpError{failures: b.failures, elapsed: publishWithin - left, cause: b.cause}
		}
	}
}

// wait waits for the delay before the next attempt. It returns an error if the policy allows
// no attempt, or if the context is done.
func (c *config) wait(ctx context.Context, policy RetryPolicy, b *backoff) error {
	delay, err := b.delay(policy, 0)
	if err != nil {
		return err
	}
	if c.source.hooks.Retrying != nil {
		c.source.hooks.Retrying(Retry{Attempt: b.failures, Delay: delay, Err: b.cause})
	}
	select {
	case <-time.After(delay):
		return nil
	case <-ctx.Done():
		return fmt.Errorf("client: publish: %w; before that: %w", contextError(ctx), b.cause)
	}
}

// within calls send with two time limits. The timeout begins anew with each progress of the
// upload, since a large body may need longer on a slow connection. The attempt ends after
// most in any case. A limit of zero or less is none.
func within(ctx context.Context, timeout, most time.Duration, send func(_ context.Context, progress func()) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	expire := func() { cancel(ErrConnectTimeout) }
	if most > 0 {
		defer time.AfterFunc(most, expire).Stop()
	}
	progress := func() {}
	if timeout > 0 {
		timer := time.AfterFunc(timeout, expire)
		defer timer.Stop()
		progress = func() { timer.Reset(timeout) }
	}
	err := send(ctx, progress)
	if cause := context.Cause(ctx); err != nil && errors.Is(cause, ErrConnectTimeout) && answerIn(err) == nil {
		return cause
	}
	return err
}

// publishOnce makes one attempt.
func (c *config) publishOnce(ctx context.Context, hc *http.Client, url, contentType, key string, body watchedBody) (PublishResult, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, http.NoBody)
	if err != nil {
		return PublishResult{}, err
	}
	body.setTo(r)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Idempotency-Key", key)
	c.setOwnHeader(r)
	resp, err := c.send(hc, r)
	if err != nil {
		return PublishResult{}, notAnswered(resp, err)
	}
	return c.readAnswer(resp)
}

// readAnswer reads the answer to a request that publishes. The status alone can refuse the
// request for good. The refusal then stands, even if the body does not come.
func (c *config) readAnswer(resp *http.Response) (result PublishResult, err error) {
	defer resp.Body.Close()
	final := resp.StatusCode != http.StatusCreated && !retryable(resp.StatusCode, false)
	if final {
		defer time.AfterFunc(maxErrorWait, func() { resp.Body.Close() }).Stop()
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err != nil && !final {
		return PublishResult{}, err
	}
	if resp.StatusCode == http.StatusCreated && json.Unmarshal(body, &result) == nil && result.FirstID != "" && result.LastID != "" {
		return result, nil
	}
	answer := &APIError{StatusCode: resp.StatusCode, Header: resp.Header, Body: body, Request: resp.Request}
	err = c.source.refused(answer)
	answer.readPublished()
	return PublishResult{}, err
}
