package main

import (
	"bufio"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// acceptedBuffer returns the size of the send buffer of a connection that this process
// accepted on a port.
func acceptedBuffer(t *testing.T, port int) int {
	t.Helper()
	for fd := range 1000 {
		local, err := unix.Getsockname(fd)
		if err != nil {
			continue
		}
		if _, err := unix.Getpeername(fd); err != nil {
			continue // a listening socket
		}
		if in, ok := local.(*unix.SockaddrInet4); ok && in.Port == port {
			size, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF)
			if err != nil {
				t.Fatal(err)
			}
			return size
		}
	}
	t.Fatal("no connection")
	return 0
}

// The kernel reports twice the size that it was given. The connection of a detached stream
// keeps the size that it got when it was accepted.
func TestServeSendBuffer(t *testing.T) {
	for _, c := range []struct {
		args []string
		want int
	}{{nil, 2 * 64 << 10}, {[]string{"--send-buffer", "16384"}, 2 * 16384}} {
		p, base := serving(t, c.args...)
		u, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		port, err := strconv.Atoi(u.Port())
		if err != nil {
			t.Fatal(err)
		}
		res, _ := get(t, http.MethodGet, base+"/stream?sessionId=s1")
		fmt.Fprintln(p.stdin, worldLine)
		readUntil(t, bufio.NewReader(res.Body), "world") // the stream is detached by then
		if size := acceptedBuffer(t, port); size != c.want {
			t.Errorf("%v: the send buffer is %d, want %d", c.args, size, c.want)
		}
	}
}
