package server

import (
	"bufio"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"

	"github.com/mixstream/mixstream/server/internal/transport"
)

// hijacked is the writer of a response whose connection is conn.
type hijacked struct {
	*httptest.ResponseRecorder
	conn net.Conn
}

func (h hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) { return h.conn, nil, nil }

// closeHook is a connection that says when it is closed.
type closeHook struct {
	net.Conn
	closes func()
}

func (c closeHook) Close() error {
	c.closes()
	return c.Conn.Close()
}

// detachedSocket returns the socket of a stream. It calls closes when its connection closes.
func detachedSocket(t *testing.T, o *opened, closes func()) *transport.Socket {
	t.Helper()
	conn, client := net.Pipe()
	t.Cleanup(func() { client.Close() })
	response, err := transport.NewResponse(hijacked{httptest.NewRecorder(), closeHook{conn, closes}}, httptest.NewRequest(http.MethodGet, "/", nil), &o.srv.engine.transport, func() {})
	if err != nil {
		t.Fatal(err)
	}
	socket, err := response.Detach()
	if err != nil {
		t.Fatal(err)
	}
	return socket
}

// raw returns a socket that can be watched.
func raw(t *testing.T) syscall.RawConn {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	raw, err := l.(*net.TCPListener).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// The pool forgets a socket before the server closes it: the next connection may get the
// descriptor at once.
func TestForgottenBeforeItIsClosed(t *testing.T) {
	for name, test := range map[string]func(*opened, *transport.Socket){
		"stream": func(o *opened, socket *transport.Socket) {
			o.srv.engine.pool.Watch(&o.task, raw(t))
			o.part(socket)
		},
		"parting": func(o *opened, socket *transport.Socket) {
			p := &parting{server: o.server, socket: socket}
			p.task.Init(o.srv.engine.pool, p)
			o.srv.engine.streams.replace(o.openStream, p)
			o.srv.engine.pool.Await(&p.task, raw(t))
			p.Finish()
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := openOne(t)
			closed, watched := 0, 0
			test(o, detachedSocket(t, o, func() {
				closed++
				watched = o.srv.Watched()
			}))
			if closed != 1 || watched != 0 {
				t.Errorf("closed %d times, while %d sockets are watched", closed, watched)
			}
		})
	}
}

// A stream that ends while the server shuts down waits for its client only for a short time.
func TestPartingWhileDraining(t *testing.T) {
	for _, draining := range []bool{false, true} {
		o := openOne(t)
		o.srv.engine.streams.draining.Store(draining)
		o.part(detachedSocket(t, o, func() {
			for e := range o.srv.engine.streams.open {
				if p, ok := e.(*parting); !ok || p.hurries.Load() != draining {
					t.Errorf("draining: %t; open is %+v", draining, e)
				}
			}
		}))
	}
}
