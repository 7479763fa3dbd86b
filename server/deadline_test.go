package server_test

import (
	"context"
	"fmt"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/server"
)

// smallBuffers makes a reader that stops reading felt soon.
func smallBuffers(ts *httptest.Server) {
	ts.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetWriteBuffer(4 << 10)
		}
		return ctx
	}
}

// neverRead opens a stream and reads nothing of it.
func neverRead(t *testing.T, ts *httptest.Server, session string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", ts.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	fmt.Fprintf(conn, "GET /stream?sessionId=%s HTTP/1.1\r\nHost: x\r\n\r\n", session)
	return conn
}

// A reader that never reads is dropped; until then, and after it, nobody waits for it.
func TestReaderThatNeverReads(t *testing.T) {
	first, gone := make(chan string, 10), make(chan string, 10)
	srv := newServer(t, server.WithWriteTimeout(200*time.Millisecond), vouch("stuck"),
		server.WithScope(func(string) string { return "all" }),
		server.OnFirstReader(func(s string) { first <- s }), server.OnLastReader(func(s string) { gone <- s }))
	ts := serve(t, srv, smallBuffers)
	publish(t, srv, "well", "")
	r := open(t, ts, "well")
	r.next()
	receive(t, first)
	neverRead(t, ts, "stuck")
	receive(t, first)
	large := strings.Repeat("x", 512<<10)
	for range 20 {
		publish(t, srv, "stuck", large)
		r.wantContents(publish(t, srv, "well", ""))
	}
	if s := receive(t, gone); s != "stuck" {
		t.Errorf("%s has left", s)
	}
	r.wantContents(publish(t, srv, "well", ""))
}

// The timeouts of the http.Server are for whole requests, and end no stream.
func TestServerTimeouts(t *testing.T) {
	for _, h2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("http2=%t", h2), func(t *testing.T) {
			srv := newServer(t, server.WithHeartbeat(250*time.Millisecond))
			ts := serve(t, srv, func(ts *httptest.Server) {
				ts.EnableHTTP2 = h2
				ts.Config.WriteTimeout = 100 * time.Millisecond
				ts.Config.ReadTimeout = 100 * time.Millisecond
			})
			publish(t, srv, "s", "")
			r := open(t, ts, "s")
			for _, name := range []string{"connected", "heartbeat", "heartbeat"} {
				if e := r.next(); e.name != name {
					t.Fatalf("got %+v, want %s", e, name)
				}
			}
			r.wantContents(publish(t, srv, "s", ""))
			r.want("session_deleted", remove(t, srv, "s"))
			r.wantEnd()
		})
	}
}

// A write deadline that is left standing would end an idle stream.
func TestIdleLongerThanWriteTimeout(t *testing.T) {
	for _, h2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("http2=%t", h2), func(t *testing.T) {
			srv := newServer(t, server.WithWriteTimeout(50*time.Millisecond), server.WithHeartbeat(200*time.Millisecond))
			ts := serve(t, srv, func(ts *httptest.Server) { ts.EnableHTTP2 = h2 })
			id := publish(t, srv, "s", "")
			r := open(t, ts, "s")
			if h2 != (r.res.ProtoMajor == 2) {
				t.Fatalf("protocol %s", r.res.Proto)
			}
			r.want("connected", id, "heartbeat", id, "heartbeat", id)
			r.wantContents(publishN(t, srv, "s", 100)...)
			r.want("session_deleted", remove(t, srv, "s"))
			r.wantEnd()
		})
	}
}

// Over HTTP/2 the streams of one connection are independent.
func TestHTTP2Streams(t *testing.T) {
	gone := make(chan string, 10)
	srv := newServer(t, server.WithWriteTimeout(200*time.Millisecond), server.OnLastReader(func(s string) { gone <- s }))
	ts := serve(t, srv, func(ts *httptest.Server) { ts.EnableHTTP2 = true })
	publish(t, srv, "well", "")
	publish(t, srv, "stuck", "")
	well, stuck := open(t, ts, "well"), open(t, ts, "stuck")
	well.next()
	stuck.next()
	large := strings.Repeat("x", 512<<10)
	for range 30 { // over the window of a stream
		publish(t, srv, "stuck", large)
	}
	if s := receive(t, gone); s != "stuck" {
		t.Fatalf("%s has left", s)
	}
	well.wantContents(publishN(t, srv, "well", 10)...)
}
