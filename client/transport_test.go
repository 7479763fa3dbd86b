package client_test

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/mix"
)

// transport is an http.RoundTripper that answers the nth request with its nth
// step, and later ones with the last. It notes when they came.
type transport struct {
	steps []step
	begun time.Time

	mu    sync.Mutex
	times []time.Duration
	ids   []string
}

type step func(*http.Request) (*http.Response, error)

func fake(steps ...step) *transport { return &transport{steps: steps, begun: time.Now()} }

func (f *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	n := len(f.times)
	f.times = append(f.times, time.Since(f.begun))
	f.ids = append(f.ids, r.Header.Get("Last-Event-ID"))
	f.mu.Unlock()
	return f.steps[min(n, len(f.steps)-1)](r)
}

// pauses returns the time between the requests.
func (f *transport) pauses() []time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	var pauses []time.Duration
	for i := 1; i < len(f.times); i++ {
		pauses = append(pauses, f.times[i]-f.times[i-1])
	}
	return pauses
}

func (f *transport) open(t *testing.T, opts ...client.Option) (*mix.Stream, error) {
	t.Helper()
	return f.openAt(t, "http://fake", opts...)
}

func (f *transport) openAt(t *testing.T, baseURL string, opts ...client.Option) (*mix.Stream, error) {
	t.Helper()
	c, err := mix.NewClient(baseURL, append([]client.Option{client.WithHTTPClient(&http.Client{Transport: f})}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c.StreamEvents(t.Context(), session, nil)
}

func (f *transport) source(ctx context.Context, opts ...client.SourceOption) *client.Source {
	hc := &http.Client{Transport: f}
	return client.NewSource(ctx, "", func(ctx context.Context, id string) (*http.Response, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://fake", nil)
		if err != nil {
			return nil, err
		}
		r.Header.Set("Last-Event-ID", id)
		return hc.Do(r)
	}, opts...)
}

// part is a part of a body, which comes after a pause.
type part struct {
	pause time.Duration
	text  string
}

// fakeBody is its parts, and then an error; without one it waits for the context.
type fakeBody struct {
	ctx   context.Context
	parts []part
	err   error
}

func (b *fakeBody) Read(p []byte) (int, error) {
	if len(b.parts) == 0 && b.err == nil {
		<-b.ctx.Done()
	}
	if b.ctx.Err() != nil || len(b.parts) == 0 {
		return 0, cmp.Or(b.ctx.Err(), b.err)
	}
	next := &b.parts[0]
	select {
	case <-time.After(next.pause):
	case <-b.ctx.Done():
		return 0, b.ctx.Err()
	}
	n := copy(p, next.text)
	if next.text, next.pause = next.text[n:], 0; next.text == "" {
		b.parts = b.parts[1:]
	}
	return n, nil
}

func (b *fakeBody) Close() error { return nil }

// paced answers with an event stream of the parts, which ends with err, or
// never.
func paced(err error, parts ...part) step {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: http.StatusOK,
			Header:     http.Header{"Content-Type": {"text/event-stream"}},
			Body:       &fakeBody{ctx: r.Context(), parts: slices.Clone(parts), err: err},
			Request:    r,
		}, nil
	}
}

// streams answers with an event stream of text, which ends with err after a
// while, or never.
func streams(text string, after time.Duration, err error) step {
	return paced(err, part{0, text}, part{after, ""})
}

// status answers with a status; header lists keys and values.
func status(code int, header ...string) step {
	return func(r *http.Request) (*http.Response, error) {
		h := make(http.Header)
		for i := 0; i+1 < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{StatusCode: code, Header: h, Body: http.NoBody, Request: r}, nil
	}
}

// fails is an attempt without an answer.
func fails(err error) step {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// waits is an attempt that gets no answer.
func waits(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}
