package otherclients_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	anthropic "github.com/anthropics/anthropic-sdk-go/v2/packages/ssestream"
	"github.com/launchdarkly/eventsource"
	openai "github.com/openai/openai-go/v3/packages/ssestream"
	r3labs "github.com/r3labs/sse/v2"
	tmaxmax "github.com/tmaxmax/go-sse"

	"github.com/mixstream/mixstream/client"
)

func request(ctx context.Context, t *testing.T, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Error(err)
	}
	return r
}

// separate returns an HTTP client with its own connections, and a function that closes them.
func separate() (*http.Client, func()) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	return &http.Client{Transport: transport}, transport.CloseIdleConnections
}

// readTmaxmax reads with go-sse.
func readTmaxmax(ctx context.Context, t *testing.T, url string, tell func(said)) {
	hc, closeIdle := separate()
	defer closeIdle()
	c := &tmaxmax.Client{
		HTTPClient: hc,
		OnRetry:    func(err error, _ time.Duration) { tell(said{Kind: "error", Text: err.Error()}) },
		Backoff:    tmaxmax.Backoff{InitialInterval: 100 * time.Millisecond},
	}
	conn := c.NewConnection(request(ctx, t, url))
	conn.SubscribeToAll(func(e tmaxmax.Event) {
		tell(said{Kind: "event", Name: e.Type, ID: e.LastEventID, Data: e.Data})
	})
	tell(ended(conn.Connect()))
}

// readR3labs reads with r3labs/sse.
func readR3labs(ctx context.Context, _ *testing.T, url string, tell func(said)) {
	hc, closeIdle := separate()
	defer closeIdle()
	c := r3labs.NewClient(url)
	c.Connection = hc
	c.ReconnectNotify = func(err error, _ time.Duration) { tell(said{Kind: "error", Text: err.Error()}) }
	c.ReconnectStrategy = &every{ctx, 100 * time.Millisecond}
	tell(ended(c.SubscribeRawWithContext(ctx, func(e *r3labs.Event) {
		tell(said{Kind: "event", Name: string(e.Event), ID: string(e.ID), Data: string(e.Data)})
	})))
}

// every is a constant pause for r3labs, whose default is exponential and ignores the context.
type every struct {
	ctx   context.Context
	pause time.Duration
}

func (e *every) Reset() {}

func (e *every) NextBackOff() time.Duration {
	if e.ctx.Err() != nil {
		return -1
	}
	return e.pause
}

// readLaunchDarkly reads with LaunchDarkly's eventsource.
func readLaunchDarkly(ctx context.Context, t *testing.T, url string, tell func(said)) {
	hc, closeIdle := separate()
	defer closeIdle()
	stream, err := eventsource.SubscribeWithRequestAndOptions(request(ctx, t, url),
		eventsource.StreamOptionHTTPClient(hc), eventsource.StreamOptionInitialRetry(100*time.Millisecond),
		eventsource.StreamOptionErrorHandler(func(err error) eventsource.StreamErrorHandlerResult {
			tell(said{Kind: "error", Text: err.Error()})
			return eventsource.StreamErrorHandlerResult{CloseNow: ctx.Err() != nil}
		}))
	if err != nil {
		tell(ended(err))
		return
	}
	stop := context.AfterFunc(ctx, stream.Close)
	defer stop()
	for e := range stream.Events {
		tell(said{Kind: "event", Name: e.Event(), ID: e.Id(), Data: e.Data()})
	}
	tell(ended(nil))
}

// readOurs reads with the client of this module.
func readOurs(options ...client.Option) program {
	return func(ctx context.Context, t *testing.T, url string, tell func(said)) {
		hc, closeIdle := separate()
		defer closeIdle()
		c, err := client.New(answerEvents, url[:len(url)-len("/answers/"+session+"/events")],
			append([]client.Option{client.WithHTTPClient(hc)}, options...)...)
		if err != nil {
			t.Error(err)
			return
		}
		stream, err := c.Open(ctx, answerRequest{session})
		if err != nil {
			tell(ended(err))
			return
		}
		defer stream.Close()
		for stream.Next() {
			e := stream.Event()
			tell(said{Kind: "event", Name: e.Name, ID: e.ID, Data: `{"text":"` + e.Data.Text + `"}`})
		}
		tell(ended(stream.Err()))
	}
}

// readOpenAI reads with the reader of openai-go.
func readOpenAI(ctx context.Context, t *testing.T, url string, tell func(said)) {
	readOnce(ctx, t, url, tell, func(res *http.Response) error {
		d := openai.NewDecoder(res)
		for d.Next() {
			e := d.Event()
			tell(said{Kind: "event", Name: e.Type, Data: string(e.Data[:max(0, len(e.Data)-1)])})
		}
		return d.Err()
	})
}

// readAnthropic reads with the reader of anthropic-sdk-go.
func readAnthropic(ctx context.Context, t *testing.T, url string, tell func(said)) {
	readOnce(ctx, t, url, tell, func(res *http.Response) error {
		d := anthropic.NewDecoder(res)
		for d.Next() {
			e := d.Event()
			tell(said{Kind: "event", Name: e.Type, Data: string(e.Data[:max(0, len(e.Data)-1)])})
		}
		return d.Err()
	})
}

// readOnce makes one request, as the SDKs do, and reads its answer to the end.
func readOnce(ctx context.Context, t *testing.T, url string, tell func(said), read func(*http.Response) error) {
	hc, closeIdle := separate()
	defer closeIdle()
	res, err := hc.Do(request(ctx, t, url))
	if err != nil {
		tell(ended(err))
		return
	}
	defer res.Body.Close()
	tell(ended(read(res)))
}

// ended is the report of a program at its end.
func ended(err error) said {
	if err == nil || errors.Is(err, io.EOF) {
		return said{Kind: "end"}
	}
	return said{Kind: "end", Text: err.Error()}
}
