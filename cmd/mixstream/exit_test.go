package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

func TestExitStatus(t *testing.T) {
	_, url := serving(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, c := range []struct {
		want int
		args []string
	}{
		{exitSuccess, []string{"publish", url, "s1", "complete", `{"type":"complete","done":true}`}},
		{exitSuccess, []string{"tail", url, "s1", "--last-event-id", "0", "--until-complete"}},
		{exitSuccess, []string{"help"}},
		{exitFailure, []string{"publish", url, "s1", "content", `{"type":"nothing"}`}},
		{exitFailure, []string{"serve", "--listen", taken.Addr().String()}},
		{exitUsage, []string{"nonsense"}},
		{exitUsage, []string{"serve", "--nonsense"}},
		{exitUsage, []string{"serve", "argument"}},
		{exitUsage, []string{"serve", "--listen", "nowhere"}},
		{exitUsage, []string{"serve", "--tls-cert", "only.pem"}},
		{exitUsage, []string{"serve", "--log", "nats://127.0.0.1:1", "--log-replicas", "9"}},
		{exitUsage, []string{"serve", "--log", "nats://127.0.0.1:1", "--log-sync", "1s"}},
		{exitUsage, []string{"serve", "--log", "nats://127.0.0.1:1", "--log-stream", "a b"}},
		{exitUsage, []string{"serve", "--log-replicas", "3"}},
		{exitUsage, []string{"copy", "--from", "file:x"}},
		{exitUsage, []string{"publish", url, "s1", "content", `{`}},
		{exitUsage, []string{"tail", "127.0.0.1:1", "s"}},
		{exitGap, []string{"tail", url, "s1", "--last-event-id", "17"}},
	} {
		if status, _, stderr := execute(t, "", c.args...); status != c.want {
			t.Errorf("%q: status %d, want %d: %s", c.args, status, c.want, stderr)
		}
	}
}

func TestExitStatusInterrupted(t *testing.T) {
	_, url := serving(t)
	p := start(t, "publish", url, "s1")
	io.WriteString(p.stdin, completeEvent+"\n")
	if status, _, stderr := execute(t, "", "tail", url, "s1", "--last-event-id", "0", "--until-complete"); status != exitSuccess {
		t.Errorf("status %d: %s", status, stderr) // from here on, publish waits for its input
	}
	p.stop()
	if status := <-p.status; status != exitInterrupted {
		t.Errorf("publish: status %d", status)
	}
	q := start(t, "tail", url, "s1", "--last-event-id", "0")
	q.stop()
	if status := <-q.status; status != exitInterrupted {
		t.Errorf("tail: status %d", status)
	}
	r := start(t, "demo")
	r.stop()
	if status := <-r.status; status != exitInterrupted {
		t.Errorf("demo: status %d", status)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	from, to := "file:"+t.TempDir(), "file:"+t.TempDir()
	if status := run(ctx, []string{"copy", "--from", from, "--log", to}, strings.NewReader(""), io.Discard, io.Discard); status != exitInterrupted {
		t.Errorf("copy: status %d", status)
	}
}

// A shutdown that is not orderly, because a reader stopped reading, is a failure.
func TestExitStatusShutdown(t *testing.T) {
	large := fmt.Sprintf(`{"event":"content","data":{"type":"content","content":%q}}`+"\n", strings.Repeat("x", 64<<10))
	for _, c := range []struct {
		timeout string
		events  int // not read by the reader
		want    int
	}{{"15s", 1, exitSuccess}, {"1ms", 64, exitFailure}} {
		p, url := serving(t, "--shutdown-timeout", c.timeout)
		reader := stuckReader(t, url)
		if status, _, stderr := execute(t, strings.Repeat(large, c.events), "publish", url, "s1"); status != exitSuccess {
			t.Fatalf("status %d: %s", status, stderr)
		}
		p.stop()
		if status := <-p.status; status != c.want {
			t.Errorf("%s: status %d, want %d", c.timeout, status, c.want)
		}
		reader.Close()
	}
}

// A body that does not arrive delays no shutdown, whatever its path.
func TestShutdownWithoutBody(t *testing.T) {
	p, url := serving(t, "--shutdown-timeout", "15s")
	for _, request := range []string{"GET /healthz", "GET /stream?sessionId=s1", "POST /readyz", "POST /stream?sessionId=s1", "GET /"} {
		c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		fmt.Fprintf(c, "%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n", request)
	}
	execute(t, "", "publish", url, "s1", "content", `{"type":"content","content":"x"}`) // all of these have arrived
	p.stop()
	if status := <-p.status; status != exitSuccess {
		t.Errorf("status %d", status)
	}
}

// stuckReader opens a stream, and reads only its beginning.
func stuckReader(t *testing.T, url string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil { // the kernel then does not enlarge it
		t.Fatal(err)
	}
	fmt.Fprint(c, "GET /stream?sessionId=s1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if _, err := io.ReadFull(c, make([]byte, len("HTTP/1.1 200 OK"))); err != nil {
		t.Fatal(err)
	}
	return c
}

// A signal ends the process in order.
func TestExitStatusSIGTERM(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no SIGTERM")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "serve", "--listen", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), mainVariable+"=1")
	stderr := newLines()
	cmd.Stderr = stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stderr.find(t, "listening on")
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	stderr.close()
	stderr.drain()
}

func TestExitStatusHelp(t *testing.T) {
	_, stdout, _ := execute(t, "", "--help")
	if !strings.Contains(stdout, exitHelp) {
		t.Errorf("got %s", stdout)
	}
}
