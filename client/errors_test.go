package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/streamtest"
)

func TestErrorResponse(t *testing.T) {
	server := serve(t, refusal(404, "not_found", "no session s1", "X-Request-ID", "r9"))
	err := fmt.Errorf("outer: %w", server.refused())
	var e *mix.ErrorResponse
	var api *client.APIError
	if !errors.As(err, &e) || !errors.As(err, &api) || api.Err != error(e) {
		t.Fatalf("error: %#v", err)
	}
	if e.Type != gen.RESTErrorTypeNotFound || e.Message != "no session s1" || api.StatusCode != 404 ||
		api.Header.Get("X-Request-ID") != "r9" || !strings.Contains(string(api.Body), "not_found") || api.Request.URL.Path != "/stream" {
		t.Errorf("%+v", e)
	}
	for _, want := range []string{"GET http://", "sessionId=s1", "404 Not Found", "not_found", "no session s1"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
}

func TestErrorResponseInGaveUp(t *testing.T) {
	server := serve(t, refusal(503, "unavailable", "draining"))
	err := server.refused(client.WithRetryPolicy(client.RetryPolicy{MaxAttempts: client.NoRetries}))
	var e *mix.ErrorResponse
	var api *client.APIError
	if !errors.Is(err, client.ErrGaveUp) || !errors.As(err, &e) || !errors.As(err, &api) || e.Message != "draining" {
		t.Errorf("error: %v", err)
	}
}

func TestAPIError(t *testing.T) {
	tests := []struct {
		name, contentType, body string
	}{
		{"no body", "", ""},
		{"a page", "text/html", "<h1>Not Found</h1>"},
		{"JSON of another kind", "application/json", `{"message":"Not Found"}`},
		{"no JSON", "application/json", `{"error":`},
		{"an error by the wrong content type", "text/plain", `{"error":{"code":404,"type":"not_found","message":"x"}}`},
	}
	for _, test := range tests {
		err := serve(t, answer(404, test.contentType, test.body)).refused()
		var e *mix.ErrorResponse
		var api *client.APIError
		if errors.As(err, &e) || !errors.As(err, &api) || api.StatusCode != 404 || string(api.Body) != test.body {
			t.Errorf("%s: %#v", test.name, err)
		}
	}
	err := serve(t, answer(404, "", strings.Repeat("x", 100_000))).refused()
	var api *client.APIError
	if !errors.As(err, &api) || len(api.Body) != 64<<10 {
		t.Errorf("a long body: %d bytes", len(api.Body))
	}
}

func TestAPIErrorWithoutRequest(t *testing.T) {
	err := &client.APIError{StatusCode: 410}
	if got := err.Error(); got != "client: the server answered 410 Gone" {
		t.Error(got)
	}
}

func TestContentType(t *testing.T) {
	for contentType, good := range map[string]bool{
		"text/event-stream":                true,
		"text/event-stream; charset=utf-8": true,
		"Text/Event-Stream;charset":        true,
		"text/event-stream; a=b; a=c":      true,
		"text/event-streams":               false,
		"text/plain":                       false,
		"application/json":                 false,
	} {
		text := deleted("2", session)
		s, err := serve(t, answer(200, contentType, text)).client().StreamEvents(t.Context(), session, nil)
		if good {
			if err != nil {
				t.Errorf("%s: %v", contentType, err)
				continue
			}
			s.Close()
			continue
		}
		var api *client.APIError
		if !errors.As(err, &api) || api.StatusCode != 200 || string(api.Body) != text || !strings.Contains(err.Error(), contentType) {
			t.Errorf("%s: %v", contentType, err)
		}
	}
	server := serve(t, send(connected("1")), answer(200, "text/html", "<html>"))
	s := server.stream("")
	wantNames(t, s, "connected 1")
	var api *client.APIError
	if !errors.As(s.Err(), &api) {
		t.Errorf("later: %v", s.Err())
	}
	wantIDs(t, server, "-", "1")
}

// The refusals of TestEndlessErrorBody have a body that goes on.
func TestEndlessErrorBody(t *testing.T) {
	server := serve(t, streamtest.Script{streamtest.Raw("HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n{}\n"), streamtest.Hold()})
	err := server.refused(client.WithConnectTimeout(50 * time.Millisecond))
	var api *client.APIError
	if !errors.As(err, &api) || string(api.Body) != "{}\n" {
		t.Errorf("error: %v", err)
	}
}

func TestUnauthorized(t *testing.T) {
	unauthorized := refusal(401, "unauthorized", "expired")
	var api *client.APIError
	var tokens int
	editor := client.WithRequestEditor(func(_ context.Context, r *http.Request) error {
		tokens++
		r.Header.Set("Authorization", fmt.Sprint("Bearer ", tokens))
		return nil
	})

	server := serve(t, send(connected("1")), unauthorized)
	s := server.stream("")
	wantNames(t, s, "connected 1")
	if !errors.As(s.Err(), &api) || api.StatusCode != 401 {
		t.Errorf("without an editor: %v", s.Err())
	}
	wantIDs(t, server, "-", "1")

	server = serve(t, send(connected("1")), unauthorized, send(content("2", "a")), unauthorized, hold(deleted("3", session)))
	wantFinished(t, server.stream("", editor), "connected 1", "content 2", "session_deleted 3")
	wantIDs(t, server, "-", "1", "1", "2", "2")
	for i, r := range server.Requests() {
		if got, want := r.Header.Get("Authorization"), fmt.Sprint("Bearer ", i+1); got != want {
			t.Errorf("request %d: %q, want %q", i, got, want)
		}
	}

	server = serve(t, send(connected("1")), unauthorized)
	s = server.stream("", editor)
	wantNames(t, s, "connected 1")
	if !errors.As(s.Err(), &api) || api.StatusCode != 401 {
		t.Errorf("twice: %v", s.Err())
	}
	wantIDs(t, server, "-", "1", "1")

	server = serve(t, unauthorized)
	if err := server.refused(editor); !errors.As(err, &api) {
		t.Errorf("at first: %v", err)
	}
	wantIDs(t, server, "-")
}

// TestUnauthorizedThenUnavailable checks the delay after the attempt at once.
func TestUnauthorizedThenUnavailable(t *testing.T) {
	var delays []time.Duration
	server := serve(t, send(connected("1")), answer(401, "", ""), answer(503, "", "", "Retry-After", "1"), answer(401, "", ""))
	s := server.stream("",
		client.WithRequestEditor(func(context.Context, *http.Request) error { return nil }),
		client.WithRetryPolicy(client.RetryPolicy{InitialInterval: time.Millisecond, MaxInterval: time.Millisecond, MaxServerDelay: 20 * time.Millisecond}),
		client.WithHooks(client.Hooks{Retrying: func(r client.Retry) { delays = append(delays, r.Delay) }}))
	wantNames(t, s, "connected 1")
	var api *client.APIError
	if !errors.As(s.Err(), &api) || api.StatusCode != 401 {
		t.Errorf("error: %v", s.Err())
	}
	if len(delays) != 3 || delays[1] != 0 || delays[2] < 20*time.Millisecond {
		t.Errorf("delays: %v", delays)
	}
}

func TestIllegalLastEventID(t *testing.T) {
	const odd = "\u00e9\t!" // and yet legal
	server := serve(t, send(connected(odd)+content("a\x01b", "a")))
	for _, id := range []string{"a\nb", "\x00", "\x7f", " a", "a ", "\ta", "a\t", " "} {
		_, err := server.client().StreamEvents(t.Context(), session, &id)
		if !errors.Is(err, client.ErrLastEventID) {
			t.Errorf("%q: %v", id, err)
		}
	}
	wantIDs(t, server)

	s := server.stream(odd)
	wantNames(t, s, "connected "+odd, "content a\x01b")
	if !errors.Is(s.Err(), client.ErrLastEventID) || !strings.Contains(s.Err().Error(), `"a\x01b"`) {
		t.Errorf("from the stream: %v", s.Err())
	}
	wantIDs(t, server, odd)
}

// HTTP would trim the ids of TestSpacesAroundLastEventID to others.
func TestSpacesAroundLastEventID(t *testing.T) {
	for line, id := range map[string]string{"id:  a": " a", "id:a ": "a ", "id:\ta": "\ta"} {
		server := serve(t, send(line+"\ndata: x\n\n"))
		source := server.source("")
		if e, err := source.Next(); err != nil || string(e.ID) != id {
			t.Errorf("%q: %+v, %v", line, e, err)
		}
		if _, err := source.Next(); !errors.Is(err, client.ErrLastEventID) || source.LastEventID() != id {
			t.Errorf("%q: %v, resumes from %q", line, err, source.LastEventID())
		}
		wantIDs(t, server, "-")
	}
}

// The failures of TestNoFalseEnd wrap io.EOF, which is the clean end of a Source.
func TestNoFalseEnd(t *testing.T) {
	failed := client.WithRequestEditor(func(context.Context, *http.Request) error { return fmt.Errorf("token: %w", io.EOF) })
	once := client.WithRetryPolicy(client.RetryPolicy{MaxAttempts: 1, InitialInterval: 1})
	server := serve(t, raw("", streamtest.Cut()))
	for name, opts := range map[string][]client.Option{"closed": {once}, "editor": {once, failed}} {
		if err := server.refused(opts...); !errors.Is(err, client.ErrGaveUp) || errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", name, err)
		}
	}
	server = serve(t, send(connected("1")), raw("", streamtest.Cut()))
	s := server.stream("", once)
	wantNames(t, s, "connected 1")
	if !errors.Is(s.Err(), client.ErrGaveUp) || errors.Is(s.Err(), io.EOF) {
		t.Errorf("later: %v", s.Err())
	}
	if _, err := server.source("", once).Next(); !errors.Is(err, client.ErrGaveUp) || errors.Is(err, io.EOF) {
		t.Errorf("source: %v", err)
	}
	s = serve(t, send(connected("1")+content("2", "a"))).stream("", client.WithStrict(), client.WithJSON(func(data []byte, _ any) error {
		if strings.Contains(string(data), "content") {
			return io.EOF
		}
		return nil
	}))
	wantNames(t, s, "connected 1")
	if !errors.Is(s.Err(), client.ErrUnknownEvent) {
		t.Errorf("strict: %v", s.Err())
	}
}
