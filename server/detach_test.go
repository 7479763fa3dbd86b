package server_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/sse"
)

// newDetachedServer returns a server with detached streams, which have their default send
// buffer, and its observer.
func newDetachedServer(t *testing.T, opts ...server.Option) (*mix.Server, *servertest.Observer) {
	o := servertest.NewObserver()
	srv := servertest.Detached.NewServer(t, append([]server.Option{server.WithLimits(server.Limits{SendBuffer: 64 << 10}), server.WithObserver(o)}, opts...)...)
	return srv, o
}

// A stream has the same bytes in both modes. Two servers of different modes read one log.
func TestModesSayTheSame(t *testing.T) {
	t.Parallel()
	events := servertest.SmallLog(500)
	var modes []*transcript
	var srv *mix.Server
	for _, mode := range []servertest.Mode{servertest.Attached, servertest.Detached} {
		srv = mode.NewServer(t, events, server.WithTiming(server.Timing{Heartbeat: 20 * time.Millisecond}))
		modes = append(modes, &transcript{ts: servertest.Serve(t, srv)})
	}
	ids := servertest.PublishN(t, srv, "s", 1000) // half of them are trimmed, so that there is a gap
	for _, m := range modes {
		m.open(t, ids[0])
		m.await(t, "content", ids[999])
	}
	var awaited []string
	for _, text := range []string{"", strings.Repeat("large", 60_000), "\n\r\u2028\x00"} {
		id := servertest.Publish(t, srv, "s", text)
		awaited = append(awaited, id)
		for _, m := range modes {
			m.await(t, "content", id)
			m.await(t, "heartbeat", id)
		}
	}
	servertest.PublishN(t, srv, "s", 300)
	last := servertest.DeleteSession(t, srv, "s")
	for _, m := range modes {
		m.await(t, "session_deleted", last)
		if _, err := servertest.ReadEvent(m.dec); !errors.Is(err, io.EOF) {
			t.Errorf("got %v, want the end", err)
		}
	}
	one, other := sameBeats(modes[0].body.String(), awaited), sameBeats(modes[1].body.String(), awaited)
	if one != other {
		t.Errorf("%d bytes attached and %d detached, or others", len(one), len(other))
	}
	for _, name := range []string{"connected", "error", "content", "heartbeat", "session_deleted"} {
		if !strings.Contains(one, "event: "+name+"\n") {
			t.Errorf("no event %s", name)
		}
	}
}

// transcript is a stream of which it keeps every byte.
type transcript struct {
	ts   *httptest.Server
	body strings.Builder
	dec  *sse.Decoder
}

func (m *transcript) open(t *testing.T, resume string) {
	m.dec = sse.NewDecoder(io.TeeReader(servertest.Get(t, m.ts, servertest.StreamURL(m.ts, "s"), resume).Body, &m.body))
}

func (m *transcript) await(t *testing.T, name, id string) {
	t.Helper()
	for {
		switch e, err := servertest.ReadEvent(m.dec); {
		case err != nil:
			t.Fatalf("waiting for %s %s: %v", name, id, err)
		case e.Name == name && e.ID == id:
			return
		}
	}
}

// sameBeats keeps one heartbeat at each of the awaited positions and drops the others:
// where and how often these come is a matter of time.
func sameBeats(body string, awaited []string) string {
	var out []string
	for _, block := range strings.SplitAfter(body, "\n\n") {
		if strings.HasPrefix(block, "event: heartbeat\n") && (block == out[len(out)-1] ||
			!slices.ContainsFunc(awaited, func(id string) bool { return strings.Contains(block, "id: "+id+"\n") })) {
			continue
		}
		out = append(out, block)
	}
	return strings.Join(out, "")
}

