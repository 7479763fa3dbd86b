package server_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/sse"
)

// talker is a client that sends something while it reads a stream, and has little room for
// what it has not read.
type talker struct {
	conn net.Conn
	dec  *sse.Decoder
	sent chan error
}

// talk opens a stream of the session s, and begins to send.
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

// talkOver is talk over a connection.
func talkOver(t *testing.T, conn net.Conn, sends string) *talker {
	t.Helper()
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(conn, "GET /stream?sessionId=s HTTP/1.1\r\nHost: x\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &talker{conn: conn, dec: sse.NewDecoder(res.Body), sent: make(chan error, 1)}
	if _, err := read(c.dec); err != nil {
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
		e, err := read(c.dec)
		switch {
		case err == nil && e.name == "content":
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

// large publishes what does not fit into the buffers of a talker.
func large(t *testing.T, srv *mix.Server) (events int) {
	for range 20 {
		publish(t, srv, "s", strings.Repeat("x", 2000))
	}
	return 20
}

// What a client sends does not cost it the end of its stream, however the server ends it.
func TestEndOfTalkingClient(t *testing.T) {
	for input, sends := range map[string]string{
		"line end":  "\r\n",
		"request":   "GET /stream?sessionId=s HTTP/1.1\r\nHost: x\r\n\r\n",
		"garbage":   strings.Repeat("\x00garbage", 10_000),
		"megabytes": strings.Repeat("\x00garbage", 1<<18),
	} {
		for _, name := range []string{"deleted", "drained", "aged", "revoked"} {
			t.Run(input+", "+name, func(t *testing.T) {
				t.Parallel()
				how, option := serverEnds[name], server.WithMaxConnectionAge(2*time.Second)
				var v verdict
				switch name {
				case "revoked":
					option = server.WithReauthorization(50 * time.Millisecond)
					how.end = func(*testing.T, *mix.Server) { v.set(server.ErrForbidden) }
				case "deleted", "drained":
					option = how.option
				}
				srv, o := newDetachedServer(t, server.WithAuthorizer(v.authorize), option)
				ts := serve(t, srv)
				publish(t, srv, "s", "")
				c := talk(t, ts, sends)
				s := receive(t, o.streams)
				events := large(t, srv)
				s.delivered(t, events)
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					how.end(t, srv)
				}()
				receive(t, s.ends)
				c.wantAll(t, events)
				if _, err := io.Copy(io.Discard, c.conn); err != nil {
					t.Errorf("the connection ended with %v", err)
				}
				if err := receive(t, c.sent); err != nil {
					t.Errorf("sending failed with %v", err)
				}
				c.conn.Close()
				<-ended
			})
		}
	}
}

// So it is on a connection that the listener has wrapped, be it one of TLS, which net/http
// then does not see.
func TestEndOfTalkingClientWrapped(t *testing.T) {
	certified := httptest.NewUnstartedServer(nil)
	certified.StartTLS()
	t.Cleanup(certified.Close)
	config := &tls.Config{Certificates: certified.TLS.Certificates, RootCAs: certified.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"}
	for name, c := range map[string]struct {
		secure bool
		wrap   func(net.Conn) net.Conn
	}{
		"TCP":                    {false, func(c net.Conn) net.Conn { return &ownConn{c.(*net.TCPConn), func([]byte) {}} }},
		"TCP that has no halves": {false, func(c net.Conn) net.Conn { return &tapConn{c, func([]byte) {}} }},
		"TLS":                    {true, func(c net.Conn) net.Conn { return &tapConn{tls.Server(c, config), func([]byte) {}} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, o := newDetachedServer(t)
			ts := serve(t, srv, func(ts *httptest.Server) { ts.Listener = wrapListener{ts.Listener, c.wrap} })
			publish(t, srv, "s", "")
			conn := dialSmall(t, ts)
			if c.secure {
				conn = tls.Client(conn, config)
			}
			client := talkOver(t, conn, strings.Repeat("\r\n", 50_000))
			s := receive(t, o.streams)
			events := large(t, srv)
			s.delivered(t, events)
			remove(t, srv, "s")
			receive(t, s.ends)
			client.wantAll(t, events)
			if err := receive(t, client.sent); err != nil {
				t.Errorf("sending failed with %v", err)
			}
		})
	}
}

// A client that sends for ever does not keep its connection for ever.
func TestEndOfClientThatSendsForEver(t *testing.T) {
	srv, o := newDetachedServer(t, server.WithWriteTimeout(time.Hour))
	ts := serve(t, srv)
	publish(t, srv, "s", "")
	c := talk(t, ts, "")
	go func() {
		for {
			if _, err := c.conn.Write(make([]byte, 64<<10)); err != nil {
				c.sent <- err
				return
			}
		}
	}()
	remove(t, srv, "s")
	receive(t, o.streams).wantEnd(t, server.EndSessionDeleted)
	if err := receive(t, c.sent); err != nil { // there was nothing to send
		t.Fatal(err)
	}
	if err := receive(t, c.sent); isTimeout(err) {
		t.Errorf("it sent all the time, until %v", err)
	}
}

// A client that never closes its side does not hold up a shutdown that has ended its stream.
func TestShutdownOfClientThatStays(t *testing.T) {
	for name, wrap := range map[string]func(net.Conn) net.Conn{
		"TCP":     func(c net.Conn) net.Conn { return c },
		"wrapped": func(c net.Conn) net.Conn { return &tapConn{c, func([]byte) {}} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, _ := newDetachedServer(t, server.WithWriteTimeout(time.Hour))
			ts := serve(t, srv, func(ts *httptest.Server) { ts.Listener = wrapListener{ts.Listener, wrap} })
			publish(t, srv, "s", "")
			talk(t, ts, "\r\n")
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if err := srv.Shutdown(ctx); err != nil {
				t.Error(err)
			}
		})
	}
}
