package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

func TestWireBytes(t *testing.T) { servertest.BothModes(t, testWireBytes) }

func testWireBytes(t *testing.T, mode servertest.Mode) {
	srv, ts := mode.Start(t)
	first := servertest.Publish(t, srv, "s", "one")
	r := servertest.Open(t, ts, "s")
	second := servertest.Publish(t, srv, "s", "two")
	end, err := srv.DeleteSession(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Response.Body)
	if err != nil {
		t.Fatal(err)
	}
	want := "event: connected\nretry: 2000\ndata: {\"sessionId\":\"s\"}\nid: " + first + "\n\n" +
		"event: content\ndata: {\"content\":\"two\",\"type\":\"content\"}\nid: " + second + "\n\n" +
		"event: session_deleted\ndata: {\"sessionId\":\"s\",\"type\":\"session_deleted\"}\nid: " + end + "\n\n"
	if string(body) != want {
		t.Errorf("got\n%s\nwant\n%s", body, want)
	}
	for name, value := range map[string]string{
		"Content-Type":      "text/event-stream",
		"Cache-Control":     "no-cache",
		"X-Accel-Buffering": "no",
	} {
		if got := r.Response.Header.Values(name); len(got) != 1 || got[0] != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
}

// The header is out before the first event.
func TestWireRawHTTP(t *testing.T) { servertest.BothModes(t, testWireRawHTTP) }

func testWireRawHTTP(t *testing.T, mode servertest.Mode) {
	srv, ts := mode.Start(t)
	servertest.Publish(t, srv, "s", "one")
	conn, err := net.Dial("tcp", ts.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(servertest.Patience))
	fmt.Fprintf(conn, "GET /stream?sessionId=s HTTP/1.1\r\nHost: x\r\n\r\n")
	lines := bufio.NewReader(conn)
	status, err := lines.ReadString('\n')
	if err != nil || status != "HTTP/1.1 200 OK\r\n" {
		t.Fatalf("got %q, %v", status, err)
	}
	for line := status; !strings.HasPrefix(line, "id: "); {
		if line, err = lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
}

// Every write holds whole events, each with its id as the last line, and never only a
// comment or a retry.
func TestWireWholeEvents(t *testing.T) { servertest.BothModes(t, testWireWholeEvents) }

func testWireWholeEvents(t *testing.T, mode servertest.Mode) {
	srv := mode.NewServer(t, server.WithTiming(server.Timing{Heartbeat: 20 * time.Millisecond}), servertest.SmallLog(5))
	seen := make(chan string, 1000)
	ts := servertest.Serve(t, srv, mode.Tap(func(p []byte) { seen <- string(p) }))
	servertest.PublishN(t, srv, "s", 20)
	r := servertest.Open(t, ts, "s", "nonsense")
	for beats := 0; beats < 3; {
		if r.Next().Name == "heartbeat" {
			beats++
		}
	}
	servertest.Publish(t, srv, "s", "last")
	for r.Next().Name != "content" {
	}
	r.Close()
	servertest.ShutNow(srv)
	closeAll(t, ts, srv)
	close(seen)
	for write := range seen {
		blocks, ok := strings.CutSuffix(write, "\n\n")
		if !ok {
			t.Fatalf("a write ends within an event: %q", write)
		}
		for block := range strings.SplitSeq(blocks, "\n\n") {
			lines := strings.Split(block, "\n")
			if !strings.HasPrefix(lines[0], "event: ") || !strings.HasPrefix(lines[len(lines)-1], "id: ") {
				t.Errorf("block %q", block)
			}
		}
	}
}

// Pending events go out together, in writes of at most 64 KiB.
func TestWireBatches(t *testing.T) { servertest.BothModes(t, testWireBatches) }

func testWireBatches(t *testing.T, mode servertest.Mode) {
	srv := mode.NewServer(t)
	const limit = 64 << 10
	sizes := make(chan int, 1000)
	ts := servertest.Serve(t, srv, mode.Tap(func(p []byte) { sizes <- len(p) }))
	first := servertest.Publish(t, srv, "s", "first")
	text := strings.Repeat("x", 1000)
	var last string
	for range 300 {
		last = servertest.Publish(t, srv, "s", text)
	}
	large := servertest.Publish(t, srv, "s", strings.Repeat("y", 2*limit))
	r := servertest.Open(t, ts, "s", first)
	for r.Next().ID != last {
	}
	r.Want("content", large)
	r.Close()
	servertest.ShutNow(srv)
	closeAll(t, ts, srv)
	close(sizes)
	n, over := 0, 0
	for size := range sizes {
		if n++; size > limit {
			over++
		}
	}
	if over != 1 || n > 10 {
		t.Errorf("%d writes, %d of them over the limit", n, over)
	}
}
