package server_test

import (
	"bufio"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

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
	written *atomic.Int64
}

func (c ownConn) Write(p []byte) (int, error) {
	c.written.Add(int64(len(p)))
	return c.TCPConn.Write(p)
}

type ownListener struct {
	net.Listener
	written *atomic.Int64
}

func (l ownListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return ownConn{c.(*net.TCPConn), l.written}, nil
}

// Whoever stands between a detached stream and its socket sees all that is written: who
// wraps the writer, since the stream stays attached, and who wraps the connection.
func TestNothingIsWrittenPastWrappers(t *testing.T) {
	for name, wrap := range map[string]func(ts *httptest.Server, written *atomic.Int64){
		"writer": func(ts *httptest.Server, written *atomic.Int64) {
			ts.Config.Handler = opaquely(ts.Config.Handler, written)
		},
		"connection": func(ts *httptest.Server, written *atomic.Int64) { ts.Listener = ownListener{ts.Listener, written} },
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
