package endtoend_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

func TestMain(m *testing.M) { servertest.Main(m) }

// quickly makes reconnections almost immediate.
var quickly = client.WithRetryPolicy(client.RetryPolicy{InitialInterval: time.Millisecond, MaxElapsedTime: 20 * time.Second})

// newServer returns a server whose clients come back at once.
func newServer(t *testing.T, opts ...server.Option) *mix.Server {
	t.Helper()
	return servertest.NewServer(t, append([]server.Option{server.WithTiming(server.Timing{Retry: server.None})}, opts...)...)
}

// serveOn serves a handler and returns its base URL.
func serveOn(t *testing.T, h http.Handler) *url.URL {
	t.Helper()
	ts := httptest.NewServer(h)
	t.Cleanup(func() {
		ts.CloseClientConnections()
		ts.Close()
	})
	u := servertest.Must(url.Parse(ts.URL))(t)
	return u
}

func newClient(t *testing.T, base *url.URL, opts ...client.Option) *mix.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c := servertest.Must(mix.NewClient(base.String(), append([]client.Option{quickly, client.WithHTTPClient(&http.Client{Transport: transport})}, opts...)...))(t)
	return c
}

func open(t *testing.T, c *mix.Client, session, lastEventID string, opts ...client.Option) *mix.Stream {
	t.Helper()
	s := servertest.Must(c.StreamEvents(t.Context(), session, &lastEventID, opts...))(t)
	t.Cleanup(func() { s.Close() })
	return s
}

// next returns the next event, but no connected and no heartbeat.
func next(t *testing.T, s *mix.Stream) mix.Event {
	t.Helper()
	for s.Next() {
		switch s.Event().Data.(type) {
		case *gen.ConnectedData, *gen.HeartbeatData:
			continue
		}
		return s.Event()
	}
	t.Fatalf("the stream ended: %v", s.Err())
	return mix.Event{}
}
