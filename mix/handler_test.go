package mix_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// newServer returns a server that knows every session, and refuses none.
func newServer(t *testing.T, opts ...server.Option) *mix.Server {
	t.Helper()
	known := server.WithSessions(func(context.Context, string) (bool, error) { return true, nil })
	srv, err := mix.NewServer(append([]server.Option{known}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = srv.Shutdown(ctx)
	})
	return srv
}

func handlerOf(t *testing.T, srv *mix.Server, o mix.HandlerOptions) http.Handler {
	t.Helper()
	h, err := srv.Handler(o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// everyonePublishes lets every request publish.
var everyonePublishes = server.WithPublishAuthorizer(func(*http.Request, string) error { return nil })

// answer returns the answer to a request that does not open a stream.
func answer(h http.Handler, method, target string) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(method, target, nil))
	return rec
}

// wantError checks that an answer is an ErrorResponse.
func wantError(t *testing.T, what string, rec *httptest.ResponseRecorder, status int, kind gen.RESTErrorType, allow string) (message string) {
	t.Helper()
	var body gen.ErrorResponse
	err := json.Unmarshal(rec.Body.Bytes(), &body)
	e := body.Error
	if err != nil || rec.Code != status || rec.Header().Get("Content-Type") != "application/json" || e.Code != status || e.Type != kind || e.Message == "" {
		t.Errorf("%s: got %d, %s: %s; want %d %s", what, rec.Code, rec.Header().Get("Content-Type"), rec.Body, status, kind)
	}
	if got := rec.Header().Get("Allow"); got != allow {
		t.Errorf("%s: Allow: %q, want %q", what, got, allow)
	}
	return e.Message
}

func TestPaths(t *testing.T) {
	srv := newServer(t)
	below := handlerOf(t, srv, mix.HandlerOptions{BasePath: "/api/v1"})
	for _, path := range []string{"/", "/streams", "/stream/", "/stream/x", "/api/stream", "/STREAM", "//stream", "/./stream", "/a/../stream", "/stream//"} {
		wantError(t, path, answer(srv, "GET", path+"?sessionId=s"), http.StatusNotFound, gen.RESTErrorTypeNotFound, "")
		wantError(t, "below "+path, answer(below, "GET", path+"?sessionId=s"), http.StatusNotFound, gen.RESTErrorTypeNotFound, "")
	}
	wantError(t, "a path of two base paths", answer(below, "GET", "/api/v1/api/v1/stream?sessionId=s"), http.StatusNotFound, gen.RESTErrorTypeNotFound, "")
	for path, h := range map[string]http.Handler{"/stream": srv, "/api/v1/stream": below, "/x/stream": http.StripPrefix("/x", srv)} {
		wantError(t, path, answer(h, "GET", path), http.StatusBadRequest, gen.RESTErrorTypeBadRequest, "")
	}
}

func TestBasePaths(t *testing.T) {
	srv := newServer(t)
	for _, base := range []string{"/", "api", "/api/", "/a//b", "/a/../b", "/a/{b}", "/a b", "/a\tb", " /a"} {
		if h, err := srv.Handler(mix.HandlerOptions{BasePath: base}); err == nil || h != nil || !strings.HasPrefix(err.Error(), "mix: base path") {
			t.Errorf("%q: %v", base, err)
		}
	}
	if _, err := srv.Handler(mix.HandlerOptions{BasePath: "/a/b.c-d"}); err != nil {
		t.Error(err)
	}
}

func TestMethods(t *testing.T) {
	for allow, opts := range map[string][]server.Option{"GET": nil, "GET, POST": {everyonePublishes}} {
		srv := newServer(t, opts...)
		for _, method := range []string{"HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get", "X"} {
			if method == "POST" && allow != "GET" {
				continue
			}
			wantError(t, method, answer(srv, method, "/stream?sessionId=s"), http.StatusMethodNotAllowed, gen.RESTErrorTypeBadRequest, allow)
			wantError(t, method, answer(srv, method, "/elsewhere"), http.StatusNotFound, gen.RESTErrorTypeNotFound, "")
		}
	}
}

