package server_test

import (
	"context"
	"crypto/tls"
	"net"
	"testing"

	"github.com/mixstream/mixstream/server"
)

// bufferedConn records the size of its send buffer.
type bufferedConn struct {
	net.Conn
	size int
}

func (c *bufferedConn) SetWriteBuffer(bytes int) error {
	c.size = bytes
	return net.ErrClosed // SendBuffer ignores it
}

// wrapped hides the methods of a connection.
type wrapped struct{ net.Conn }

func (w wrapped) NetConn() net.Conn { return w.Conn }

func TestSendBuffer(t *testing.T) {
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "value")
	for _, size := range []int{-1, 0, 4096} {
		for name, wrap := range map[string]func(net.Conn) net.Conn{
			"plain":   func(c net.Conn) net.Conn { return c },
			"TLS":     func(c net.Conn) net.Conn { return tls.Server(c, nil) },
			"wrapped": func(c net.Conn) net.Conn { return wrapped{tls.Server(wrapped{c}, nil)} },
		} {
			c := new(bufferedConn)
			if got := server.SendBuffer(size)(ctx, wrap(c)); got != ctx {
				t.Errorf("%s: another context", name)
			}
			if want := max(size, 0); c.size != want {
				t.Errorf("%s: set to %d, want %d", name, c.size, want)
			}
		}
	}
	// SendBuffer leaves a connection alone whose buffer cannot be set.
	one, two := net.Pipe()
	defer one.Close()
	defer two.Close()
	server.SendBuffer(4096)(ctx, one)
}
