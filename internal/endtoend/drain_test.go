package endtoend_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/sse"
)

// pair is two servers on one log, behind one address that leads to one of them.
type pair struct {
	old, new *mix.Server
	address  *url.URL
	oldOnly  *url.URL
	current  atomic.Pointer[mix.Server]
}

func newPair(t *testing.T, window time.Duration) *pair {
	t.Helper()
	log := eventlog.NewMemory(eventlog.Retention{})
	opts := []server.Option{server.WithLog(log), server.WithTiming(server.Timing{DrainWindow: window})}
	p := &pair{old: newServer(t, opts...), new: newServer(t, opts...)}
	p.current.Store(p.old)
	p.oldOnly = serveOn(t, p.old)
	p.address = serveOn(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.current.Load().ServeHTTP(w, r) }))
	return p
}

// patient waits for as long as the server asks, and is quick otherwise.
func patient() client.Option {
	return client.WithRetryPolicy(client.RetryPolicy{InitialInterval: time.Millisecond, MaxElapsedTime: servertest.Patience})
}

// A server under many open streams drains while events go on. The streams end spread over
// the window, each after a heartbeat with a reconnection time of its own, and go on at
// another server without loss.
func TestDrain(t *testing.T) {
	n := servertest.AtScale(50, 1000)
	window := time.Duration(servertest.AtScale(500, 3000)) * time.Millisecond // with 50 streams, 10 ms each
	p := newPair(t, window)
	a := newAudience(t, 10)
	a.fill(p.old, newClient(t, p.address, patient()), n)

	stop := a.publishing(p.new)
	p.current.Store(p.new)
	done := make(chan error, 1)
	go func() { done <- p.old.Shutdown(context.Background()) }()
	servertest.Until(t, "the first stream has moved", func() bool { return a.watched(p.new) > 0 })
	retry := wantSentAway(t, p.oldOnly, a.sessions[0])
	if err := <-done; err != nil {
		t.Error(err)
	}
	if left := a.watched(p.old); left != 0 {
		t.Errorf("%d streams are open after Shutdown", left)
	}
	servertest.Until(t, "all have moved", func() bool { return a.watched(p.new) == n })
	stop()
	servertest.Until(t, "all have caught up", a.caughtUp)
	a.finish(p.new)

	retries := map[time.Duration]bool{retry: true}
	var first, last time.Time
	for i, r := range a.readers {
		if len(r.drained) != 1 {
			t.Fatalf("reader %d was sent away %d times by a heartbeat, want once", i, len(r.drained))
		}
		d := r.drained[0]
		if d.retry < 0 || d.retry > window {
			t.Errorf("reader %d is to come back after %v, want at most %v", i, d.retry, window)
		}
		retries[d.retry] = true
		if first.IsZero() || d.at.Before(first) {
			first = d.at
		}
		if d.at.After(last) {
			last = d.at
		}
	}
	// A slow machine makes the spread longer, not shorter. TestDrainIsEven of package
	// server tests with a fake clock how even it is.
	if spread := last.Sub(first); spread < window/2 {
		t.Errorf("the streams ended within %v, want them spread over %v", spread, window)
	}
	if len(retries) < n/3 {
		t.Errorf("%d different reconnection times for %d streams", len(retries), n)
	}
}

// wantSentAway opens a stream at a server that shuts down. It expects connected with a
// reconnection time, which it returns, and the clean end.
func wantSentAway(t *testing.T, base *url.URL, session string) time.Duration {
	t.Helper()
	res, err := http.Get(base.String() + "/stream?sessionId=" + session)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	dec := sse.NewDecoder(res.Body)
	e, err := dec.Next()
	if err != nil || res.StatusCode != http.StatusOK || e.Name != "connected" || !e.HasRetry {
		t.Errorf("%s: %+v, %v, want connected with a reconnection time", res.Status, e, err)
	}
	retry := e.Retry
	if e, err = dec.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("got %+v, %v, want the end", e, err)
	}
	return retry
}

// When the context ends first, the server closes what is still open and returns the error
// of the context. No reader loses an event by that either.
func TestDrainIsCutShort(t *testing.T) {
	n := servertest.AtScale(200, 1000) // few streams would be gone before the rest is cut short
	const window = 10 * time.Second
	p := newPair(t, window)
	c := newClient(t, p.address, client.WithRetryPolicy(client.RetryPolicy{
		InitialInterval: 20 * time.Millisecond, MaxElapsedTime: servertest.Patience,
		MaxServerDelay: client.NoServerDelay, // without it, some come back after ten seconds
	}))
	a := newAudience(t, 10)
	a.fill(p.old, c, n)

	stop := a.publishing(p.new)
	p.current.Store(p.new)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- p.old.Shutdown(ctx) }()
	servertest.Until(t, "the first stream has moved", func() bool { return a.watched(p.new) > 0 })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	servertest.Until(t, "all have moved", func() bool { return a.watched(p.new) == n && a.watched(p.old) == 0 })
	stop()
	servertest.Until(t, "all have caught up", a.caughtUp)
	a.finish(p.new)
	sentAway := 0
	for _, r := range a.readers {
		sentAway += len(r.drained)
	}
	if sentAway == 0 || sentAway == n {
		t.Errorf("%d of %d streams ended in order, want some but not all", sentAway, n)
	}
}
