package client_test

import (
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
)

func init() {
	blockedStates = append(blockedStates, blocked{"dialling", true, false, true, full})
}

// full is a listener whose queue is full and that accepts nothing, so the system leaves
// another connection without an answer. Only Linux can change the length of the queue, and
// then keeps to it.
func full(t *testing.T, _, _ chan<- struct{}) (string, []client.Option) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	raw, err := listener.(*net.TCPListener).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) { err = syscall.Listen(int(fd), 0) }); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		conn, err := net.DialTimeout("tcp", listener.Addr().String(), 100*time.Millisecond)
		if err != nil {
			return "http://" + listener.Addr().String(), []client.Option{client.WithRetryPolicy(fast)}
		}
		t.Cleanup(func() { conn.Close() })
	}
	t.Skip("the queue of a listener cannot be filled here")
	return "", nil
}
