package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// An idle stream outlasts its write deadline and the timeouts of http.Server, which are for whole
// requests.
func TestIdleLongerThanTimeouts(t *testing.T) { servertest.BothModes(t, testIdleLongerThanTimeouts) }

func testIdleLongerThanTimeouts(t *testing.T, mode servertest.Mode) {
	for _, h2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("http2=%t", h2), func(t *testing.T) {
			t.Parallel()
			srv := mode.NewServer(t, server.WithTiming(server.Timing{WriteTimeout: 200 * time.Millisecond, Heartbeat: 600 * time.Millisecond}))
			ts := servertest.Serve(t, srv, func(ts *httptest.Server) {
				ts.EnableHTTP2 = h2
				ts.Config.WriteTimeout = time.Second // includes the TLS handshake
				ts.Config.ReadTimeout = time.Second
			})
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

// Behind a writer without deadlines streams go on, and the server logs one warning.
func TestNoDeadlines(t *testing.T) { servertest.BothModes(t, testNoDeadlines) }

func testNoDeadlines(t *testing.T, mode servertest.Mode) {
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
			r := servertest.Open(t, ts, "s", id)
			r.IgnoreBeats = true
			r.Want("connected", id, "session_deleted", servertest.DeleteSession(t, srv, "s"))
			r.WantEnd()
			if l.count("level=WARN") != 1 || l.count("no write deadlines") != 1 || l.count("level=") != 1 {
				t.Errorf("logged %q", l.buf.String())
			}
		})
	}
}
