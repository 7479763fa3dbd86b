package server_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// The timeouts of http.Server are for whole requests and end no stream.
func TestServerTimeouts(t *testing.T) { servertest.BothModes(t, testServerTimeouts) }

func testServerTimeouts(t *testing.T, mode servertest.Mode) {
	for _, h2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("http2=%t", h2), func(t *testing.T) {
			t.Parallel()
			srv := mode.NewServer(t, server.WithTiming(server.Timing{Heartbeat: 600 * time.Millisecond}))
			ts := servertest.Serve(t, srv, func(ts *httptest.Server) {
				ts.EnableHTTP2 = h2
				ts.Config.WriteTimeout = 400 * time.Millisecond // includes the TLS handshake
				ts.Config.ReadTimeout = 400 * time.Millisecond
			})
			servertest.Publish(t, srv, "s", "")
			r := servertest.Open(t, ts, "s")
			for _, name := range []string{"connected", "heartbeat", "heartbeat"} {
				if e := r.Next(); e.Name != name {
					t.Fatalf("got %+v, want %s", e, name)
				}
			}
			r.IgnoreBeats = true
			r.WantContents(servertest.Publish(t, srv, "s", ""))
			r.Want("session_deleted", servertest.DeleteSession(t, srv, "s"))
			r.WantEnd()
		})
	}
}

// A write deadline that stays set would end an idle stream.
func TestIdleLongerThanWriteTimeout(t *testing.T) {
	servertest.BothModes(t, testIdleLongerThanWriteTimeout)
}

func testIdleLongerThanWriteTimeout(t *testing.T, mode servertest.Mode) {
	for _, h2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("http2=%t", h2), func(t *testing.T) {
			t.Parallel()
			srv := mode.NewServer(t, server.WithTiming(server.Timing{WriteTimeout: 200 * time.Millisecond, Heartbeat: 500 * time.Millisecond}))
			ts := servertest.Serve(t, srv, func(ts *httptest.Server) { ts.EnableHTTP2 = h2 })
			id := servertest.Publish(t, srv, "s", "")
			r := servertest.Open(t, ts, "s")
			if h2 != (r.Response.ProtoMajor == 2) {
				t.Fatalf("protocol %s", r.Response.Proto)
			}
			r.Want("connected", id, "heartbeat", id, "heartbeat", id)
			r.IgnoreBeats = true
			r.WantContents(servertest.PublishN(t, srv, "s", 100)...)
			r.Want("session_deleted", servertest.DeleteSession(t, srv, "s"))
			r.WantEnd()
		})
	}
}

// flushOnly is a writer that can flush. It has neither deadlines nor Unwrap.
type flushOnly struct{ hidden }

func (f flushOnly) Flush() { _ = http.NewResponseController(f.w).Flush() }

// Where a ResponseWriter has no deadlines, streams go on, and the server logs one warning.
func TestNoDeadlines(t *testing.T) { servertest.BothModes(t, testNoDeadlines) }

func testNoDeadlines(t *testing.T, mode servertest.Mode) {
	synctest.Test(t, func(t *testing.T) {
		var l logged
		srv := mode.NewServer(t, l.option())
		servertest.Publish(t, srv, "s", "")
		without := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			srv.ServeHTTP(flushOnly{hidden{w}}, r)
		})
		for range 3 {
			r := servertest.Record(without, "s", "")
			servertest.Publish(t, srv, "s", "")
			if n := len(r.Events()); n != 2 {
				t.Errorf("%d events", n)
			}
			r.Leave()
		}
		if l.count("level=WARN") != 1 || l.count("level=") != 1 {
			t.Errorf("logged %q", l.buf.String())
		}
	})
}

// Behind a writer without deadlines streams work over both protocols, and one warning says
// what is missing.
func TestNoDeadlinesOverSocket(t *testing.T) { servertest.BothModes(t, testNoDeadlinesOverSocket) }

