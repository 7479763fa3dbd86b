package endtoend_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream"
	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// once makes only one attempt.
var once = client.WithRetryPolicy(client.RetryPolicy{MaxAttempts: client.NoRetries})

// Each refusal reaches the client as the ErrorResponse that the spec declares.
func TestRefusalsReachTheClient(t *testing.T) {
	spec, err := openapi3.NewLoader().LoadFromData(mixstream.Spec)
	if err != nil {
		t.Fatal(err)
	}
	responses := spec.Paths.Value("/stream").Get.Responses
	always := func(err error) server.Option {
		return server.WithAuthorizer(func(*http.Request, string) error { return err })
	}
	for name, test := range map[string]struct {
		option  server.Option
		session string // of the request; "taken" has a stream
		status  int
		kind    gen.RESTErrorType
		header  string
	}{
		"streams":        {server.WithLimits(server.Limits{Streams: 1}), "s", 503, "unavailable", "Retry-After"},
		"of a session":   {server.WithLimits(server.Limits{StreamsPerSession: 1}), "taken", 429, "rate_limited", "Retry-After"},
		"of a client":    {server.WithLimits(server.Limits{StreamsPerClient: 1, ClientKey: func(*http.Request) string { return "one" }}), "s", 429, "rate_limited", "Retry-After"},
		"unauthorized":   {always(server.ErrUnauthorized), "s", 401, "unauthorized", "WWW-Authenticate"},
		"forbidden":      {always(server.ErrForbidden), "s", 403, "forbidden", ""},
		"not found":      {always(&server.RefusalError{Status: 404}), "s", 404, "not_found", ""},
		"asked to wait":  {always(&server.RefusalError{Status: 429}), "s", 429, "rate_limited", "Retry-After"},
		"failed":         {always(errors.New("down")), "s", 500, "internal_error", ""},
		"bad session id": {always(nil), "a\nb", 400, "bad_request", ""},
		"unknown":        {servertest.Vouch(), "s", 404, "not_found", ""},
	} {
		t.Run(name, func(t *testing.T) {
			srv := newServer(t, servertest.AnySession(), test.option)
			base := serveOn(t, srv)
			if test.header == "Retry-After" && name != "asked to wait" {
				next := open(t, newClient(t, base), "taken", "")
				defer next.Close()
			}
			_, err := newClient(t, base, once).StreamEvents(t.Context(), test.session, nil)
			var e *mix.ErrorResponse
			var answer *client.APIError
			if !errors.As(err, &e) || !errors.As(err, &answer) || answer.StatusCode != test.status || e.Type != test.kind || !e.Type.Valid() || e.Message == "" {
				t.Fatalf("got %v, want %d and type %s", err, test.status, test.kind)
			}
			declared := responses.Value(strconv.Itoa(test.status))
			if declared == nil || declared.Value.Content.Get("application/json") == nil {
				t.Fatalf("the spec has no %d", test.status)
			}
			if test.header == "" {
				return
			}
			if _, ok := declared.Value.Headers[test.header]; !ok || answer.Header.Get(test.header) == "" {
				t.Errorf("%s is %q, declared: %t", test.header, answer.Header.Get(test.header), ok)
			}
			if after, err := strconv.Atoi(answer.Header.Get("Retry-After")); test.header == "Retry-After" && (err != nil || after < 1) {
				t.Errorf("Retry-After is %q", answer.Header.Get("Retry-After"))
			}
		})
	}
}

// A client whose token expires while it reads gets a new one and loses nothing.
func TestTokenIsRefreshed(t *testing.T) {
	var valid atomic.Int64
	srv := newServer(t, servertest.AnySession(), server.WithTiming(server.Timing{Reauthorization: 10 * time.Millisecond}), server.WithAuthorizer(func(r *http.Request, _ string) error {
		if r.Header.Get("Authorization") != "Bearer "+strconv.FormatInt(valid.Load(), 10) {
			return server.ErrUnauthorized
		}
		return nil
	}))
	var connections atomic.Int64
	s := open(t, newClient(t, serveOn(t, srv),
		client.WithHooks(client.Hooks{Connected: func(*http.Response) { connections.Add(1) }}),
		client.WithRequestEditor(func(_ context.Context, r *http.Request) error {
			r.Header.Set("Authorization", "Bearer "+strconv.FormatInt(valid.Load(), 10))
			return nil
		})), "s", "")
	for n := range int64(5) {
		expect(t, s, servertest.Publish(t, srv, "s", "with an old token"))
		valid.Store(n + 1)
		// The client reconnects when the test asks for the next event.
		for srv.Readers("s") > 0 {
			time.Sleep(time.Millisecond)
		}
		expect(t, s, servertest.Publish(t, srv, "s", "missed"), servertest.Publish(t, srv, "s", "missed as well"))
	}
	if n := connections.Load(); n != 6 {
		t.Errorf("%d connections", n)
	}
}
