package endtoend_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
)

// halfOpenEnv makes the test binary the client of TestHalfOpenConnections. Its value is an
// address and a number.
const halfOpenEnv = "MIXSTREAM_TEST_HALF_OPEN"

// Connections that send a part of a request, or nothing, take a bounded amount of memory
// and end by http.Server.ReadHeaderTimeout. Streams and requests go on beside them.
func TestHalfOpenConnections(t *testing.T) { servertest.BothModesAlone(t, testHalfOpenConnections) }

func testHalfOpenConnections(t *testing.T, mode servertest.Mode) {
	connections := servertest.AtScale(300, 10_000)
	const perConnection, slack = 32 << 10, 8 << 20 // bytes of the heap and of the stacks
	srv := mode.NewServer(t)
	timeout := time.Duration(servertest.AtScale(1, 5)) * time.Second
	var accepted atomic.Int64
	ts := servertest.Serve(t, srv, func(ts *httptest.Server) {
		ts.Config.ReadHeaderTimeout = timeout
		ts.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				accepted.Add(1)
			}
		}
	})
	servertest.Publish(t, srv, "s", "")
	healthy := servertest.Open(t, ts, "s")
	healthy.Next()
	memory, goroutines := servertest.MemoryInUse(), runtime.NumGoroutine()

	opened, allOver := halfOpen(t, ts, connections)
	servertest.Receive(t, opened)
	servertest.Until(t, "all are accepted", func() bool { return accepted.Load() >= int64(connections) })
	grown := servertest.MemoryInUse() - memory // while they are open, if the machine is fast enough
	t.Logf("%d connections take %d bytes", connections, grown)
	if most := int64(connections)*perConnection + slack; grown > most {
		t.Errorf("%d connections take %d bytes, want %d at most", connections, grown, most)
	}
	for range 20 {
		healthy.WantContents(servertest.Publish(t, srv, "s", "meanwhile"))
		r := servertest.Open(t, ts, "s")
		r.Next()
		r.Close()
	}
	select {
	case err := <-allOver: // the other side has seen the end of each
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(timeout + servertest.Patience):
		t.Fatal("some connections are still open")
	}
	ts.Client().CloseIdleConnections()
	servertest.Until(t, "the goroutines of the connections have ended", func() bool { return runtime.NumGoroutine() <= goroutines+10 })
	servertest.Until(t, "the memory of the connections is free", func() bool { return servertest.MemoryInUse() < memory+slack })
	healthy.WantContents(servertest.Publish(t, srv, "s", "afterwards"))
}

// halfOpen opens connections from another process, because a process can open only so many
// files. The first channel gets a value when they are open. The second one gets the end of
// that process, which comes when all are closed.
func halfOpen(t *testing.T, ts *httptest.Server, n int) (opened <-chan struct{}, over <-chan error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), self, "-test.run=^TestHalfOpenClient$")
	child.Env = append(os.Environ(), halfOpenEnv+"="+ts.Listener.Addr().String()+" "+strconv.Itoa(n))
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	ready, done := make(chan struct{}, 1), make(chan error, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if lines.Text() == "opened" {
				ready <- struct{}{}
				continue
			}
			if lines.Text() != "PASS" {
				fmt.Fprintln(os.Stderr, "half-open:", lines.Text())
			}
		}
		done <- child.Wait()
	}()
	return ready, done
}

// TestHalfOpenClient is the other process.
func TestHalfOpenClient(t *testing.T) {
	var addr string
	var n int
	if _, err := fmt.Sscan(os.Getenv(halfOpenEnv), &addr, &n); err != nil {
		t.Skip("is run by TestHalfOpenConnections")
	}
	parts := []string{"", "G", "GET /stream?sessionId=s", "GET /stream?sessionId=s HTTP/1.1\r\n", "GET /stream?sessionId=s HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 1", "\r\n"}
	conns := make([]net.Conn, n)
	for i := range conns {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		_, _ = io.WriteString(conn, parts[i%len(parts)])
		conns[i] = conn
	}
	fmt.Println("opened")
	deadline := time.Now().Add(2 * servertest.Patience)
	for i, conn := range conns {
		_ = conn.SetReadDeadline(deadline)
		// The server must end or reset the connection; a stream would go on.
		_, err := io.Copy(io.Discard, conn)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("connection %d, which has sent %q, is still open", i, parts[i%len(parts)])
		}
	}
}
