package server_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// A client that never closes its side holds neither a goroutine nor, for longer than a
// write may take, its connection.
func TestEndOfClientThatStays(t *testing.T) {
	for name, how := range map[string]struct {
		timeout time.Duration
		hurry   func(*mix.Server)
	}{
		"for the write timeout":  {200 * time.Millisecond, func(*mix.Server) {}},
		"until it is in the way": {time.Hour, func(srv *mix.Server) { _ = srv.Shutdown(context.Background()) }},
		"until all must end":     {time.Hour, shutNow},
	} {
		t.Run(name, func(t *testing.T) {
			const clients = 50
			srv, o := newDetachedServer(t, server.WithWriteTimeout(how.timeout))
			ts := serve(t, srv)
			publish(t, srv, "s", "")
			for range clients {
				talk(t, ts, "\r\n")
			}
			until(t, "all are watched", func() bool { return srv.Watched() == clients })
			remove(t, srv, "s")
			for range clients {
				receive(t, o.streams).wantEnd(t, server.EndSessionDeleted)
			}
			wantFree(t, srv)
			if how.timeout == time.Hour {
				until(t, "no goroutine waits for them", func() bool { return runtime.NumGoroutine() < clients })
				if n := srv.Watched(); n != clients {
					t.Errorf("%d of %d connections are left", n, clients)
				}
			}
			how.hurry(srv)
			until(t, "the connections are closed", func() bool { return srv.Watched() == 0 })
		})
	}
}
