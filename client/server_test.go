package client_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/streamtest"
)

const session = "s1"

// fast is a policy for tests that are not about the delay.
var fast = client.RetryPolicy{InitialInterval: time.Millisecond, MaxInterval: time.Millisecond}

// fakeServer plays a script to each request.
type fakeServer struct {
	*streamtest.Server
	t  *testing.T
	hc *http.Client
}

func serve(t *testing.T, scripts ...streamtest.Script) *fakeServer {
	t.Helper()
	s := &fakeServer{Server: streamtest.NewServer(scripts...), t: t, hc: http.DefaultClient}
	t.Cleanup(s.Close)
	return s
}

// ids returns the Last-Event-ID of each request so far, "-" where there is none.
func (s *fakeServer) ids() []string {
	var ids []string
	for _, r := range s.Requests() {
		id := "-"
		if v := r.Header.Values("Last-Event-ID"); v != nil {
			id = strings.Join(v, "|")
		}
		ids = append(ids, id)
	}
	return ids
}

func (s *fakeServer) client(opts ...client.Option) *mix.Client {
	s.t.Helper()
	c, err := mix.NewClient(s.URL, append([]client.Option{client.WithHTTPClient(s.hc), client.WithRetryPolicy(fast)}, opts...)...)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// stream opens a stream that must open. It is closed at the end of the test.
func (s *fakeServer) stream(lastEventID string, opts ...client.Option) *mix.Stream {
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

// ended opens a stream, which may bring "connected 1" and must end with the error
// that is returned. It gives up soon.
func (s *fakeServer) ended(opts ...client.Option) error {
	s.t.Helper()
	opts = append(opts, client.WithRetryPolicy(client.RetryPolicy{InitialInterval: 1, MaxInterval: 1, MaxAttempts: 3}))
	stream, err := s.client().StreamEvents(s.t.Context(), session, nil, opts...)
	if err == nil {
		defer stream.Close()
		wantNames(s.t, stream, "connected 1")
		err = stream.Err()
	}
	return err
}

// source opens a source. It is closed at the end of the test.
func (s *fakeServer) source(lastEventID string, opts ...client.SourceOption) *client.Source {
	connect := func(ctx context.Context, id string) (*http.Response, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
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

// send is an event stream that ends.
func send(text string) streamtest.Script {
	return streamtest.Script{streamtest.Open(), streamtest.Send(text)}
}

// hold is an event stream that stays open until the client goes.
func hold(text string) streamtest.Script { return append(send(text), streamtest.Hold()) }

// hang never answers.
var hang = streamtest.Script{streamtest.Hold(), streamtest.Cut()}

// raw writes text to the connection itself, and ends it.
func raw(text string, end streamtest.Step) streamtest.Script {
	return streamtest.Script{streamtest.Raw(text), end}
}

// signal tells a test that a script has come this far.
func signal(ch chan<- struct{}) streamtest.Step {
	return func(*streamtest.Conn) error {
		ch <- struct{}{}
		return nil
	}
}

// answer answers with a status and a body; header lists keys and values.
func answer(status int, contentType, body string, header ...string) streamtest.Script {
	if contentType != "" {
		header = append(header, "Content-Type", contentType)
	}
	return streamtest.Script{streamtest.Answer(status, body, header...)}
}

// refusal answers with an ErrorResponse.
func refusal(status int, kind, message string, header ...string) streamtest.Script {
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
func names(s *mix.Stream) []string {
	var all []string
	for s.Next() {
		all = append(all, s.Event().Name+" "+s.Event().ID)
	}
	return all
}

func wantNames(t *testing.T, s *mix.Stream, want ...string) {
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
func next(t *testing.T, s *mix.Stream) mix.Event {
	t.Helper()
	if !s.Next() {
		t.Fatalf("no event: %v", s.Err())
	}
	return s.Event()
}
