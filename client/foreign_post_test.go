package client_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/streamtest"
)

// The client sends a POST that may have arrived only once.
func TestPostIsSentOnce(t *testing.T) {
	for name, test := range map[string]struct {
		script streamtest.Script
		opts   []client.Option
		opens  bool
		events []string
	}{
		"no answer":            {script: streamtest.Script{streamtest.Cut()}},
		"a reset":              {script: streamtest.Script{streamtest.Reset()}},
		"half a header":        {script: raw("HTTP/1.1 200 OK\r\nContent-", streamtest.Cut())},
		"no answer in time":    {script: hang, opts: []client.Option{client.WithConnectTimeout(20 * time.Millisecond)}},
		"a cut":                {script: cut(delta(1)), opens: true, events: []string{"delta "}},
		"a cut at once":        {script: cut(""), opens: true},
		"an end":               {script: stream(delta(1)), opens: true, events: []string{"delta "}},
		"a cut, with ids":      {script: cut("id: 1\n" + delta(1)), opens: true, events: []string{"delta 1"}},
		"a cut, and a header":  {script: cut(delta(1), at("7")...), opens: true, events: []string{"delta 7"}},
		"a cut under a policy": {script: cut(delta(1)), opens: true, events: []string{"delta "}, opts: []client.Option{client.ContinueOnGap()}},
		"silence":              {script: quiet(delta(1)), opens: true, events: []string{"delta "}, opts: []client.Option{client.WithIdleTimeout(20 * time.Millisecond)}},
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, test.script)
			s, err := server.answers(test.opts...)
			if test.opens {
				wantRead(t, opened[answerEvent](t)(s, err), test.events...)
				err = s.Err()
			}
			if !errors.Is(err, client.ErrNotResumable) || !strings.Contains(err.Error(), "POST") {
				t.Errorf("error: %v", err)
			}
			if n := len(server.Requests()); n != 1 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// The client returns each answer to a POST, even one that asks it to wait.
func TestPostAnswered(t *testing.T) {
	for _, code := range []int{400, 401, 408, 410, 429, 500, 502, 503, 504} {
		server := serve(t, answer(code, "", "", "Retry-After", "1", "Last-Event-ID", "3"))
		_, err := server.answers(client.WithRequestEditor(func(context.Context, *http.Request) error { return nil }), client.ContinueOnGap())
		var api *client.APIError
		if !errors.As(err, &api) || api.StatusCode != code || errors.Is(err, client.ErrNotResumable) || api.Header.Get("Retry-After") != "1" || len(server.Requests()) != 1 {
			t.Errorf("%d: %v, after %d requests", code, err, len(server.Requests()))
		}
	}
}

// A POST that was not sent is tried again.
func TestPostUnsentIsRepeated(t *testing.T) {
	server := serve(t, stream(delta(1)+done))
	var dials, edits atomic.Int32
	hc := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if dials.Add(1) == 1 {
			return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("connection refused")}
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}}
	defer hc.CloseIdleConnections()
	s := opened[answerEvent](t)(server.answers(client.UntilEvent("done"), client.WithHTTPClient(hc),
		client.WithRequestEditor(func(context.Context, *http.Request) error {
			if edits.Add(1) == 1 {
				return errors.New("no token yet")
			}
			return nil
		})))
	wantEnd(t, s, "delta ", "done ")
	if dials.Load() != 2 || edits.Load() != 3 || len(server.Requests()) != 1 {
		t.Errorf("%d dials, %d edits, %d requests", dials.Load(), edits.Load(), len(server.Requests()))
	}
}

// The client follows a redirect that keeps the method, with the body, and refuses any other.
func TestPostRedirected(t *testing.T) {
	for _, code := range redirects {
		there := serve(t, stream(done))
		server := serve(t, redirect(code, there.URL+"/answers"))
		s, err := server.answers(client.UntilEvent("done"))
		if code < 307 {
			if !errors.As(err, new(*client.APIError)) || len(there.Requests()) > 0 {
				t.Errorf("%d: %v", code, err)
			}
			continue
		}
		wantEnd(t, opened[answerEvent](t)(s, err), "done ")
		if r := there.Requests()[0]; r.Method != http.MethodPost || r.ContentLength <= 0 {
			t.Errorf("%d: %s with %d bytes", code, r.Method, r.ContentLength)
		}
	}
}

// A server that was not asked for a stream answers with JSON.
func TestPostAnsweredWithJSON(t *testing.T) {
	_, err := serve(t, answer(200, "application/json", `{"text":"hi"}`)).answers()
	var api *client.APIError
	if !errors.As(err, &api) || string(api.Body) != `{"text":"hi"}` || !strings.Contains(err.Error(), `"stream": true`) {
		t.Errorf("error: %v", err)
	}
	if _, err = serve(t, answer(200, "application/json", "{}")).orders(); err == nil || strings.Contains(err.Error(), "true") {
		t.Errorf("of a GET: %v", err)
	}
}

// net/http tries again by itself if the server closes an idle connection, but only before
// anything is sent.
func TestPostOnIdleConnection(t *testing.T) {
	var posts atomic.Int32
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		posts.Add(1)
		panic(http.ErrAbortHandler)
	}))
	defer ts.Close()
	c, err := client.New(createAnswer, ts.URL, client.WithHTTPClient(ts.Client()), client.WithRetryPolicy(fast))
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if _, err := c.Open(t.Context(), answerParams{}); !errors.Is(err, client.ErrNotResumable) {
			t.Errorf("error: %v", err)
		}
	}
	if posts.Load() != 5 {
		t.Errorf("%d requests for 5 calls", posts.Load())
	}
}
