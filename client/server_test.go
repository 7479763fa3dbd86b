package client_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
)

const session = "s1"

// fast is a policy for tests that are not about the delay.
var fast = client.RetryPolicy{InitialInterval: time.Millisecond, MaxInterval: time.Millisecond}

// fakeServer answers the nth request with its nth step, and later ones with the
// last.
type fakeServer struct {
	t   *testing.T
	url string
	hc  *http.Client

	mu       sync.Mutex
	requests []*http.Request
}

func serve(t *testing.T, steps ...http.HandlerFunc) *fakeServer {
	t.Helper()
	s := &fakeServer{t: t}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		n := len(s.requests)
		s.requests = append(s.requests, r)
		s.mu.Unlock()
		steps[min(n, len(steps)-1)](w, r)
	}))
	t.Cleanup(server.Close)
	s.url, s.hc = server.URL, server.Client()
	return s
}

// seen returns the requests so far.
func (s *fakeServer) seen() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// ids returns the Last-Event-ID of each request so far, "-" where there is none.
func (s *fakeServer) ids() []string {
	var ids []string
	for _, r := range s.seen() {
		id := "-"
		if v := r.Header.Values("Last-Event-ID"); v != nil {
			id = strings.Join(v, "|")
		}
		ids = append(ids, id)
	}
	return ids
}

func (s *fakeServer) client(opts ...client.Option) *client.Client {
	s.t.Helper()
	c, err := client.New(s.url, append([]client.Option{client.WithHTTPClient(s.hc), client.WithRetryPolicy(fast)}, opts...)...)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// stream opens a stream that must open. It is closed at the end of the test.
func (s *fakeServer) stream(lastEventID string, opts ...client.Option) *client.Stream {
	s.t.Helper()
	stream, err := s.client().StreamEvents(s.t.Context(), session, &lastEventID, opts...)
	if err != nil {
		s.t.Fatalf("StreamEvents: %v", err)
	}
	s.t.Cleanup(func() { stream.Close() })
	return stream
}

// refused opens a stream that must not open, and returns the error.
func (s *fakeServer) refused(opts ...client.Option) error {
	s.t.Helper()
	stream, err := s.client().StreamEvents(s.t.Context(), session, nil, opts...)
	if err == nil {
		stream.Close()
		s.t.Fatal("StreamEvents: no error")
	}
	return err
}

// source opens a source. It is closed at the end of the test.
func (s *fakeServer) source(lastEventID string, opts ...client.SourceOption) *client.Source {
	connect := func(ctx context.Context, id string) (*http.Response, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
		if err != nil {
			return nil, err
		}
		if id != "" {
			r.Header.Set("Last-Event-ID", id)
		}
		return s.hc.Do(r)
	}
	source := client.NewSource(s.t.Context(), lastEventID, connect, append([]client.SourceOption{client.WithRetryPolicy(fast)}, opts...)...)
	s.t.Cleanup(func() { source.Close() })
	return source
}

// send writes text as an event stream, and ends it.
func send(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, text)
		http.NewResponseController(w).Flush()
	}
}

// hold writes text as an event stream, and keeps it open until the client goes.
func hold(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		send(text)(w, r)
		<-r.Context().Done()
	}
}

// hang never answers.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// raw writes text to the connection itself, and closes it. With abort the client
// sees a reset.
func raw(text string, abort bool) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		io.WriteString(conn, text)
		if abort {
			conn.(*net.TCPConn).SetLinger(0)
		}
	}
}

// answer answers with a status and a body; header lists keys and values.
func answer(status int, contentType, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// refusal answers with an ErrorResponse.
func refusal(status int, kind, message string, header ...string) http.HandlerFunc {
	body := fmt.Sprintf(`{"error":{"code":%d,"type":%q,"message":%q}}`, status, kind, message)
	return answer(status, "application/json", body, header...)
}

var over = answer(http.StatusNoContent, "", "")

// block is one event on the wire.
func block(name, id, data string) string {
	return fmt.Sprintf("event: %s\ndata: %s\nid: %s\n\n", name, data, id)
}

func connected(id string) string { return block("connected", id, `{"sessionId":"s1"}`) }

func content(id, text string) string {
	return block("content", id, fmt.Sprintf(`{"type":"content","content":%q}`, text))
}

func deleted(id, session string) string {
	return block("session_deleted", id, fmt.Sprintf(`{"type":"session_deleted","sessionId":%q}`, session))
}

func gap(id string) string {
	return block("error", id, `{"error":"events were trimmed","type":"replay_gap"}`)
}

// names reads the stream to its end and returns its events as "name id".
func names(s *client.Stream) []string {
	var all []string
	for s.Next() {
		all = append(all, s.Event().Name+" "+s.Event().ID)
	}
	return all
}

func wantNames(t *testing.T, s *client.Stream, want ...string) {
	t.Helper()
	if got := names(s); !slices.Equal(got, want) {
		t.Errorf("events:\n got %q\nwant %q", got, want)
	}
}

func wantIDs(t *testing.T, s *fakeServer, want ...string) {
	t.Helper()
	if got := s.ids(); !slices.Equal(got, want) {
		t.Errorf("Last-Event-ID of the requests:\n got %q\nwant %q", got, want)
	}
}

// next reads one event, which must come.
func next(t *testing.T, s *client.Stream) client.Event {
	t.Helper()
	if !s.Next() {
		t.Fatalf("no event: %v", s.Err())
	}
	return s.Event()
}
