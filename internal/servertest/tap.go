package servertest

import (
	"bytes"
	"net"
	"net/http"
	"strconv"
)

// TapWriter is a middleware that calls f with each write of the handler in it.
func TapWriter(h http.Handler, f func([]byte)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(&writer{ResponseWriter: w, f: f}, r)
	})
}

type writer struct {
	http.ResponseWriter
	f func([]byte)
}

func (w *writer) Write(p []byte) (int, error) {
	w.f(p)
	return w.ResponseWriter.Write(p)
}

func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WrapConns returns a listener whose connections are wrapped.
func WrapConns(l net.Listener, wrap func(net.Conn) net.Conn) net.Listener {
	return wrapListener{l, wrap}
}

type wrapListener struct {
	net.Listener
	wrap func(net.Conn) net.Conn
}

func (l wrapListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.wrap(c), nil
}

// TapConn returns a connection that calls f with each chunk that is written to it.
func TapConn(c net.Conn, f func([]byte)) net.Conn { return &tapConn{c, f} }

type tapConn struct {
	net.Conn
	f func([]byte)
}

// Write gets one chunk at a time: net/http writes the first one, which is small, with the
// header of the answer, and the detached stream writes the others.
func (c *tapConn) Write(p []byte) (int, error) {
	chunk := p
	if bytes.HasPrefix(p, []byte("HTTP/")) {
		_, chunk, _ = bytes.Cut(p, []byte("\r\n\r\n"))
	}
	head, rest, _ := bytes.Cut(chunk, []byte("\r\n"))
	payload, ended := bytes.CutSuffix(rest, []byte("\r\n"))
	if size, err := strconv.ParseInt(string(head), 16, 32); err == nil && size > 0 && ended && int(size) == len(payload) {
		c.f(payload)
	}
	return c.Conn.Write(p)
}
