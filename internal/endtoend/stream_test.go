package endtoend_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/streamtest"
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
	u, err := url.Parse(ts.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func newClient(t *testing.T, base *url.URL, opts ...client.Option) *mix.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c, err := mix.NewClient(base.String(), append([]client.Option{quickly, client.WithHTTPClient(&http.Client{Transport: transport})}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func open(t *testing.T, c *mix.Client, session, lastEventID string, opts ...client.Option) *mix.Stream {
	t.Helper()
	s, err := c.StreamEvents(t.Context(), session, &lastEventID, opts...)
	if err != nil {
		t.Fatal(err)
	}
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

// expect reads content events with these ids.
func expect(t *testing.T, s *mix.Stream, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if e := next(t, s); e.ID != id {
			t.Fatalf("got event %s (%s %s), want %s", e.ID, e.Name, s.Raw(), id)
		}
	}
}

// The connection may be cut anywhere within the bytes that tell a gap: the client still
// learns of it.
func TestGapSurvivesEveryCut(t *testing.T) {
	srv := newServer(t)
	retained := servertest.Publish(t, srv, "s", "retained")
	var mu sync.Mutex
	var at, sent int // at: the byte at which the next connection is cut, once; sent: how many bytes it has sent
	base := serveOn(t, streamtest.NewProxy(serveOn(t, srv), func(_ *http.Request, block []byte) ([]byte, bool) {
		mu.Lock()
		defer mu.Unlock()
		if at > 0 && sent+len(block) > at {
			block, at = block[:at-sent], 0
			return block, true
		}
		sent += len(block)
		return block, false
	}))
	c := newClient(t, base)
	for _, lastEventID := range []string{"17", "garbage"} {
		for n, cut := 1, true; cut; n++ {
			mu.Lock()
			at, sent = n, 0
			mu.Unlock()
			s := open(t, c, "s", lastEventID)
			for s.Next() {
			}
			var gap *client.GapError
			if !errors.As(s.Err(), &gap) {
				t.Fatalf("resume after %q, cut at byte %d: got %v, want a gap", lastEventID, n, s.Err())
			}
			mu.Lock()
			cut, at = at == 0, 0 // not cut: the gap was told before this byte
			mu.Unlock()
			expect(t, open(t, c, "s", gap.ResumeFrom), retained)
		}
	}
}
