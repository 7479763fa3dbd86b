package server_test

import (
	"bytes"
	"net"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// ownConn is a connection of an application that sees what is written to it.
type ownConn struct {
	*net.TCPConn
	see func([]byte)
}

func (c *ownConn) Write(p []byte) (int, error) {
	c.see(p)
	return c.TCPConn.Write(p)
}

// own returns a listener of such connections.
func own(l net.Listener, see func([]byte)) net.Listener {
	return servertest.WrapConns(l, func(c net.Conn) net.Conn { return &ownConn{c.(*net.TCPConn), see} })
}

// A detached stream notices at the second heartbeat that the client of a wrapped connection has
// left. The kernel takes the first one before it learns that the client is gone.
func TestDetachedClientLeavesWrapped(t *testing.T) {
	t.Parallel()
	for name, linger := range map[string]int{"closed": -1, "reset": 0} {
		t.Run(name, func(t *testing.T) {
			srv, o := newDetachedServer(t, server.WithTiming(server.Timing{Heartbeat: 100 * time.Millisecond}))
			var beats atomic.Int64
			ts := servertest.Serve(t, srv, func(ts *httptest.Server) {
				ts.Listener = own(ts.Listener, func(p []byte) {
					if bytes.Contains(p, []byte("event: heartbeat\n")) {
						beats.Add(1)
					}
				})
			})
			servertest.Publish(t, srv, "s", "")
			conn, r := servertest.Dial(t, ts, "s")
			if e := r.Next(); e.Name != "heartbeat" {
				t.Fatalf("got %+v, want a heartbeat", e)
			}
			_ = conn.(*net.TCPConn).SetLinger(linger)
			conn.Close()
			before := beats.Load()
			servertest.Receive(t, o.Streams).WantEnd(t, server.EndClientLeft)
			if n := beats.Load() - before; before == 0 || n > 2 {
				t.Errorf("%d heartbeats before the client left, and %d after it", before, n)
			}
			wantFree(t, srv)
		})
	}
}
