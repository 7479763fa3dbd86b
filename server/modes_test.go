package server_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/sse"
)

// newDetachedServer returns a server with detached streams, and what observes it.
func newDetachedServer(t *testing.T, opts ...server.Option) (*mix.Server, *observer) {
	o := newObserver()
	srv := newAttachedServer(t, append([]server.Option{server.WithDetachedStreams(0), server.WithObserver(o)}, opts...)...)
	t.Cleanup(func() { shutNow(srv) })
	return srv, o
}

// A stream has the same bytes in both modes, whatever it carries: one log is read
// through both.
func TestModesSayTheSame(t *testing.T) {
	events := smallLog(500)
	var modes []*transcript
	var srv *mix.Server
	for _, opts := range [][]server.Option{nil, {server.WithDetachedStreams(0)}} {
		opts = append(opts, events, server.WithHeartbeat(20*time.Millisecond))
		srv = newAttachedServer(t, opts...)
		t.Cleanup(func() { shutNow(srv) })
		modes = append(modes, &transcript{ts: serve(t, srv)})
	}
	ids := publishN(t, srv, "s", 1000) // half of them are in the gap
	for _, m := range modes {
		m.open(t, ids[0])
		m.await(t, "content", ids[999])
	}
	var awaited []string
	for _, text := range []string{"", strings.Repeat("large", 60_000), "\n\r\u2028\x00"} {
		id := publish(t, srv, "s", text)
		awaited = append(awaited, id)
		for _, m := range modes {
			m.await(t, "content", id)
			m.await(t, "heartbeat", id)
		}
	}
	publishN(t, srv, "s", 300)
	last := remove(t, srv, "s")
	for _, m := range modes {
		m.await(t, "session_deleted", last)
		if _, err := read(m.dec); !errors.Is(err, io.EOF) {
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

// transcript is a stream of which every byte is kept.
type transcript struct {
	ts   *httptest.Server
	body strings.Builder
	dec  *sse.Decoder
}

func (m *transcript) open(t *testing.T, resume string) {
	m.dec = sse.NewDecoder(io.TeeReader(get(t, m.ts, streamURL(m.ts, "s"), resume).Body, &m.body))
}

func (m *transcript) await(t *testing.T, name, id string) {
	t.Helper()
	for {
		switch e, err := read(m.dec); {
		case err != nil:
			t.Fatalf("waiting for %s %s: %v", name, id, err)
		case e.name == name && e.id == id:
			return
		}
	}
}

// sameBeats leaves one heartbeat at each of the positions where one was awaited: where
// and how often there are others is a matter of time.
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

// dialStream opens a stream on a connection of its own and reads its first event.
func dialStream(t *testing.T, address, session string) (net.Conn, *sse.Decoder) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	_, dec := askStream(t, conn, "HTTP/1.1", session)
	return conn, dec
}

// askStream opens a stream on a connection and reads its first event.
func askStream(t *testing.T, conn net.Conn, version, session string) (*http.Response, *sse.Decoder) {
	t.Helper()
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(conn, "GET /stream?sessionId=%s %s\r\nHost: x\r\n\r\n", session, version)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	dec := sse.NewDecoder(res.Body)
	if _, err := read(dec); err != nil {
		t.Fatal(err)
	}
	return res, dec
}

// What cannot be detached, or is not to be, stays attached and works. Only a detached
// stream takes its connection along, and says so.
func TestStaysAttached(t *testing.T) {
	overTLS := func(ts *httptest.Server) { ts.EnableHTTP2 = true } // which the client need not speak
	for _, test := range []struct {
		name, version string
		configure     func(*httptest.Server)
		detached      bool
	}{
		{"HTTP/1.1", "HTTP/1.1", func(*httptest.Server) {}, true},
		{"HTTP/1.1 over TLS", "HTTP/1.1", overTLS, false},
		{"HTTP/1.0", "HTTP/1.0", func(*httptest.Server) {}, false},
		{"writer that says what it wraps", "HTTP/1.1", func(ts *httptest.Server) {
			ts.Config.Handler = writes(ts.Config.Handler, func([]byte) {})
		}, false},
		{"writer that does not", "HTTP/1.1", func(ts *httptest.Server) {
			ts.Config.Handler = opaquely(ts.Config.Handler, new(atomic.Int64))
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			srv, o := newDetachedServer(t, server.WithHeartbeat(time.Hour))
			ts := serve(t, srv, test.configure)
			publish(t, srv, "s", "")
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
			res, dec := askStream(t, conn, test.version, "s")
			if res.Proto != test.version {
				t.Errorf("the answer is one of %s", res.Proto)
			}
			// It is taken out of a header of HTTP/1.1 where it is found.
			detached := res.Header.Get("Connection") == "close" || res.Close && res.ProtoAtLeast(1, 1)
			if detached != test.detached {
				t.Errorf("detached: %t", detached)
			}
			id := publish(t, srv, "s", "")
			if e, err := read(dec); err != nil || e.name != "content" || e.id != id {
				t.Errorf("got %+v, %v", e, err)
			}
			if err := srv.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			if e, err := read(dec); err != nil || e.name != "heartbeat" || e.id != id || e.retry < 0 {
				t.Errorf("got %+v, %v, want a last heartbeat", e, err)
			}
			if e, err := read(dec); !errors.Is(err, io.EOF) {
				t.Errorf("got %+v, %v, want the end", e, err)
			}
			receive(t, o.streams).wantEnd(t, server.EndShutdown)
			wantFree(t, srv)
		})
	}
}

// A client that closes its half of the connection, or resets it, has left.
func TestDetachedClientLeaves(t *testing.T) {
	for name, leave := range map[string]func(*net.TCPConn){
		"half-closed": func(c *net.TCPConn) { _ = c.CloseWrite() },
		"reset":       func(c *net.TCPConn) { _ = c.SetLinger(0); c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			heartbeat := time.Hour // which Linux does not wait for
			if runtime.GOOS != "linux" {
				if name == "half-closed" {
					t.Skip("a write does not tell")
				}
				heartbeat = 100 * time.Millisecond
			}
			srv, o := newDetachedServer(t, server.WithHeartbeat(heartbeat))
			ts := serve(t, srv)
			publish(t, srv, "s", "")
			conn, dec := dialStream(t, ts.Listener.Addr().String(), "s")
			leave(conn.(*net.TCPConn))
			receive(t, o.streams).wantEnd(t, server.EndClientLeft)
			for name == "half-closed" {
				if _, err := read(dec); err != nil {
					if !errors.Is(err, io.EOF) {
						t.Errorf("the half that was open ended with %v", err)
					}
					break
				}
			}
			wantFree(t, srv)
		})
	}
}

// A dropped reader that goes on is told by a reset, not left to wait.
func TestDetachedReaderIsReset(t *testing.T) {
	srv, o := newDetachedServer(t, server.WithWriteTimeout(200*time.Millisecond), server.WithHeartbeat(time.Hour))
	ts := serve(t, srv)
	publish(t, srv, "s", "")
	conn := neverRead(t, ts, "s")
	s := receive(t, o.streams)
	for range 20 {
		publish(t, srv, "s", strings.Repeat("x", 512<<10))
	}
	s.wantEnd(t, server.EndSlowReader)
	_ = conn.SetDeadline(time.Now().Add(patience / 4)) // a keep-alive probe would tell later
	if _, err := io.Copy(io.Discard, conn); err == nil || isTimeout(err) {
		t.Errorf("got %v, want a reset", err)
	}
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

// A panic of the application ends the detached stream in which it is, and no other.
func TestDetachedPanicEndsOneStream(t *testing.T) {
	o := &faultyObserver{method: "Delivered"}
	srv := newAttachedServer(t, server.WithDetachedStreams(0), server.WithObserver(o))
	t.Cleanup(func() { shutNow(srv) })
	ts := serve(t, srv)
	publish(t, srv, "s", "")
	publish(t, srv, "other", "")
	address := ts.Listener.Addr().String()
	_, healthy := dialStream(t, address, "other")
	_, struck := dialStream(t, address, "s")
	o.armed.Store(true)
	publish(t, srv, "s", "")
	for {
		if _, err := read(struck); err != nil {
			if errors.Is(err, io.EOF) {
				t.Error("the stream ended cleanly")
			}
			break
		}
	}
	o.armed.Store(false)
	id := publish(t, srv, "other", "")
	if e, err := read(healthy); err != nil || e.id != id {
		t.Errorf("got %+v, %v", e, err)
	}
	until(t, "one stream is left", func() bool { slots, _, _ := srv.Counted(); return slots == 1 })
}

func TestShutdownClosesDetachedStreams(t *testing.T) {
	srv, o := newDetachedServer(t, server.WithDrainWindow(time.Hour))
	ts := serve(t, srv)
	publish(t, srv, "s", "")
	for range 20 {
		dialStream(t, ts.Listener.Addr().String(), "s")
	}
	shutNow(srv)
	for range 20 {
		receive(t, o.streams).wantEnd(t, server.EndShutdown)
	}
	wantFree(t, srv)
}

// Heartbeats that are far apart leave the rest on time.
func TestRevokedDetachedReaderIsCutOff(t *testing.T) {
	var v verdict
	srv, o := newDetachedServer(t, server.WithAuthorizer(v.authorize), server.WithReauthorization(20*time.Millisecond), server.WithHeartbeat(time.Hour))
	ts := serve(t, srv)
	publish(t, srv, "s", "")
	_, dec := dialStream(t, ts.Listener.Addr().String(), "s")
	until(t, "it is asked again", func() bool { return v.count() > 3 })
	v.set(server.ErrForbidden)
	if _, err := read(dec); !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want the end", err)
	}
	receive(t, o.streams).wantEnd(t, server.EndRevoked)
}
