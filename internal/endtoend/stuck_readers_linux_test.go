package endtoend_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// sockets are the server's ends of the connections of a test.
type sockets struct {
	mu  sync.Mutex
	all []syscall.Conn
}

// noting returns a ConnContext that records the connection and then calls next.
func (s *sockets) noting(next func(context.Context, net.Conn) context.Context) func(context.Context, net.Conn) context.Context {
	return func(ctx context.Context, c net.Conn) context.Context {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.all = append(s.all, c.(syscall.Conn))
		return next(ctx, c)
	}
}

// queued returns how many bytes the kernel holds that the readers have not taken.
func (s *sockets) queued(t *testing.T) (sum int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.all {
		sum += servertest.OfSocket(t, c, func(fd int) (int, error) { return unix.IoctlGetInt(fd, unix.SIOCOUTQ) })
	}
	return sum
}

// kernelPages returns the memory of all TCP sockets of the machine, in pages.
func kernelPages(t *testing.T) (pages int) {
	t.Helper()
	stat, err := os.ReadFile("/proc/net/sockstat")
	if err != nil {
		t.Skip(err)
	}
	_, mem, _ := strings.Cut(string(stat), "TCP: ")
	_, mem, _ = strings.Cut(mem, " mem ")
	servertest.Must(fmt.Sscan(mem, &pages))(t)
	return pages
}

// stuck returns how many bytes the kernel holds for readers that never read, when the log
// has more for them than the kernel takes.
func stuck(t *testing.T, readers, backlog, size int) (queued int) {
	t.Helper()
	var all sockets
	srv := servertest.NewServer(t, server.WithTiming(server.Timing{WriteTimeout: time.Hour}))
	text := strings.Repeat("x", 8<<10)
	for range backlog / len(text) {
		servertest.Publish(t, srv, "s", text)
	}
	ts := servertest.Serve(t, srv, func(ts *httptest.Server) { ts.Config.ConnContext = all.noting(server.SendBuffer(size)) })
	pages := kernelPages(t)
	dialer := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		// The buffers of the readers do not count.
		return c.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 4<<10) })
	}}
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	for range readers {
		c := servertest.Must(dialer.DialContext(t.Context(), "tcp", ts.Listener.Addr().String()))(t)
		conns = append(conns, c)
		servertest.Must(io.WriteString(c, "GET /stream?sessionId=s HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 0\r\n\r\n"))(t)
	}
	// When all are stuck, nothing more goes into the kernel.
	deadline := time.Now().Add(2 * time.Minute)
	for still := 0; still < 5; {
		time.Sleep(200 * time.Millisecond)
		n := all.queued(t)
		if still++; n != queued || srv.Readers("s") < readers {
			still = 0
		}
		if queued = n; time.Now().After(deadline) {
			t.Fatal("the kernel does not come to rest")
		}
	}
	if len(all.all) != readers || srv.Readers("s") != readers {
		t.Fatalf("%d connections, %d readers", len(all.all), srv.Readers("s"))
	}
	t.Logf("%d stuck readers, send buffer %d: the kernel holds %d KiB of data for each; the memory of TCP grew by %d MiB",
		readers, size, queued/readers>>10, (kernelPages(t)-pages)*os.Getpagesize()>>20)
	return queued
}

func TestStuckReadersAndTheKernel(t *testing.T) {
	servertest.Slow(t)
	const readers, backlog, size = 2000, 256 << 10, 16 << 10
	stuck(t, 1, 12<<20, 0) // logs how much one reader can hold
	without := stuck(t, readers, backlog, 0)
	with := stuck(t, readers, backlog, size)
	if with > 2*size*readers {
		t.Errorf("%d bytes for each stuck reader, with a send buffer of %d", with/readers, size)
	}
	if with > without/2 {
		t.Errorf("%d bytes with a send buffer, %d without", with, without)
	}
}
