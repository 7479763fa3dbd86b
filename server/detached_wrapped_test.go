package server_test

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/server"
)

// opaque is a ResponseWriter of a middleware that hands on all that net/http's own can
// do, and does not say what it wraps.
type opaque struct {
	w       http.ResponseWriter
	written *atomic.Int64
}

func (o opaque) Header() http.Header                          { return o.w.Header() }
func (o opaque) WriteHeader(code int)                         { o.w.WriteHeader(code) }
func (o opaque) Flush()                                       { o.w.(http.Flusher).Flush() }
func (o opaque) Hijack() (net.Conn, *bufio.ReadWriter, error) { return o.w.(http.Hijacker).Hijack() }

func (o opaque) Write(p []byte) (int, error) {
	o.written.Add(int64(len(p)))
	return o.w.Write(p)
}

// opaquely is a middleware that counts what is written.
func opaquely(h http.Handler, written *atomic.Int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(opaque{w, written}, r) })
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

// own is a listener of such connections.
func own(l net.Listener, see func([]byte)) net.Listener {
	return wrapListener{l, func(c net.Conn) net.Conn { return &ownConn{c.(*net.TCPConn), see} }}
}

// Whoever stands between a detached stream and its socket sees all that is written: who
// wraps the writer, since the stream stays attached, and who wraps the connection.
func TestNothingIsWrittenPastWrappers(t *testing.T) {
	for name, wrap := range map[string]func(ts *httptest.Server, written *atomic.Int64){
		"writer": func(ts *httptest.Server, written *atomic.Int64) {
			ts.Config.Handler = opaquely(ts.Config.Handler, written)
		},
		"connection": func(ts *httptest.Server, written *atomic.Int64) {
			ts.Listener = own(ts.Listener, func(p []byte) { written.Add(int64(len(p))) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			srv := newAttachedServer(t, server.WithDetachedStreams(0))
			t.Cleanup(func() { shutNow(srv) })
			var written atomic.Int64
			ts := serve(t, srv, func(ts *httptest.Server) { wrap(ts, &written) })
			publish(t, srv, "s", "")
			_, dec := dialStream(t, ts.Listener.Addr().String(), "s")
			before := written.Load()
			id := publish(t, srv, "s", "")
			if e, err := read(dec); err != nil || e.id != id {
				t.Fatalf("got %+v, %v", e, err)
			}
			if n := written.Load() - before; n < int64(len(id)) {
				t.Errorf("it saw %d bytes of the event", n)
			}
		})
	}
}

// A client of a wrapped connection is found to have left when it is written to: at the
// second heartbeat, since the kernel takes the first before it hears that nobody is there.
func TestDetachedClientLeavesWrapped(t *testing.T) {
	for name, leave := range map[string]func(*net.TCPConn){
		"closed": func(c *net.TCPConn) { c.Close() },
		"reset":  func(c *net.TCPConn) { _ = c.SetLinger(0); c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			srv, o := newDetachedServer(t, server.WithHeartbeat(100*time.Millisecond))
			var beats atomic.Int64
			ts := serve(t, srv, func(ts *httptest.Server) {
				ts.Listener = own(ts.Listener, func(p []byte) {
					if bytes.Contains(p, []byte("event: heartbeat\n")) {
						beats.Add(1)
					}
				})
			})
			publish(t, srv, "s", "")
			conn, dec := dialStream(t, ts.Listener.Addr().String(), "s")
			if e, err := read(dec); err != nil || e.name != "heartbeat" {
				t.Fatalf("got %+v, %v, want a heartbeat", e, err)
			}
			leave(conn.(*net.TCPConn))
			before := beats.Load()
			receive(t, o.streams).wantEnd(t, server.EndClientLeft)
			if n := beats.Load() - before; before == 0 || n > 2 {
				t.Errorf("%d heartbeats before the client left, and %d after it", before, n)
			}
			wantFree(t, srv)
		})
	}
}
