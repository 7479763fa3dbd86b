package server_test

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
)

// tap has f called with each write of a stream, before it is out. In between is a
// ResponseWriter or, since nothing may be there for a stream to be detached, a
// connection.
func tap(f func([]byte)) func(*httptest.Server) {
	return func(ts *httptest.Server) {
		if detachedMode() {
			ts.Listener = wrapListener{ts.Listener, func(c net.Conn) net.Conn { return &tapConn{c, f} }}
		} else {
			ts.Config.Handler = writes(ts.Config.Handler, f)
		}
	}
}

// writes is a middleware that calls f with each write of the handler below it.
func writes(h http.Handler, f func([]byte)) http.Handler {
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

// wrapListener wraps the connections of a listener.
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

type tapConn struct {
	net.Conn
	f func([]byte)
}

// Write is given a chunk at a time: by net/http the first one, which is small, with the
// header of the answer, and by the detached stream the others.
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

// A test that sees what is written, or has a fake clock, is one of detached streams as
// well: net/http gives their connections away.
func TestTappedAndRecordedStreamsAreDetached(t *testing.T) {
	t.Run("tapped", func(t *testing.T) {
		srv := newServer(t)
		publish(t, srv, "s", "")
		written := make(chan string, 100)
		r := open(t, serve(t, srv, tap(func(p []byte) { written <- string(p) })), "s")
		if r.res.Close != detachedMode() {
			t.Errorf("Connection: close is %t", r.res.Close)
		}
		id := publish(t, srv, "s", "")
		r.want("connected", before(t, id), "content", id)
		for _, name := range []string{"connected", "content"} {
			if got := receive(t, written); !strings.HasPrefix(got, "event: "+name+"\n") {
				t.Errorf("saw %q, want %s", got, name)
			}
		}
	})
	t.Run("recorded", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := record(newServer(t, anySession()), "s", "")
			defer r.leave()
			if r.res.Close != detachedMode() {
				t.Errorf("Connection: close is %t", r.res.Close)
			}
		})
	})
}
