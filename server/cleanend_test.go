package server_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// serverEnds are the ways in which the server ends a stream of the session s by
// itself.
var serverEnds = map[string]struct {
	option server.Option
	end    func(t *testing.T, srv *mix.Server)
}{
	"deleted": {server.WithRetry(0), func(t *testing.T, srv *mix.Server) { remove(t, srv, "s") }},
	"drained": {server.WithDrainWindow(0), func(t *testing.T, srv *mix.Server) {
		if err := srv.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}},
	"aged": {server.WithMaxConnectionAge(900 * time.Millisecond), func(*testing.T, *mix.Server) {}},
}

// A stream that the server ends leaves a connection that is as good as new, also
// after it was idle for longer than the deadlines of the stream.
func TestConnectionAfterEnd(t *testing.T) {
	const timeout = 200 * time.Millisecond // also for the last chunk, on a busy machine
	for name, how := range serverEnds {
		for _, h2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, http2=%t", name, h2), func(t *testing.T) {
				t.Parallel()
				srv := newAttachedServer(t, server.WithWriteTimeout(timeout), how.option) // which gives the connection back
				ts := serve(t, srv, func(ts *httptest.Server) {
					ts.EnableHTTP2 = h2
					ts.Config.WriteTimeout = timeout
				})
				publish(t, srv, "s", "")
				r := open(t, ts, "s")
				r.next()
				<-time.After(3 * timeout)
				how.end(t, srv)
				for {
					if _, err := read(r.dec); err != nil {
						if !errors.Is(err, io.EOF) {
							t.Fatalf("the stream ended with %v", err)
						}
						break
					}
				}
				<-time.After(3 * timeout)
				var reused bool
				ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
					GotConn: func(c httptrace.GotConnInfo) { reused = c.Reused },
				})
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, streamURL(ts, "nobody"), nil)
				if err != nil {
					t.Fatal(err)
				}
				res, err := ts.Client().Do(req)
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				if res.StatusCode != http.StatusNotFound || !reused {
					t.Errorf("%s; over the same connection: %t", res.Status, reused)
				}
			})
		}
	}
}

// On HTTP/1.1 the end is the last chunk, and nothing follows it.
func TestLastChunk(t *testing.T) {
	for name, how := range serverEnds {
		t.Run(name, func(t *testing.T) {
			srv := newServer(t, how.option)
			ts := serve(t, srv)
			publish(t, srv, "s", "")
			conn, lines := connect(t, ts)
			fmt.Fprintf(conn, "GET /stream?sessionId=s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			for line := ""; !strings.HasPrefix(line, "id: "); { // of connected
				var err error
				if line, err = lines.ReadString('\n'); err != nil {
					t.Fatal(err)
				}
			}
			how.end(t, srv)
			rest, err := io.ReadAll(lines)
			if err != nil || !strings.HasSuffix(string(rest), "\n\n\r\n0\r\n\r\n") {
				t.Errorf("the stream ended with %q, %v", rest, err)
			}
		})
	}
}

// flushOnly is a writer that can flush, and has neither deadlines nor Unwrap.
type flushOnly struct{ hidden }

func (f flushOnly) Flush() { _ = http.NewResponseController(f.w).Flush() }

// Behind a writer without deadlines streams work, on both protocols; one warning
// says what is missing.
func TestNoDeadlinesOverSocket(t *testing.T) {
	for _, h2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("http2=%t", h2), func(t *testing.T) {
			var l logged
			srv := newServer(t, l.option(), server.WithWriteTimeout(20*time.Millisecond), server.WithHeartbeat(60*time.Millisecond))
			ts := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				srv.ServeHTTP(flushOnly{hidden{w}}, r)
			}), func(ts *httptest.Server) { ts.EnableHTTP2 = h2 })
			id := publish(t, srv, "s", "")
			for range 3 {
				r := open(t, ts, "s", id)
				r.want("connected", id, "heartbeat", id, "heartbeat", id)
				r.close()
			}
			until(t, "all have left", func() bool { return srv.Readers("s") == 0 })
			r := open(t, ts, "s", id)
			r.want("connected", id)
			r.wantContents(publishN(t, srv, "s", 20)...)
			r.want("session_deleted", remove(t, srv, "s"))
			r.wantEnd()
			if l.count("level=WARN") != 1 || l.count("no write deadlines") != 1 || l.count("level=") != 1 {
				t.Errorf("logged %q", l.buf.String())
			}
		})
	}
}
