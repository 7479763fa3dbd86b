package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
)

// publications is a server of publishEvents that gives its answers in turn.
type publications struct {
	answers []string // a status, and a body after a space; "cut" breaks the connection

	mu    sync.Mutex
	keys  []string
	types []string
	last  string // the body of the last request
}

func (p *publications) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys, p.types, p.last = append(p.keys, r.Header.Get("Idempotency-Key")), append(p.types, r.Header.Get("Content-Type")), string(body)
	answer := p.answers[min(len(p.keys), len(p.answers))-1]
	status, text, _ := strings.Cut(answer, " ")
	code, ok := map[string]int{"201": 201, "400": 400, "401": 401, "409": 409, "413": 413, "422": 422, "500": 500, "502": 502, "503": 503}[status]
	if !ok {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if answer == published {
		text = fmt.Sprintf(`{"firstId":"7","lastId":"9","count":%d}`, max(1, strings.Count(p.last, "\n")))
	}
	io.WriteString(w, text)
}

func publisher(t *testing.T, answers ...string) (*publications, *mix.Client) {
	t.Helper()
	p := &publications{answers: answers}
	ts := httptest.NewServer(p)
	t.Cleanup(ts.Close)
	c, err := mix.NewClient(ts.URL, client.WithHTTPClient(ts.Client()), client.WithRetryPolicy(fast))
	if err != nil {
		t.Fatal(err)
	}
	return p, c
}

// published is the answer for everything that was sent.
const published = "201"

// A publish repeats a failure under the same key. Each publish has its own key.
func TestPublishRetries(t *testing.T) {
	p, c := publisher(t, "cut", "503 {}", `500 {"error":{"code":500,"type":"internal_error","message":"x"},"count":0}`, published)
	retries := 0
	id, err := c.Publish(t.Context(), session, &gen.ContentData{Type: "content", Content: "a"}, client.WithHooks(client.Hooks{Retrying: func(r client.Retry) {
		if retries++; r.Attempt != retries || r.Err == nil {
			t.Errorf("got %+v", r)
		}
	}}))
	if err != nil || id != "9" || retries != 3 {
		t.Fatalf("id %q, %d retries: %v", id, retries, err)
	}
	if p.last != `{"event":"content","data":{"content":"a","type":"content"}}` || p.types[0] != "application/json" {
		t.Errorf("sent %s as %s", p.last, p.types[0])
	}
	if p.keys[0] == "" || p.keys[3] != p.keys[0] {
		t.Errorf("the keys %q", p.keys)
	}
	result, err := c.PublishLines(t.Context(), session, []byte("{}\n{}\n"))
	if err != nil || result != (client.PublishResult{FirstID: "7", LastID: "9", Count: 2}) || p.types[4] != "application/x-ndjson" || p.keys[4] == p.keys[0] {
		t.Errorf("got %+v, %v, type %s, keys %q", result, err, p.types[4], p.keys)
	}
}

func TestPublishRefused(t *testing.T) {
	_, c := publisher(t, `400 {"error":{"code":400,"type":"validation_error","message":"line 3: no"},"line":3,"count":2,"lastId":"8"}`,
		`401 {"error":{"code":401,"type":"unauthorized","message":"no"}}`)
	var refused *client.APIError
	_, err := c.PublishLines(t.Context(), session, []byte("{}\n"))
	if !errors.As(err, &refused) || refused.Published == nil || refused.Published.Line != 3 || refused.Published.Count != 2 || refused.Published.LastID != "8" {
		t.Errorf("got %v", err)
	}
	var response *mix.ErrorResponse
	if !errors.As(err, &response) || response.Type != "validation_error" || refused.StatusCode != 400 || refused.Err != error(response) || !strings.HasSuffix(err.Error(), "line 3: no") {
		t.Errorf("got %v", err)
	}
	if _, err = c.PublishLines(t.Context(), session, []byte("{}\n")); !errors.As(err, &refused) || refused.Published != nil || !errors.As(err, &response) || response.Type != "unauthorized" {
		t.Errorf("got %v", err)
	}
	for _, event := range []gen.Event{nil, (*gen.UnknownEvent)(nil), &gen.UnknownEvent{Name: "content"}} {
		if _, err := c.Publish(t.Context(), session, event); err == nil || errors.As(err, new(*client.APIError)) {
			t.Errorf("%#v is published: %v", event, err)
		}
	}
	if _, err := c.Publish(t.Context(), "", &gen.ContentData{}); err == nil || errors.As(err, new(*client.APIError)) {
		t.Error("an event of no session is published")
	}
}

func TestPublishGivesUp(t *testing.T) {
	_, c := publisher(t, "503 {}")
	if _, err := c.PublishLines(t.Context(), session, nil, client.WithRetryPolicy(client.RetryPolicy{MaxAttempts: client.NoRetries})); !errors.Is(err, client.ErrGaveUp) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := c.PublishLines(ctx, session, nil, client.WithHooks(client.Hooks{Retrying: func(client.Retry) { cancel() }}))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := c.PublishLines(ctx, session, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// The client gives up a repetition that hangs while the server still knows its key.
func TestPublishGivesUpInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(status(503, "Retry-After", "95"), func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		for _, timeout := range []time.Duration{0, 30 * time.Second} {
			c, err := mix.NewClient("http://fake", client.WithHTTPClient(&http.Client{Transport: f}), client.WithConnectTimeout(timeout), client.WithRetryPolicy(fast))
			if err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			_, err = c.PublishLines(t.Context(), session, []byte("{}\n"))
			if took := time.Since(begun); !errors.Is(err, client.ErrGaveUp) || took > 100*time.Second {
				t.Errorf("timeout %v: after %v: %v", timeout, took, err)
			}
			f.times = nil
		}
	})
}

