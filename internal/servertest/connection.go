package servertest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"
)

// SmallBuffers gives connections a small send buffer, so that the server notices soon when
// a reader stops.
func SmallBuffers(ts *httptest.Server) {
	ts.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetWriteBuffer(4 << 10)
		}
		return ctx
	}
}

// NeverRead opens a stream on a connection of its own, with a small receive buffer, and
// reads nothing of it.
func NeverRead(t testing.TB, ts *httptest.Server, session string) net.Conn {
	t.Helper()
	conn := Must(net.Dial("tcp", ts.Listener.Addr().String()))(t)
	t.Cleanup(func() { conn.Close() })
	_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	fmt.Fprintf(conn, "GET /stream?sessionId=%s HTTP/1.1\r\nHost: x\r\n\r\n", session)
	return conn
}

// Dial opens a stream on a connection of its own and reads its first event.
func Dial(t testing.TB, ts *httptest.Server, session string) (net.Conn, *Reader) {
	t.Helper()
	conn := Must(net.Dial("tcp", ts.Listener.Addr().String()))(t)
	return conn, Ask(t, conn, "HTTP/1.1", session)
}

// Ask opens a stream on a connection and reads its first event. The version is that of the
// request, such as HTTP/1.1.
func Ask(t testing.TB, conn net.Conn, version, session string) *Reader {
	t.Helper()
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(Patience))
	fmt.Fprintf(conn, "GET /stream?sessionId=%s %s\r\nHost: x\r\n\r\n", session, version)
	res := Must(http.ReadResponse(bufio.NewReader(conn), nil))(t)
	r := NewReader(t, res, res.Body)
	r.Next()
	return r
}

// OfSocket returns what get returns for the file descriptor of a connection.
func OfSocket(t testing.TB, c syscall.Conn, get func(fd int) (int, error)) (n int) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Error(err)
		return 0
	}
	var failed error
	err = raw.Control(func(fd uintptr) { n, failed = get(int(fd)) })
	if err := errors.Join(err, failed); err != nil {
		t.Error(err)
	}
	return n
}
