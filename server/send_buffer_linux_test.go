package server_test

import (
	"cmp"
	"context"
	"net"
	"net/http/httptest"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// sendBuffer returns the size of the kernel's send buffer. Linux reports twice the size
// that was set.
func sendBuffer(t *testing.T, c net.Conn) int {
	t.Helper()
	return servertest.OfSocket(t, c.(syscall.Conn), func(fd int) (int, error) { return unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF) })
}

func TestDetachedSendBuffer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ option, want int }{
		{0, 2 * 64 << 10},
		{16 << 10, 2 * 16 << 10},
		{server.Unlimited, 0}, // unchanged
	} {
		t.Run(strconv.Itoa(test.option), func(t *testing.T) {
			srv, err := mix.NewServer(server.WithDetachedStreams(), server.WithLimits(server.Limits{SendBuffer: test.option}))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { servertest.ShutNow(srv) })
			conns, sizes := make(chan net.Conn, 1), make(chan int, 1)
			ts := servertest.Serve(t, srv, func(ts *httptest.Server) {
				ts.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
					conns <- c
					sizes <- sendBuffer(t, c)
					return ctx
				}
			})
			servertest.Publish(t, srv, "s", "")
			_, r := servertest.Dial(t, ts, "s")
			id := servertest.Publish(t, srv, "s", "") // a stream that is detached writes this one
			r.WantContents(id)
			before := servertest.Receive(t, sizes)
			if got, want := sendBuffer(t, servertest.Receive(t, conns)), cmp.Or(test.want, before); got != want {
				t.Errorf("got %d, want %d; it was %d", got, want, before)
			}
		})
	}
}

// The kernel gives up a reader that has stopped reading, even if no write waits for it.
func TestStoppedDetachedReaderIsDropped(t *testing.T) {
	t.Parallel()
	srv, o := newDetachedServer(t, server.WithLimits(server.Limits{SendBuffer: 4 << 20}), server.WithTiming(server.Timing{WriteTimeout: 100 * time.Millisecond}))
	ts := servertest.Serve(t, srv)
	servertest.Publish(t, srv, "s", "")
	servertest.NeverRead(t, ts, "s")
	s := servertest.Receive(t, o.Streams)
	for range 20 { // more than the receive buffer takes
		servertest.Publish(t, srv, "s", strings.Repeat("x", 8<<10))
	}
	s.WaitDelivered(t, 20) // into the send buffer
	s.WantEnd(t, server.EndClientLeft)
}
