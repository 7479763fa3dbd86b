package transport

import (
	"net"
	"net/http"
	"reflect"
	"syscall"
	"time"
)

// Detachable reports whether the connection of a request can be taken from net/http. w is
// the request's writer, without a wrapper of our own. The answer is no for HTTP/2 and TLS;
// for a request with a body, since the kernel resets a connection that is closed with unread
// data; and behind a middleware's writer, which must see what is written.
func Detachable(w http.ResponseWriter, r *http.Request) bool {
	if r.ProtoMajor != 1 || r.ProtoMinor != 1 || r.TLS != nil || r.ContentLength != 0 {
		return false
	}
	// A wrapper may have all methods of the writer of net/http, and no Unwrap.
	return reflect.TypeOf(w).String() == "*http.response"
}

// Detach takes the connection from net/http: whoever calls it owns the connection, and the
// handler may return. The response must be [Detachable], and its header must have been
// flushed. Nothing may be written to the Response any more. Abort may: it finds its way to
// the Socket, whether it comes before the connection is taken, meanwhile, or later.
func (r *Response) Detach() (*Socket, error) {
	conn, _, err := http.NewResponseController(r.w).Hijack() // clears all deadlines, even that of an abort
	if err != nil {
		return nil, err
	}
	s := newSocket(conn, r.config)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.socket = s; r.aborted {
		s.Abort()
	}
	return s, nil
}

func newSocket(conn net.Conn, config *Config) *Socket {
	SetSendBuffer(conn, config.SendBuffer)
	// The kernel gives a connection up without a reset, so a write's deadline comes first.
	setUserTimeout(conn, 2*config.WriteTimeout)
	s := &Socket{conn: conn, config: config}
	switch conn.(type) {
	case *net.TCPConn, *net.UnixConn: // but no type that embeds one to see what is written
		s.raw, _ = conn.(syscall.Conn).SyscallConn() // if it fails, every write must wait
	}
	return s
}

// setUserTimeout bounds how long written data may stay unacknowledged, where the
// system can do that.
func setUserTimeout(c net.Conn, d time.Duration) {
	if tcp, ok := c.(*net.TCPConn); ok {
		if raw, err := tcp.SyscallConn(); err == nil {
			_ = raw.Control(func(fd uintptr) { userTimeout(fd, d) }) // fails only if the connection is gone
		}
	}
}
