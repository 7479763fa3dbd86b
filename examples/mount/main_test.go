package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/sse"
)

// application is a run under test.
type application struct {
	url  string
	stop context.CancelFunc
	done chan error // the result of run
}

func start(t *testing.T) *application {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	a := &application{url: "http://" + listener.Addr().String(), stop: cancel, done: make(chan error, 1)}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		a.done <- run(ctx, listener)
	}()
	t.Cleanup(func() {
		cancel()
		<-stopped
		http.DefaultClient.CloseIdleConnections()
	})
	return a
}

// shutDown stops the application and returns the result of run.
func (a *application) shutDown() error {
	a.stop()
	return <-a.done
}

// request returns the answer's status and body.
func (a *application) request(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	resp := a.send(t, method, path, body)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return resp.StatusCode, strings.TrimSpace(string(answer))
}

func (a *application) send(t *testing.T, method, path, body string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, a.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func TestRoutes(t *testing.T) {
	a := start(t)
	for _, tt := range []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"health", "GET", "/healthz", "", 200, `{"status":"ok"}`},
		{"new session", "POST", "/sessions/s1", "", 201, `{"session":"s1"}`},
		{"session exists", "POST", "/sessions/s1", "", 409, `{"error":"the session exists"}`},
		{"turn", "POST", "/sessions/s1/turns", `{"prompt": "Hi"}`, 202, `{"session":"s1"}`},
		{"no prompt", "POST", "/sessions/s1/turns", `{}`, 400, `{"error":"a JSON object with a prompt is expected"}`},
		{"unknown session", "GET", "/stream?sessionId=s2", "", 404, `{"error":{"code":404,"message":"session \"s2\" does not exist","type":"not_found"}}`},
		{"unknown path", "GET", "/nothing", "", 404, "404 page not found"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, answer := a.request(t, tt.method, tt.path, tt.body)
			if status != tt.status || answer != tt.want {
				t.Errorf("%s %s: got %d %s, want %d %s", tt.method, tt.path, status, answer, tt.status, tt.want)
			}
		})
	}
	if err := a.shutDown(); err != nil {
		t.Errorf("run: %v", err)
	}
}

func TestTurnIsStreamed(t *testing.T) {
	a := start(t)
	a.request(t, "POST", "/sessions/s1", "")
	c, err := mix.NewClient(a.url)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := c.StreamEvents(t.Context(), "s1", nil, mix.UntilComplete())
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()

	a.request(t, "POST", "/sessions/s1/turns", `{"prompt": "Where is the log used?"}`)
	var got []string
	for event, err := range stream.All() {
		if err != nil {
			t.Fatal(err)
		}
		text := event.Name
		if data, ok := event.Data.(*gen.ContentData); ok {
			text += " " + data.Content
		}
		got = append(got, text)
	}
	want := []string{
		"connected", "user_message_created",
		"content Where ", "content is ", "content the ", "content log ", "content used?",
		"complete",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestShutdownEndsStreamInOrder(t *testing.T) {
	a := start(t)
	a.request(t, "POST", "/sessions/s1", "")
	resp := a.send(t, "GET", "/stream?sessionId=s1", "")
	defer resp.Body.Close()
	dec := sse.NewDecoder(resp.Body)
	if first, err := dec.Next(); err != nil || first.Name != "connected" {
		t.Fatalf("first event: %q, %v", first.Name, err)
	}

	began := time.Now()
	if err := a.shutDown(); err != nil {
		t.Errorf("run: %v", err)
	}
	if d := time.Since(began); d >= shutdownTimeout {
		t.Errorf("shutting down took %v", d)
	}

	last, err := dec.Next()
	if err != nil || last.Name != "heartbeat" || !last.HasRetry {
		t.Errorf("last event: %q, with a reconnection time: %t, %v; want a heartbeat with one", last.Name, last.HasRetry, err)
	}
	// A connection that was cut would return io.ErrUnexpectedEOF.
	if _, err := dec.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("end of the stream: %v, want %v", err, io.EOF)
	}
}

func TestRunFailsWithoutListener(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	if err := run(t.Context(), listener); !errors.Is(err, net.ErrClosed) {
		t.Errorf("run: %v, want %v", err, net.ErrClosed)
	}
}
