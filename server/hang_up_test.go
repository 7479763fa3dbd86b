package server_test

import (
	"bytes"
	"net"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// A client that closes its half of the connection, or resets the connection, has left.
func TestDetachedClientLeaves(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*net.TCPConn){
		"half-closed": func(c *net.TCPConn) { _ = c.CloseWrite() },
		"reset":       func(c *net.TCPConn) { _ = c.SetLinger(0); c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			heartbeat := time.Hour // Linux notices without a heartbeat
			if runtime.GOOS != "linux" {
				if name == "half-closed" {
					t.Skip("a write does not tell")
				}
				heartbeat = 100 * time.Millisecond
			}
			srv, o := newDetachedServer(t, server.WithTiming(server.Timing{Heartbeat: heartbeat}))
			ts := servertest.Serve(t, srv)
			servertest.Publish(t, srv, "s", "")
			conn, r := servertest.Dial(t, ts, "s")
			leave(conn.(*net.TCPConn))
			servertest.Receive(t, o.Streams).WantEnd(t, server.EndClientLeft)
			if name == "half-closed" { // the open half ends cleanly
				r.IgnoreBeats = true
				r.WantEnd()
			}
			wantFree(t, srv)
		})
	}
}

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

// A detached stream notices at the second heartbeat that the client of a wrapped
// connection has left. The kernel takes the first one before it learns that nobody is
// there.
func TestDetachedClientLeavesWrapped(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*net.TCPConn){
		"closed": func(c *net.TCPConn) { c.Close() },
		"reset":  func(c *net.TCPConn) { _ = c.SetLinger(0); c.Close() },
	} {
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
			leave(conn.(*net.TCPConn))
			before := beats.Load()
			servertest.Receive(t, o.Streams).WantEnd(t, server.EndClientLeft)
			if n := beats.Load() - before; before == 0 || n > 2 {
				t.Errorf("%d heartbeats before the client left, and %d after it", before, n)
			}
			wantFree(t, srv)
		})
	}
}
