package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/server"
)

func TestWireBytes(t *testing.T) {
	srv := newServer(t)
	ts := serve(t, srv)
	first := publish(t, srv, "s", "one")
	r := open(t, ts, "s")
	second := publish(t, srv, "s", "two")
	end, err := srv.DeleteSession(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.res.Body)
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
		if got := r.res.Header.Values(name); len(got) != 1 || got[0] != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
}

// The header is out before the first event, on a connection of its own making.
func TestWireRawHTTP(t *testing.T) {
	srv := newServer(t)
	ts := serve(t, srv)
	publish(t, srv, "s", "one")
	conn, err := net.Dial("tcp", ts.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
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

// Every write holds whole events, each with its id as the last line, and none
// that is only a comment or a retry.
func TestWireWholeEvents(t *testing.T) {
	srv := newServer(t, server.WithHeartbeat(20*time.Millisecond), smallLog(5))
	seen := make(chan string, 1000)
	ts := serve(t, srv, tap(func(p []byte) { seen <- string(p) }))
	publishN(t, srv, "s", 20)
	r := open(t, ts, "s", "nonsense")
	for beats := 0; beats < 3; {
		if r.next().name == "heartbeat" {
			beats++
		}
	}
	publish(t, srv, "s", "last")
	for r.next().name != "content" {
	}
	r.close()
	shutNow(srv)
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

// What is pending goes out together, in writes of at most 64 KiB.
func TestWireBatches(t *testing.T) {
	srv := newServer(t)
	const limit = 64 << 10
	sizes := make(chan int, 1000)
	ts := serve(t, srv, tap(func(p []byte) { sizes <- len(p) }))
	first := publish(t, srv, "s", "first")
	text := strings.Repeat("x", 1000)
	var last string
	for range 300 {
		last = publish(t, srv, "s", text)
	}
	large := publish(t, srv, "s", strings.Repeat("y", 2*limit))
	r := open(t, ts, "s", first)
	for r.next().id != last {
	}
	r.want("content", large)
	r.close()
	shutNow(srv)
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
