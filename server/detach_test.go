package server_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// newDetachedServer returns a server with detached streams, which have their default send
// buffer, and its observer.
func newDetachedServer(t *testing.T, opts ...server.Option) (*mix.Server, *servertest.Observer) {
	o := servertest.NewObserver()
	srv := servertest.Detached.NewServer(t, append([]server.Option{server.WithLimits(server.Limits{SendBuffer: 64 << 10}), server.WithObserver(o)}, opts...)...)
	return srv, o
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

// A GET with an unread body gets its stream to the end, whether or not the body comes. The
// connection of a detached stream could be reset, because of what is unread.
func TestStreamOfRequestWithUnreadBody(t *testing.T) {
	servertest.BothModes(t, testStreamOfRequestWithUnreadBody)
}

func testStreamOfRequestWithUnreadBody(t *testing.T, mode servertest.Mode) {
	for _, body := range []string{"", "{}"} {
		srv, ts := mode.Start(t)
		servertest.Publish(t, srv, "s", "")
		conn, in := connect(t, ts)
		fmt.Fprintf(conn, "GET /stream?sessionId=s HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n%s", body)
		for line := ""; !strings.HasPrefix(line, "id: "); { // of the event connected
			var err error
			if line, err = in.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
		servertest.DeleteSession(t, srv, "s")
		if body != "" { // net/http still has the connection, reads the body, and answers another request
			fmt.Fprint(conn, "GET /stream?sessionId=none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		}
		rest, err := io.ReadAll(in)
		if err != nil || strings.Contains(string(rest), "404 Not Found") != (body != "") {
			t.Errorf("got %q, %v, want the end", rest, err)
		}
	}
}
