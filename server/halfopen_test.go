package server_test

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

	"github.com/mixstream/mixstream/server"
)

// halfOpenEnv tells the test binary to be the client of TestHalfOpenConnections: an
// address and a number.
const halfOpenEnv = "MIXSTREAM_TEST_HALF_OPEN"

// Connections that send a part of a request, or nothing, take a bounded amount of
// memory and end by http.Server.ReadHeaderTimeout; streams and requests go on beside
// them.
func TestHalfOpenConnections(t *testing.T) {
	connections := atScale(300, 10_000)
	const perConnection, slack = 32 << 10, 8 << 20 // bytes of the heap and the stacks
	srv := newServer(t)
	timeout := time.Duration(atScale(1, 5)) * time.Second
	var accepted atomic.Int64
	ts := serve(t, srv, func(ts *httptest.Server) {
		ts.Config.ReadHeaderTimeout = timeout
		ts.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				accepted.Add(1)
			}
		}
	})
	publish(t, srv, "s", "")
	healthy := open(t, ts, "s")
	healthy.next()
	memory, goroutines := inUse(), runtime.NumGoroutine()

	opened, allOver := halfOpen(t, ts, connections)
	receive(t, opened)
	until(t, "all are accepted", func() bool { return accepted.Load() >= int64(connections) })
	grown := inUse() - memory // while they are open, if the machine is fast enough
	t.Logf("%d connections take %d bytes", connections, grown)
	if most := int64(connections)*perConnection + slack; grown > most {
		t.Errorf("%d connections take %d bytes, want %d at most", connections, grown, most)
	}
	for range 20 {
		healthy.wantContents(publish(t, srv, "s", "meanwhile"))
		r := open(t, ts, "s")
		r.next()
		r.close()
	}
	select {
	case err := <-allOver: // the other side has seen the end of each
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(timeout + patience):
		t.Fatal("some connections are still open")
	}
	ts.Client().CloseIdleConnections()
	until(t, "the goroutines of the connections have ended", func() bool { return runtime.NumGoroutine() <= goroutines+10 })
	until(t, "the memory of the connections is free", func() bool { return inUse() < memory+slack })
	healthy.wantContents(publish(t, srv, "s", "afterwards"))
}

// halfOpen has another process open the connections, for the limit of files that
// one may open. The first channel gets a token when they are open, the second one
// the end of that process, which comes when all have been closed.
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
	deadline := time.Now().Add(2 * patience)
	for i, conn := range conns {
		_ = conn.SetReadDeadline(deadline)
		// The end, or a reset; a stream would go on.
		_, err := io.Copy(io.Discard, conn)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("connection %d, which has sent %q, is still open", i, parts[i%len(parts)])
		}
	}
}

// A request whose header comes a byte at a time is cut off, unless it is complete
// in time.
func TestSlowHeader(t *testing.T) {
	srv := newServer(t, server.WithHeartbeat(100*time.Millisecond))
	publish(t, srv, "s", "")
	ts := serve(t, srv, func(ts *httptest.Server) { ts.Config.ReadHeaderTimeout = time.Second })
	header := "GET /stream?sessionId=s HTTP/1.1\r\nHost: x\r\n\r\n"
	status := func(bytes int, pause time.Duration) string {
		conn, err := net.Dial("tcp", ts.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(patience))
		tick := time.NewTicker(pause)
		defer tick.Stop()
		for i := 0; i < len(header); i += bytes {
			<-tick.C
			if _, err := io.WriteString(conn, header[i:min(i+bytes, len(header))]); err != nil {
				return ""
			}
		}
		line, _ := bufio.NewReader(conn).ReadString('\n')
		return line
	}
	if got := status(1, 50*time.Millisecond); got != "" && got != "HTTP/1.1 408 Request Timeout\r\n" {
		t.Errorf("a byte at a time: %q", got)
	}
	if got := status(20, time.Millisecond); got != "HTTP/1.1 200 OK\r\n" {
		t.Errorf("20 bytes at a time: %q", got)
	}
	until(t, "both are gone", func() bool { return srv.Readers("s") == 0 })
}
