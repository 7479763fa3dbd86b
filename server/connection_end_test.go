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
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/sse"
)

// serverEnds are the ways in which the server itself ends a stream of the session s.
var serverEnds = map[string]struct {
	option server.Option
	end    func(t *testing.T, srv *mix.Server)
}{
	"deleted": {server.WithTiming(server.Timing{Retry: server.None}), func(t *testing.T, srv *mix.Server) { servertest.DeleteSession(t, srv, "s") }},
	"drained": {server.WithTiming(server.Timing{DrainWindow: server.None}), func(t *testing.T, srv *mix.Server) {
		if err := srv.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}},
	"aged": {server.WithTiming(server.Timing{MaxConnectionAge: 900 * time.Millisecond}), func(*testing.T, *mix.Server) {}},
}

// A stream that the server ends leaves a connection that can be used again, even after the
// stream was idle for longer than its deadlines.
func TestConnectionAfterEnd(t *testing.T) {
	t.Parallel()
	const timeout = 200 * time.Millisecond // long enough for the last chunk on a busy machine
	for name, how := range serverEnds {
		for _, h2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, http2=%t", name, h2), func(t *testing.T) {
				t.Parallel()
				srv := servertest.Attached.NewServer(t, server.WithTiming(server.Timing{WriteTimeout: timeout}), how.option) // attached: a detached stream takes its connection along
				ts := servertest.Serve(t, srv, func(ts *httptest.Server) {
					ts.EnableHTTP2 = h2
					ts.Config.WriteTimeout = timeout
				})
				servertest.Publish(t, srv, "s", "")
				r := servertest.Open(t, ts, "s")
				r.Next()
				<-time.After(3 * timeout)
				how.end(t, srv)
				for {
					if _, err := servertest.ReadEvent(r.Decoder); err != nil {
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
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, servertest.StreamURL(ts, "nobody"), nil)
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

// Over HTTP/1.1 a stream ends with the last chunk, and nothing follows it.
func TestLastChunk(t *testing.T) { servertest.BothModes(t, testLastChunk) }

func testLastChunk(t *testing.T, mode servertest.Mode) {
	for name, how := range serverEnds {
		t.Run(name, func(t *testing.T) {
			srv, ts := mode.Start(t, how.option)
			servertest.Publish(t, srv, "s", "")
			conn, lines := connect(t, ts)
			fmt.Fprintf(conn, "GET /stream?sessionId=s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			for line := ""; !strings.HasPrefix(line, "id: "); { // of the event connected
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

// talker is a client that sends something while it reads a stream. Its receive buffer is
// small.
type talker struct {
	conn net.Conn
	dec  *sse.Decoder
	sent chan error
}

// talk opens a stream of the session s and begins to send.
func talk(t *testing.T, ts *httptest.Server, sends string) *talker {
	t.Helper()
	return talkOver(t, dialSmall(t, ts), sends)
}

// dialSmall opens a connection with a small receive buffer.
func dialSmall(t *testing.T, ts *httptest.Server) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", ts.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	return conn
}

// talkOver is talk over a given connection.
func talkOver(t *testing.T, conn net.Conn, sends string) *talker {
	t.Helper()
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(servertest.Patience))
	fmt.Fprintf(conn, "GET /stream?sessionId=s HTTP/1.1\r\nHost: x\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &talker{conn: conn, dec: sse.NewDecoder(res.Body), sent: make(chan error, 1)}
	if _, err := servertest.ReadEvent(c.dec); err != nil {
		t.Fatal(err)
	}
	go func() {
		_, err := io.WriteString(conn, sends)
		c.sent <- err
	}()
	return c
}

// wantAll expects this many events and the clean end of the body.
func (c *talker) wantAll(t *testing.T, events int) {
	t.Helper()
	for n := 0; ; {
		e, err := servertest.ReadEvent(c.dec)
		switch {
		case err == nil && e.Name == "content":
			n++
		case err == nil:
		case n < events || !errors.Is(err, io.EOF):
			t.Errorf("%d of %d events, and then %v", n, events, err)
			return
		default:
			return
		}
	}
}

// large publishes more than the receive buffer of a talker takes.
func large(t *testing.T, srv *mix.Server) (events int) {
	for range 20 {
		servertest.Publish(t, srv, "s", strings.Repeat("x", 2000))
	}
	return 20
}

// A client that sends something still gets the end of its stream, however the server ends
// it.
func TestEndOfTalkingClient(t *testing.T) {
	t.Parallel()
	for input, sends := range map[string]string{
		"line end":  "\r\n",
		"request":   "GET /stream?sessionId=s HTTP/1.1\r\nHost: x\r\n\r\n",
		"garbage":   strings.Repeat("\x00garbage", 10_000),
		"megabytes": strings.Repeat("\x00garbage", 1<<18),
	} {
		for _, name := range []string{"deleted", "drained", "aged", "revoked"} {
			t.Run(input+", "+name, func(t *testing.T) {
				t.Parallel()
				how, option := serverEnds[name], server.WithTiming(server.Timing{MaxConnectionAge: 2 * time.Second})
				var v servertest.Verdict
				switch name {
				case "revoked":
					option = server.WithTiming(server.Timing{Reauthorization: 50 * time.Millisecond})
					how.end = func(*testing.T, *mix.Server) { v.Set(server.ErrForbidden) }
				case "deleted", "drained":
					option = how.option
				}
				srv, o := newDetachedServer(t, server.WithAuthorizer(v.Authorize), option)
				ts := servertest.Serve(t, srv)
				servertest.Publish(t, srv, "s", "")
				c := talk(t, ts, sends)
				s := servertest.Receive(t, o.Streams)
				events := large(t, srv)
				s.WaitDelivered(t, events)
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					how.end(t, srv)
				}()
				servertest.Receive(t, s.Ends)
				c.wantAll(t, events)
				if _, err := io.Copy(io.Discard, c.conn); err != nil {
					t.Errorf("the connection ended with %v", err)
				}
				if err := servertest.Receive(t, c.sent); err != nil {
					t.Errorf("sending failed with %v", err)
				}
				c.conn.Close()
				<-ended
			})
		}
	}
}

// A talking client gets its end also over a connection that the listener has wrapped. One
// of them is TLS, of which net/http then knows nothing.
func TestEndOfTalkingClientWrapped(t *testing.T) {
	t.Parallel()
	certified := httptest.NewUnstartedServer(nil)
	certified.StartTLS()
	t.Cleanup(certified.Close)
	config := &tls.Config{Certificates: certified.TLS.Certificates, RootCAs: certified.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"}
	for name, c := range map[string]struct {
		secure bool
		wrap   func(net.Conn) net.Conn
	}{
		"TCP":                    {false, func(c net.Conn) net.Conn { return &ownConn{c.(*net.TCPConn), func([]byte) {}} }},
		"TCP that has no halves": {false, func(c net.Conn) net.Conn { return servertest.TapConn(c, func([]byte) {}) }},
		"TLS":                    {true, func(c net.Conn) net.Conn { return servertest.TapConn(tls.Server(c, config), func([]byte) {}) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, o := newDetachedServer(t)
			ts := servertest.Serve(t, srv, func(ts *httptest.Server) { ts.Listener = servertest.WrapConns(ts.Listener, c.wrap) })
			servertest.Publish(t, srv, "s", "")
			conn := dialSmall(t, ts)
			if c.secure {
				conn = tls.Client(conn, config)
			}
			client := talkOver(t, conn, strings.Repeat("\r\n", 50_000))
			s := servertest.Receive(t, o.Streams)
			events := large(t, srv)
			s.WaitDelivered(t, events)
			servertest.DeleteSession(t, srv, "s")
			servertest.Receive(t, s.Ends)
			client.wantAll(t, events)
			if err := servertest.Receive(t, client.sent); err != nil {
				t.Errorf("sending failed with %v", err)
			}
		})
	}
}

// A client that never stops sending loses its connection.
func TestEndOfClientThatSendsForEver(t *testing.T) {
	t.Parallel()
	srv, o := newDetachedServer(t, server.WithTiming(server.Timing{WriteTimeout: time.Hour}))
	ts := servertest.Serve(t, srv)
	servertest.Publish(t, srv, "s", "")
	c := talk(t, ts, "")
	if err := servertest.Receive(t, c.sent); err != nil { // of the empty text that talk sends
		t.Fatal(err)
	}
	go func() {
		for {
			if _, err := c.conn.Write(make([]byte, 64<<10)); err != nil {
				c.sent <- err
				return
			}
		}
	}()
	servertest.DeleteSession(t, srv, "s")
	servertest.Receive(t, o.Streams).WantEnd(t, server.EndSessionDeleted)
	if err := servertest.Receive(t, c.sent); isTimeout(err) {
		t.Errorf("it sent all the time, until %v", err)
	}
}