// One path serves the stream and the requests that publish to it.
func TestStreamAndPublisher(t *testing.T) {
	srv := newServer(t, everyonePublishes)
	ts := httptest.NewServer(handlerOf(t, srv, mix.HandlerOptions{BasePath: "/api"}))
	defer ts.Close()
	res, err := http.Post(ts.URL+"/api/stream?sessionId=s", "application/json", strings.NewReader(`{"event":"content","data":{"type":"content","content":"x"}}`))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil || res.StatusCode != http.StatusCreated || !strings.HasPrefix(string(body), `{"count":1,`) {
		t.Errorf("%s: %s, %v", res.Status, body, err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, ts.URL+"/api/stream?sessionId=s", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Last-Event-ID", "0")
	if res, err = http.DefaultClient.Do(req); err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	buf := make([]byte, len("event: connected\n"))
	if _, err := io.ReadFull(res.Body, buf); err != nil || string(buf) != "event: connected\n" {
		t.Errorf("got %q, %v", buf, err)
	}
}

// operations implements the operations that an application has added to the spec. The spec of
// this repository has only those of /stream, so these stand for added ones.
type operations struct{ gen.UnimplementedServer }

func (operations) StreamEvents(context.Context, gen.StreamEventsRequestObject) (gen.StreamEventsResponseObject, error) {
	panic("the stream goes by an operation of the application")
}

func TestOperationsDoNotServeTheStream(t *testing.T) {
	h := handlerOf(t, newServer(t), mix.HandlerOptions{Operations: operations{}})
	wantError(t, "stream", answer(h, "GET", "/stream"), http.StatusBadRequest, gen.RESTErrorTypeBadRequest, "")
	wantError(t, "other", answer(h, "GET", "/other"), http.StatusNotFound, gen.RESTErrorTypeNotFound, "")
}

func TestErrorTypes(t *testing.T) {
	for status, kind := range map[int]gen.RESTErrorType{
		400: gen.RESTErrorTypeBadRequest,
		401: gen.RESTErrorTypeUnauthorized,
		403: gen.RESTErrorTypeForbidden,
		404: gen.RESTErrorTypeNotFound,
		410: gen.RESTErrorTypeBadRequest,
		429: gen.RESTErrorTypeRateLimited,
		500: gen.RESTErrorTypeInternalError,
		502: gen.RESTErrorTypeInternalError,
		503: gen.RESTErrorTypeUnavailable,
	} {
		srv := newServer(t, server.WithAuthorizer(func(*http.Request, string) error {
			return fmt.Errorf("no: %w", &server.RefusalError{Status: status, Message: strings.Repeat("m", 10_000)})
		}))
		message := wantError(t, fmt.Sprint(status), answer(srv, "GET", "/stream?sessionId=s"), status, kind, "")
		if len(message) > 700 {
			t.Errorf("a message of %d bytes", len(message))
		}
	}
}

// Options of the caller come after those of the contract.
func TestOptionsOfTheCaller(t *testing.T) {
	srv := newServer(t, server.WithErrorBody(func(f server.Failure) (string, []byte) { return "text/plain", []byte(f.Message) }))
	if rec := answer(srv, "GET", "/stream?sessionId=s&sessionId=t"); rec.Header().Get("Content-Type") != "text/plain" || rec.Code != http.StatusBadRequest {
		t.Errorf("got %d, %s", rec.Code, rec.Body)
	}
	event := &gen.NotificationData{NotificationType: "shout"}
	if _, err := srv.Publish(t.Context(), "s", event); err == nil {
		t.Error("an event that does not fit is published")
	}
	if _, err := newServer(t, server.WithoutEventChecks()).Publish(t.Context(), "s", event); err != nil {
		t.Errorf("without event checks: %v", err)
	}
	if srv, err := mix.NewServer(server.WithTiming(server.Timing{Heartbeat: -2})); err == nil || srv != nil {
		t.Errorf("got %v, %v", srv, err)
	}
}
