package transport_test

import (
	"crypto/tls"
	"net"
	"syscall"
	"testing"

	"github.com/mixstream/mixstream/server/internal/transport"
)

func option(t *testing.T, raw syscall.RawConn, level, name int) (value int) {
	t.Helper()
	if err := raw.Control(func(fd uintptr) {
		var err error
		if value, err = syscall.GetsockoptInt(int(fd), level, name); err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	return value
}

// A socket bounds what the kernel holds for it, and for how long.
func TestSocketOptions(t *testing.T) {
	const tcpUserTimeout = 0x12
	c := newConfig()
	c.SendBuffer = 64 << 10
	s, _, _ := dial(t, c)
	if n := option(t, s.Raw(), syscall.SOL_SOCKET, syscall.SO_SNDBUF); n != 2*c.SendBuffer { // Linux doubles it
		t.Errorf("a send buffer of %d bytes", n)
	}
	if ms := option(t, s.Raw(), syscall.IPPROTO_TCP, tcpUserTimeout); ms != int((2 * timeout).Milliseconds()) {
		t.Errorf("a user timeout of %d ms", ms)
	}
	c.SendBuffer = 0
	s, _, _ = dial(t, c)
	if n := option(t, s.Raw(), syscall.SOL_SOCKET, syscall.SO_SNDBUF); n == 128<<10 || n < 16<<10 {
		t.Errorf("a send buffer of %d bytes", n)
	}
}

func TestSetSendBuffer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	size := func() int { return option(t, raw, syscall.SOL_SOCKET, syscall.SO_SNDBUF) }
	before := size()
	for _, bytes := range []int{0, -1} {
		if transport.SetSendBuffer(conn, bytes); size() != before {
			t.Errorf("%d has set %d", bytes, size())
		}
	}
	transport.SetSendBuffer(tls.Client(conn, nil), 32<<10)
	if size() != 64<<10 {
		t.Errorf("below TLS: %d", size())
	}
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	transport.SetSendBuffer(a, 1) // has none
}