func testNoDeadlinesOverSocket(t *testing.T, mode servertest.Mode) {
	for _, h2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("http2=%t", h2), func(t *testing.T) {
			t.Parallel()
			var l logged
			srv := mode.NewServer(t, l.option(), server.WithTiming(server.Timing{WriteTimeout: 20 * time.Millisecond, Heartbeat: 60 * time.Millisecond}))
			ts := servertest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				srv.ServeHTTP(flushOnly{hidden{w}}, r)
			}), func(ts *httptest.Server) { ts.EnableHTTP2 = h2 })
			id := servertest.Publish(t, srv, "s", "")
			for range 3 {
				r := servertest.Open(t, ts, "s", id)
				r.Want("connected", id, "heartbeat", id, "heartbeat", id)
				r.Close()
			}
			servertest.Until(t, "all have left", func() bool { return srv.Readers("s") == 0 })
			r := servertest.Open(t, ts, "s", id)
			r.IgnoreBeats = true
			r.Want("connected", id)
			r.WantContents(servertest.PublishN(t, srv, "s", 20)...)
			r.Want("session_deleted", servertest.DeleteSession(t, srv, "s"))
			r.WantEnd()
			if l.count("level=WARN") != 1 || l.count("no write deadlines") != 1 || l.count("level=") != 1 {
				t.Errorf("logged %q", l.buf.String())
			}
		})
	}
}

// pipes is a listener of connections without buffers: a write ends when the other side has
// read all of it.
type pipes struct {
	accepted chan net.Conn
	closed   chan struct{}
	once     sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accepted:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// The last chunk has a deadline as well. So a reader that stops right before it holds its
// connection no longer than one that stops earlier.
func TestReaderThatStopsBeforeTheLastChunk(t *testing.T) {
	t.Parallel()
	for name, how := range serverEnds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := servertest.Attached.NewServer(t, server.WithTiming(server.Timing{WriteTimeout: 400 * time.Millisecond}), how.option)
			listener := &pipes{accepted: make(chan net.Conn), closed: make(chan struct{})}
			over := make(chan struct{}, 1)
			servertest.Serve(t, srv, func(ts *httptest.Server) {
				ts.Listener.Close()
				ts.Listener = listener
				ts.Config.ConnState = func(_ net.Conn, state http.ConnState) {
					if state == http.StateClosed {
						over <- struct{}{}
					}
				}
			})
			servertest.Publish(t, srv, "s", "")
			client, conn := net.Pipe()
			t.Cleanup(func() { client.Close() })
			_ = client.SetDeadline(time.Now().Add(servertest.Patience))
			listener.accepted <- conn
			if _, err := io.WriteString(client, "GET /stream?sessionId=s HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			readTo := func(mark string) {
				t.Helper()
				for one := make([]byte, 1); !bytes.HasSuffix(got.Bytes(), []byte(mark)); {
					if _, err := client.Read(one); err != nil {
						t.Fatalf("%v, after %q", err, got.Bytes())
					}
					got.WriteByte(one[0])
				}
			}
			readTo("\n\n\r\n") // the end of connected and of its chunk
			go how.end(t, srv)
			last := "event: heartbeat\n"
			if name == "deleted" {
				last = "event: session_deleted\n"
			}
			readTo(last)
			readTo("\n\n\r\n")
			servertest.Receive(t, over)
		})
	}
}

// After a failed write the server writes nothing, not even the last chunk.
func TestNothingIsWrittenAfterFailedWrite(t *testing.T) {
	t.Parallel()
	srv, o := newDetachedServer(t, server.WithTiming(server.Timing{WriteTimeout: 100 * time.Millisecond}))
	listener := &pipes{accepted: make(chan net.Conn), closed: make(chan struct{})}
	servertest.Serve(t, srv, func(ts *httptest.Server) {
		ts.Listener.Close()
		ts.Listener = listener
	})
	servertest.Publish(t, srv, "s", "")
	client, conn := net.Pipe()
	listener.accepted <- conn
	servertest.Ask(t, client, "HTTP/1.1", "s")
	servertest.Publish(t, srv, "s", "")
	servertest.Receive(t, o.Streams).WantEnd(t, server.EndSlowReader)
	if rest, err := io.ReadAll(client); err != nil || len(rest) > 0 {
		t.Errorf("got %q, %v, want that the connection is closed", rest, err)
	}
}