// A request that publishes follows a redirect with its body, or not at all.
func TestPublishRedirected(t *testing.T) {
	for _, code := range redirects {
		p, _ := publisher(t, published)
		there := httptest.NewServer(p)
		t.Cleanup(there.Close)
		server := serve(t, redirect(code, there.URL+"/stream"))
		id, err := server.client(client.WithHeader("Authorization", "Bearer secret")).Publish(t.Context(), session, &gen.ContentData{Content: "a"})
		if code < 307 {
			var answer *client.APIError
			if !errors.As(err, &answer) || answer.StatusCode != code || len(p.keys) > 0 || !strings.Contains(err.Error(), "make a GET of the POST") {
				t.Errorf("%d: %d requests, error %v", code, len(p.keys), err)
			}
			continue
		}
		if err != nil || id != "9" || p.types[0] != "application/json" || p.last == "" || p.keys[0] != server.Requests()[0].Header.Get("Idempotency-Key") {
			t.Errorf("%d: %q as %q under %q: id %q, error %v", code, p.last, p.types, p.keys, id, err)
		}
	}
}

// A refusal counts as soon as its status has come, even without its body.
func TestPublishRefusedWithoutBody(t *testing.T) {
	for name, cut := range map[string]bool{"stalled": false, "cut": true} {
		synctest.Test(t, func(t *testing.T) {
			body, rest := io.Pipe()
			if cut {
				rest.CloseWithError(io.ErrUnexpectedEOF)
			}
			f := fake(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: http.StatusForbidden, Body: body, Request: r}, nil
			})
			c, err := mix.NewClient("http://fake", client.WithHTTPClient(&http.Client{Transport: f}))
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Publish(t.Context(), session, &gen.ContentData{Type: "content", Content: "x"})
			var refused *client.APIError
			if !errors.As(err, &refused) || refused.StatusCode != http.StatusForbidden || len(f.ids) != 1 {
				t.Errorf("%s: error %v, after %d requests", name, err, len(f.ids))
			}
		})
	}
}

// The error has the context's error and its cause, as for a stream.
func TestPublishUntilContextEnds(t *testing.T) {
	why := errors.New("why")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, why)
	defer cancel()
	_, err := serve(t, hang).client().Publish(ctx, session, &gen.ContentData{Type: "content", Content: "x"})
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, why) {
		t.Errorf("error %v", err)
	}
}

// The error of a failed call says whether the events may be published all the same. TestOutcome has
// the rule; these rows are about what the client makes of an answer.
func TestPublishOutcomeUnknown(t *testing.T) {
	const unavailable = `503 {"error":{"code":503,"type":"unavailable","message":"x"}}`
	counted := func(status int, kind string) string {
		line := 0
		if status == http.StatusBadRequest && kind == "validation_error" {
			line = 2
		}
		return fmt.Sprintf(`%d {"error":{"code":%[1]d,"type":%q,"message":"x"},"line":%d,"count":1,"lastId":"7"}`, status, kind, line)
	}
	for name, c := range map[string]struct {
		answers []string
		unknown bool
	}{
		"no answer":                   {[]string{"cut"}, true},
		"refused as a whole":          {[]string{unavailable}, false},
		"a proxy's":                   {[]string{"502 <html>"}, true},
		"a bad line":                  {[]string{counted(400, "validation_error")}, false},
		"a bad line, after no answer": {[]string{"cut", counted(400, "validation_error")}, false},
		"another body":                {[]string{counted(422, "validation_error")}, false},
		"fewer than were sent":        {[]string{`201 {"firstId":"7","lastId":"7","count":1}`}, true},
		"more than were sent":         {[]string{`201 {"firstId":"7","lastId":"9","count":3}`}, true},
		"none":                        {[]string{`201 {"firstId":"7","lastId":"7","count":0}`}, true},
		"published, without an id":    {[]string{"201 {}"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			policy := fast
			if policy.MaxAttempts = len(c.answers) - 1; policy.MaxAttempts == 0 {
				policy.MaxAttempts = -1
			}
			_, publisher := publisher(t, c.answers...)
			result, err := publisher.PublishLines(t.Context(), session, []byte("\ufeff{}\r\n \n{}"), client.WithRetryPolicy(policy))
			if err == nil || errors.Is(err, client.ErrOutcomeUnknown) != c.unknown || result.Count != 0 {
				t.Errorf("result %+v, error %v; want unknown: %v", result, err, c.unknown)
			}
		})
	}
	ts := httptest.NewServer(nil)
	ts.Close()
	c, err := mix.NewClient(ts.URL, client.WithRetryPolicy(client.RetryPolicy{MaxAttempts: client.NoRetries}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.PublishLines(t.Context(), session, []byte("{}")); !errors.Is(err, client.ErrGaveUp) || errors.Is(err, client.ErrOutcomeUnknown) {
		t.Errorf("without a server: error %v", err)
	}
}
