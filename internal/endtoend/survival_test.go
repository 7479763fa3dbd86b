package endtoend_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/streamtest"
)

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
