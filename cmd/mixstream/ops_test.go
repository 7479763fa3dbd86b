package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mixstream/mixstream"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
)

// reply is an answer.
type reply struct {
	status      int
	contentType string
	body        string
}

// ask sends a request with a token, if there is one.
func ask(t *testing.T, url, token string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header.Get("Content-Type"), string(body)}
}

func wantAnswer(t *testing.T, url, token string, status int, contains string) {
	t.Helper()
	if g := ask(t, url, token); g.status != status || !strings.Contains(g.body, contains) {
		t.Errorf("%s: got %d %.100q, want %d with %q", url, g.status, g.body, status, contains)
	}
}

const plainText = "text/plain; charset=utf-8"

func TestOps(t *testing.T) {
	_, url := serving(t)
	if g, want := ask(t, url+"/healthz", ""), (reply{200, plainText, "ok\n"}); g != want {
		t.Errorf("got %v, want %v", g, want)
	}
	if g, want := ask(t, url+"/readyz", ""), (reply{200, plainText, "ok\n"}); g != want {
		t.Errorf("got %v, want %v", g, want)
	}
	if g, want := ask(t, url+"/openapi.yaml", ""), (reply{200, "application/yaml", string(mixstream.Spec)}); g != want {
		t.Errorf("got %v, want the spec", g)
	}
	for _, metric := range []string{"go_goroutines", "process_start_time_seconds"} {
		wantAnswer(t, url+"/metrics", "", http.StatusOK, "\n"+metric+" ")
	}
	wantAnswer(t, url+"/", "", http.StatusOK, "<html")
	wantAnswer(t, url+"/nothing", "", http.StatusNotFound, "")
}

// Probes need no token; reading the metrics needs one.
func TestOpsWithTokens(t *testing.T) {
	dir := writeFiles(t, map[string]string{"tokens": "secret\n"})
	_, url := serving(t, "--token-file", dir+"/tokens", "--cors-origin", "https://app.example.com")
	for _, path := range []string{"/healthz", "/readyz", "/openapi.yaml"} {
		wantAnswer(t, url+path, "", http.StatusOK, "")
	}
	wantAnswer(t, url+"/metrics", "", http.StatusUnauthorized, "a bearer token is required")
	wantAnswer(t, url+"/metrics", "wrong", http.StatusUnauthorized, "not accepted")
	wantAnswer(t, url+"/metrics", "secret", http.StatusOK, "go_goroutines")
	wantAnswer(t, url+"/stream?sessionId=s", "", http.StatusUnauthorized, "")
}

// A listener for operators serves only their paths, and removes them from the other listener.
func TestOpsListen(t *testing.T) {
	dir := writeFiles(t, map[string]string{"tokens": "secret\n"})
	p := start(t, "serve", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0", "--token-file", dir+"/tokens")
	_, own, _ := strings.Cut(p.stderr.find(t, "health, readiness and metrics"), "at ")
	_, url, _ := strings.Cut(p.stderr.find(t, "listening on"), "listening on ")
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 200, "/": 404, "/stream": 404, "/openapi.yaml": 404} {
		wantAnswer(t, own+path, "", want, "")
	}
	for path, want := range map[string]int{"/healthz": 404, "/readyz": 404, "/metrics": 404, "/": 200, "/openapi.yaml": 200} {
		wantAnswer(t, url+path, "secret", want, "")
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, own+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "rebound.example.com"
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer res.Body.Close()
	if res.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("for another host: status %d, want %d", res.StatusCode, http.StatusMisdirectedRequest)
	}
	p.stop()
	if status := <-p.status; status != 0 {
		t.Errorf("serve ended with status %d", status)
	}
}

func TestOpsListenFails(t *testing.T) {
	if status, _, stderr := execute(t, "", "serve", "--listen", "127.0.0.1:0", "--ops-listen", "nowhere"); status != 2 || !strings.Contains(stderr, "--ops-listen") {
		t.Errorf("status %d, %q", status, stderr)
	}
}

// Readiness follows the server. It gives a reason without details for strangers, and a change
// is logged.
func TestReadyz(t *testing.T) {
	var logged strings.Builder
	var failure error
	o, err := newOps(slog.New(slog.NewTextHandler(&logged, nil)))
	if err != nil {
		t.Fatal(err)
	}
	o.ready = func(context.Context) error { return failure }
	gone := fmt.Errorf("nats://inside:4222: %w", eventlog.ErrUnavailable)
	for _, step := range []struct {
		err    error
		status int
		body   string
	}{
		{nil, 200, "ok\n"},
		{gone, 503, "the log of events cannot be reached or appended to\n"},
		{gone, 503, "the log of events cannot be reached or appended to\n"},
		{nil, 200, "ok\n"},
		{nil, 200, "ok\n"},
		{errors.New("broken"), 503, "the log of events cannot be reached or appended to\n"},
		{nil, 200, "ok\n"},
		{server.ErrDraining, 503, "shutting down\n"},
	} {
		failure = step.err
		w := httptest.NewRecorder()
		o.wrap(http.NotFoundHandler(), nil, false).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
		if w.Code != step.status || w.Body.String() != step.body {
			t.Errorf("with %v: %d %q, want %d %q", step.err, w.Code, w.Body, step.status, step.body)
		}
	}
	for text, n := range map[string]int{
		`level=WARN msg="not ready"`: 2, `level=INFO msg="ready again"`: 2, "nats://inside:4222": 1,
		`level=INFO msg="not ready"`: 1, // an orderly shutdown is no reason for a warning
	} {
		if got := strings.Count(logged.String(), text); got != n {
			t.Errorf("%s was logged %d times, want %d: %s", text, got, n, logged.String())
		}
	}
}

// From the signal on, the server is not ready, while its streams are still open.
func TestNotReadyAfterSignal(t *testing.T) {
	p := start(t, "serve", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0")
	_, own, _ := strings.Cut(p.stderr.find(t, "health, readiness and metrics"), "at ")
	_, url, _ := strings.Cut(p.stderr.find(t, "listening on"), "listening on ")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var streams []*http.Response
	for range 300 { // these end within three seconds
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/stream?sessionId=s", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		streams = append(streams, res)
	}
	defer func() {
		for _, res := range streams {
			res.Body.Close()
		}
	}()
	defer http.DefaultClient.CloseIdleConnections()
	wantAnswer(t, own+"/readyz", "", http.StatusOK, "ok")
	p.stop()
	for ask(t, own+"/readyz", "").status == http.StatusOK { // until the signal has arrived
	}
	wantAnswer(t, own+"/readyz", "", http.StatusServiceUnavailable, "shutting down")
	wantAnswer(t, own+"/healthz", "", http.StatusOK, "ok")
	for _, res := range streams {
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			t.Errorf("a stream ends with %v", err)
		}
	}
	if status := <-p.status; status != 0 {
		t.Errorf("serve ended with status %d", status)
	}
}
