package endtoend_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/eventlog"
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

// A client that is cut off between connected and its first event resumes at the position
// of connected.
func TestCutBeforeFirstEvent(t *testing.T) {
	srv := newServer(t)
	if _, err := srv.CreateSession(t.Context(), "s", ""); err != nil {
		t.Fatal(err)
	}
	target := serveOn(t, srv)
	for range 50 {
		cut := make(chan struct{})
		blocks := 0
		c := newClient(t, serveOn(t, streamtest.NewProxy(target, func(_ *http.Request, block []byte) ([]byte, bool) {
			if blocks++; blocks == 2 {
				close(cut)
				return block[:len(block)-1], true // all of the first event but its last byte
			}
			return block, false
		})))
		s := open(t, c, "s", "")
		first := servertest.Publish(t, srv, "s", "first")
		published := make(chan []string)
		go func() {
			<-cut
			var ids []string
			for i := range 3 {
				id, err := srv.Publish(context.WithoutCancel(t.Context()), "s", servertest.Content(fmt.Sprint("meanwhile ", i)))
				if err != nil {
					t.Error(err)
				}
				ids = append(ids, id)
			}
			published <- ids
		}()
		expect(t, s, first)
		expect(t, s, <-published...)
		s.Close()
	}
}

func TestUnknownSession(t *testing.T) {
	c := newClient(t, serveOn(t, newServer(t)))
	_, err := c.StreamEvents(t.Context(), "nobody", nil)
	var refusal *mix.ErrorResponse
	if !errors.As(fmt.Errorf("wrapped: %w", err), &refusal) {
		t.Fatalf("got %v, want an ErrorResponse", err)
	}
	var api *client.APIError
	if !errors.As(err, &api) || api.StatusCode != http.StatusNotFound || refusal.Type != gen.RESTErrorTypeNotFound || api.Header.Get("Content-Type") != "application/json" {
		t.Errorf("got %v", err)
	}
}

// A server that lost its log with its process tells a gap.
func TestGapAfterRestart(t *testing.T) {
	before := newServer(t)
	old := servertest.Publish(t, before, "s", "before the restart")
	after := newServer(t)
	retained := servertest.Publish(t, after, "s", "after the restart")
	base := serveOn(t, after)

	s := open(t, newClient(t, base), "s", old)
	for s.Next() {
		if _, ok := s.Event().Data.(*gen.ConnectedData); !ok {
			t.Fatalf("got %s before the gap", s.Event().Name)
		}
	}
	var gap *client.GapError
	if !errors.As(s.Err(), &gap) || gap.Requested != old {
		t.Fatalf("got %v, want a gap after %s", s.Err(), old)
	}
	expect(t, open(t, newClient(t, base), "s", gap.ResumeFrom), retained)

	gaps := 0
	s = open(t, newClient(t, base), "s", old, client.ContinueOnGap(), client.WithHooks(client.Hooks{Gap: func(*client.GapError) { gaps++ }}))
	if e, ok := next(t, s).Data.(*gen.ErrorData); !ok || e.Type == nil || *e.Type != "replay_gap" || gaps != 1 {
		t.Fatalf("got %+v and %d calls, want one gap", s.Event(), gaps)
	}
	expect(t, s, retained)
}

// The connection may be cut anywhere within the bytes that tell a gap: the client still
// learns of it.
func TestGapSurvivesEveryCut(t *testing.T) {
	srv := newServer(t)
	servertest.Publish(t, srv, "s", "retained")
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
			cut = at == 0 // otherwise the gap was told before this byte
			mu.Unlock()
		}
	}
}

// A session that is deleted while its reader is away still ends cleanly.
func TestDeletedWhileAway(t *testing.T) {
	srv := newServer(t, server.WithTiming(server.Timing{DeleteGrace: 200 * time.Millisecond}))
	first := servertest.Publish(t, srv, "s", "first")
	target := serveOn(t, srv)
	done := make(chan string, 2)
	blocks := 0
	c := newClient(t, serveOn(t, streamtest.NewProxy(target, func(_ *http.Request, block []byte) ([]byte, bool) {
		if blocks++; blocks == 3 { // connected and first have passed
			id, err := srv.DeleteSession(context.Background(), "s")
			if err != nil {
				t.Error(err)
			}
			done <- id
			return block[:1], true
		}
		return block, false
	})))
	s := open(t, c, "s", "0")
	expect(t, s, first)
	rest := servertest.Publish(t, srv, "s", "rest")
	expect(t, s, rest)
	deleted := <-done
	if e, ok := next(t, s).Data.(*gen.SessionDeletedData); !ok || e.SessionID != "s" || s.Event().ID != deleted {
		t.Fatalf("got %+v, want session_deleted %s", s.Event(), deleted)
	}
	if s.Next() || s.Err() != nil {
		t.Fatalf("got %v, want a clean end", s.Err())
	}

	direct := newClient(t, target)
	if s := open(t, direct, "s", deleted); s.Next() || s.Err() != nil {
		t.Errorf("a resume at the end: got %v, want a clean end", s.Err())
	}
	for { // until the grace period is over
		_, err := direct.StreamEvents(t.Context(), "s", &deleted)
		var refusal *mix.ErrorResponse
		if errors.As(err, &refusal) && refusal.Type == gen.RESTErrorTypeNotFound {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A quiet session beside a busy one, whose events are trimmed all the time, never has a
// gap.
func TestQuietSession(t *testing.T) {
	srv := newServer(t, server.WithLog(eventlog.NewMemory(eventlog.Retention{Entries: 10})))
	base := serveOn(t, srv)
	last := servertest.Publish(t, srv, "quiet", "one")
	for range 100 {
		servertest.Publish(t, srv, "busy", "noise")
	}
	s := open(t, newClient(t, base), "quiet", last)
	expect(t, s, servertest.Publish(t, srv, "quiet", "two"))
}
