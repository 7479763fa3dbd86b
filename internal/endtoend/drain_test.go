package endtoend_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// patient waits for as long as the server asks, and is quick otherwise.
func patient() client.Option {
	return client.WithRetryPolicy(client.RetryPolicy{InitialInterval: time.Millisecond, MaxElapsedTime: servertest.Patience})
}

// A server under many open streams drains while events go on. Each stream ends after one heartbeat
// with a reconnection time, and goes on at another server without loss. TestDrainWindow of package
// server tests with a fake clock how even the ends and the reconnection times are.
func TestDrain(t *testing.T) {
	n := servertest.AtScale(50, 1000)
	window := time.Duration(servertest.AtScale(500, 3000)) * time.Millisecond // with 50 streams, 10 ms each
	opts := []server.Option{server.WithLog(eventlog.NewMemory(eventlog.Retention{})), server.WithTiming(server.Timing{DrainWindow: window})}
	old, fresh := newServer(t, opts...), newServer(t, opts...)
	var current atomic.Pointer[mix.Server]
	current.Store(old)
	address := serveOn(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { current.Load().ServeHTTP(w, r) }))
	a := newAudience(t, 10)
	a.fill(old, newClient(t, address, patient()), n)

	stop := a.publishing(fresh)
	current.Store(fresh)
	if err := old.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if left := a.watched(old); left != 0 {
		t.Errorf("%d streams are open after Shutdown", left)
	}
	servertest.Until(t, "all have moved", func() bool { return a.watched(fresh) == n })
	stop()
	servertest.Until(t, "all have caught up", a.caughtUp)
	a.finish(fresh)
	for i, r := range a.readers {
		if len(r.drained) != 1 || r.drained[0] < 0 || r.drained[0] > window {
			t.Fatalf("reader %d was sent away by heartbeats to come back after %v, want one of at most %v", i, r.drained, window)
		}
	}
}