// A stream that cannot be detached stays attached and works. Only a detached stream
// announces that its connection will close.
func TestStaysAttached(t *testing.T) {
	t.Parallel()
	overTLS := func(ts *httptest.Server) { ts.EnableHTTP2 = true } // HTTP/1.1 remains possible
	for _, test := range []struct {
		name, version string
		configure     func(*httptest.Server)
		detached      bool
	}{
		{"HTTP/1.1", "HTTP/1.1", func(*httptest.Server) {}, true},
		{"HTTP/1.1 over TLS", "HTTP/1.1", overTLS, false},
		{"HTTP/1.0", "HTTP/1.0", func(*httptest.Server) {}, false},
		{"writer that says what it wraps", "HTTP/1.1", func(ts *httptest.Server) {
			ts.Config.Handler = servertest.TapWriter(ts.Config.Handler, func([]byte) {})
		}, false},
		{"writer that does not", "HTTP/1.1", func(ts *httptest.Server) {
			ts.Config.Handler = opaquely(ts.Config.Handler, new(atomic.Int64))
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			srv, o := newDetachedServer(t, server.WithTiming(server.Timing{Heartbeat: time.Hour}))
			ts := servertest.Serve(t, srv, test.configure)
			servertest.Publish(t, srv, "s", "")
			dial := net.Dial
			if ts.TLS != nil {
				dial = func(network, address string) (net.Conn, error) {
					return tls.Dial(network, address, ts.Client().Transport.(*http.Transport).TLSClientConfig)
				}
			}
			conn, err := dial("tcp", ts.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			r := servertest.Ask(t, conn, test.version, "s")
			res := r.Response
			if res.Proto != test.version {
				t.Errorf("the answer is one of %s", res.Proto)
			}
			// net/http takes the header out of a response of HTTP/1.1 and sets Close.
			detached := res.Header.Get("Connection") == "close" || res.Close && res.ProtoAtLeast(1, 1)
			if detached != test.detached {
				t.Errorf("detached: %t", detached)
			}
			id := servertest.Publish(t, srv, "s", "")
			r.WantContents(id)
			if err := srv.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			if e := r.Next(); e.Name != "heartbeat" || e.ID != id || e.Retry < 0 {
				t.Errorf("got %+v, want a last heartbeat", e)
			}
			r.WantEnd()
			servertest.Receive(t, o.Streams).WantEnd(t, server.EndShutdown)
			wantFree(t, srv)
		})
	}
}

// Tap and Record let a stream be detached: net/http gives their connections away.
func TestTappedAndRecordedStreamsAreDetached(t *testing.T) {
	servertest.BothModes(t, testTappedAndRecordedStreamsAreDetached)
}

func testTappedAndRecordedStreamsAreDetached(t *testing.T, mode servertest.Mode) {
	t.Run("tapped", func(t *testing.T) {
		srv := mode.NewServer(t)
		servertest.Publish(t, srv, "s", "")
		written := make(chan string, 100)
		r := servertest.Open(t, servertest.Serve(t, srv, mode.Tap(func(p []byte) { written <- string(p) })), "s")
		if r.Response.Close != (mode == servertest.Detached) {
			t.Errorf("Connection: close is %t", r.Response.Close)
		}
		id := servertest.Publish(t, srv, "s", "")
		r.Want("connected", servertest.Before(t, id), "content", id)
		for _, name := range []string{"connected", "content"} {
			if got := servertest.Receive(t, written); !strings.HasPrefix(got, "event: "+name+"\n") {
				t.Errorf("saw %q, want %s", got, name)
			}
		}
	})
	t.Run("recorded", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := servertest.Record(mode.NewServer(t, servertest.AnySession()), "s", "")
			defer r.Leave()
			if r.Response.Close != (mode == servertest.Detached) {
				t.Errorf("Connection: close is %t", r.Response.Close)
			}
		})
	})
}

// opaque is a ResponseWriter of a middleware. It passes on everything that the writer of
// net/http can do, and has no Unwrap.
type opaque struct {
	w       http.ResponseWriter
	written *atomic.Int64
}

func (o opaque) Header() http.Header { return o.w.Header() }

func (o opaque) WriteHeader(code int) { o.w.WriteHeader(code) }

func (o opaque) Flush() { o.w.(http.Flusher).Flush() }

func (o opaque) Hijack() (net.Conn, *bufio.ReadWriter, error) { return o.w.(http.Hijacker).Hijack() }

func (o opaque) Write(p []byte) (int, error) {
	o.written.Add(int64(len(p)))
	return o.w.Write(p)
}

// opaquely is a middleware that counts the bytes that the handler writes.
func opaquely(h http.Handler, written *atomic.Int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(opaque{w, written}, r) })
}

// A detached stream writes nothing past a wrapper. A wrapped writer keeps the stream
// attached; a wrapped connection sees all bytes.
func TestNothingIsWrittenPastWrappers(t *testing.T) {
	t.Parallel()
	for name, wrap := range map[string]func(ts *httptest.Server, written *atomic.Int64){
		"writer": func(ts *httptest.Server, written *atomic.Int64) {
			ts.Config.Handler = opaquely(ts.Config.Handler, written)
		},
		"connection": func(ts *httptest.Server, written *atomic.Int64) {
			ts.Listener = own(ts.Listener, func(p []byte) { written.Add(int64(len(p))) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			srv := servertest.Detached.NewServer(t)
			var written atomic.Int64
			ts := servertest.Serve(t, srv, func(ts *httptest.Server) { wrap(ts, &written) })
			servertest.Publish(t, srv, "s", "")
			_, r := servertest.Dial(t, ts, "s")
			before := written.Load()
			id := servertest.Publish(t, srv, "s", "")
			r.WantContents(id)
			if n := written.Load() - before; n < int64(len(id)) {
				t.Errorf("it saw %d bytes of the event", n)
			}
		})
	}
}

// A GET with an unread body gets its stream to the end. The connection of a detached
// stream could be reset, because of what is unread.
func TestStreamOfRequestWithUnreadBody(t *testing.T) {
	servertest.BothModes(t, testStreamOfRequestWithUnreadBody)
}

func testStreamOfRequestWithUnreadBody(t *testing.T, mode servertest.Mode) {
	srv, ts := mode.Start(t)
	servertest.Publish(t, srv, "s", "")
	conn, _ := connect(t, ts)
	if _, err := io.WriteString(conn, "GET /stream?sessionId=s HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"); err != nil {
		t.Fatal(err)
	}
	servertest.Until(t, "the stream is open", func() bool { return srv.Readers("s") == 1 })
	servertest.DeleteSession(t, srv, "s")
	// net/http still has the connection, reads the body, and answers another request.
	if _, err := io.WriteString(conn, "GET /stream?sessionId=none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(conn); err != nil {
		t.Errorf("got %v, want the end", err)
	}
}
