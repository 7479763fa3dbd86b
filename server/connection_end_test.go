package server_test

import (
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
	const timeout = 400 * time.Millisecond // long enough for the last chunk on a busy machine
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
				for err := error(nil); err == nil; {
					if _, err = servertest.ReadEvent(r.Decoder); err != nil && !errors.Is(err, io.EOF) {
						t.Fatalf("the stream ended with %v", err)
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

// talkOver opens a stream of the session s and begins to send.
func talkOver(t *testing.T, conn net.Conn, sends string) (*servertest.Reader, <-chan error) {
	t.Helper()
	r, sent := servertest.Ask(t, conn, "HTTP/1.1", "s"), make(chan error, 1)
	go func() {
		_, err := io.WriteString(conn, sends)
		sent <- err
	}()
	return r, sent
}

// talk is talkOver a connection with a small receive buffer.
func talk(t *testing.T, ts *httptest.Server, sends string) {
	t.Helper()
	talkOver(t, dialSmall(t, ts), sends)
}

// A client that sends something still gets the end of its stream, however the server ends it, and
// also over a connection that the listener has wrapped. One of them is TLS, of which net/http then
// knows nothing.
func TestEndOfTalkingClient(t *testing.T) {
	t.Parallel()
	certified := httptest.NewUnstartedServer(nil)
	certified.StartTLS()
	t.Cleanup(certified.Close)
	config := &tls.Config{Certificates: certified.TLS.Certificates, RootCAs: certified.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"}
	plain := func(c net.Conn) net.Conn { return c }
	const request = "GET /stream?sessionId=s HTTP/1.1\r\nHost: x\r\n\r\n"
	garbage := strings.Repeat("\x00garbage", 10_000)
	for name, c := range map[string]struct {
		sends, end string
		wrap       func(net.Conn) net.Conn
	}{
		"line end":               {"\r\n", "deleted", plain},
		"request":                {request, "deleted", plain},
		"garbage":                {garbage, "deleted", plain},
		"megabytes":              {strings.Repeat(garbage, 26), "deleted", plain},
		"request, drained":       {request, "drained", plain},
		"garbage, drained":       {garbage, "drained", plain},
		"garbage, aged":          {garbage, "aged", plain},
		"garbage, revoked":       {garbage, "revoked", plain},
		"wrapped TCP":            {garbage, "deleted", func(c net.Conn) net.Conn { return &ownConn{c.(*net.TCPConn), func([]byte) {}} }},
		"TCP that has no halves": {garbage, "deleted", func(c net.Conn) net.Conn { return servertest.TapConn(c, func([]byte) {}) }},
		"TLS":                    {garbage, "deleted", func(c net.Conn) net.Conn { return servertest.TapConn(tls.Server(c, config), func([]byte) {}) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var v servertest.Verdict
			how := serverEnds[c.end]
			switch c.end {
			case "aged":
				how.option = server.WithTiming(server.Timing{MaxConnectionAge: 2 * time.Second})
			case "revoked":
				how.option = server.WithTiming(server.Timing{Reauthorization: 50 * time.Millisecond})
				how.end = func(*testing.T, *mix.Server) { v.Set(server.ErrForbidden) }
			}
			srv, o := newDetachedServer(t, server.WithAuthorizer(v.Authorize), how.option)
			ts := servertest.Serve(t, srv, func(ts *httptest.Server) { ts.Listener = servertest.WrapConns(ts.Listener, c.wrap) })
			servertest.Publish(t, srv, "s", "")
			conn := dialSmall(t, ts)
			if name == "TLS" {
				conn = tls.Client(conn, config)
			}
			client, sent := talkOver(t, conn, c.sends)
			s := servertest.Receive(t, o.Streams)
			const events = 20 // more than the receive buffer takes
			for range events {
				servertest.Publish(t, srv, "s", strings.Repeat("x", 2000))
			}
			s.WaitDelivered(t, events)
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				how.end(t, srv)
			}()
			servertest.Receive(t, s.Ends)
			ids, err := servertest.ReadContents(client, events)
			for err == nil {
				_, err = servertest.ReadEvent(client.Decoder)
			}
			if !errors.Is(err, io.EOF) {
				t.Errorf("%d of %d events, and then %v", len(ids), events, err)
			}
			if _, err := io.Copy(io.Discard, conn); err != nil {
				t.Errorf("the connection ended with %v", err)
			}
			if err := servertest.Receive(t, sent); err != nil {
				t.Errorf("sending failed with %v", err)
			}
			conn.Close()
			<-ended
		})
	}
}
