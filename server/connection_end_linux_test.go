package server_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// A client that never closes its side holds no goroutine, and holds its connection no
// longer than a write may take.
func TestEndOfClientThatStays(t *testing.T) {
	for name, how := range map[string]struct {
		timeout time.Duration
		hurry   func(*mix.Server)
	}{
		"for the write timeout":  {200 * time.Millisecond, func(*mix.Server) {}},
		"until it is in the way": {time.Hour, func(srv *mix.Server) { _ = srv.Shutdown(context.Background()) }},
		"until all must end":     {time.Hour, func(srv *mix.Server) { servertest.ShutNow(srv) }},
	} {
		t.Run(name, func(t *testing.T) {
			const clients = 50
			srv, o := newDetachedServer(t, server.WithTiming(server.Timing{WriteTimeout: how.timeout}))
			ts := servertest.Serve(t, srv)
			servertest.Publish(t, srv, "s", "")
			for range clients {
				talk(t, ts, "\r\n")
			}
			servertest.Until(t, "all are watched", func() bool { return srv.Watched() == clients })
			servertest.DeleteSession(t, srv, "s")
			for range clients {
				servertest.Receive(t, o.Streams).WantEnd(t, server.EndSessionDeleted)
			}
			wantFree(t, srv)
			if how.timeout == time.Hour {
				servertest.Until(t, "all are watched again, and no goroutine waits for them", func() bool {
					return srv.Watched() == clients && runtime.NumGoroutine() < clients
				})
			}
			how.hurry(srv)
			servertest.Until(t, "the connections are closed", func() bool { return srv.Watched() == 0 })
		})
	}
}
