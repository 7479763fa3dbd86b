package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
)

// Sessions that are asked for and never get an event leave nothing behind, whether
// the application vouches for them or not. eventlog tests a million of them.
func TestSessionsOfNobody(t *testing.T) {
	n := atScale(400, 5000)
	events := &faultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	srv := newServer(t, server.WithLog(events), tenants(),
		server.WithSessions(func(_ context.Context, id string) (bool, error) { return len(id)%2 == 0, nil }))
	ts := serve(t, srv)
	ask := func(from, to int) {
		for i := from; i < to; i++ {
			if got := statusOf(t, ts, fmt.Sprintf("%05d/%08d", i%100, i)); got != "HTTP/1.1 200 OK" {
				t.Fatalf("a session that is vouched for: %q", got)
			}
			if got := statusOf(t, ts, fmt.Sprintf("%05d/%09d", i%100, i)); got != "HTTP/1.1 404 Not Found" {
				t.Fatalf("one that is not: %q", got)
			}
		}
		until(t, "all have left", func() bool { return events.open.Load() == 0 })
	}
	ask(0, n/10)
	before := inUse()
	ask(n/10, n)
	const slack = 1 << 20 // of the runtime and net/http
	if grown := inUse() - before; grown > slack {
		t.Errorf("%d bytes are left of %d requests, want %d at most", grown, 2*n, slack)
	}
}

// statusOf asks for a stream, and leaves when the status line has come.
func statusOf(t *testing.T, ts *httptest.Server, session string) string {
	t.Helper()
	conn, err := net.Dial("tcp", ts.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(conn, "GET /stream?sessionId=%s HTTP/1.1\r\nHost: x\r\n\r\n", session)
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// A panic in the function that maps sessions to scopes costs its request, or is the
// publisher's, and leaves nothing behind.
func TestScopePanics(t *testing.T) {
	var armed atomic.Bool
	events := &faultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	srv := newServer(t, server.WithLog(events), server.WithScope(func(string) string { panicIf(&armed); return "all" }))
	ts := serve(t, srv, func(ts *httptest.Server) { ts.Config.ErrorLog = log.New(io.Discard, "", 0) })
	publish(t, srv, "s", "")
	healthy := open(t, ts, "s")
	healthy.next()

	armed.Store(true)
	if res, err := try(t, ts, streamURL(ts, "s")); err == nil {
		t.Errorf("the request was answered with %s", res.Status)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the publisher is not told")
			}
		}()
		_, _ = srv.Publish(t.Context(), "s", content(""))
	}()
	armed.Store(false)
	if n, open := srv.Readers("s"), events.open.Load(); n != 1 || open != 1 {
		t.Errorf("%d readers of the session and %d of the log, want 1", n, open)
	}
	healthy.wantContents(publish(t, srv, "s", ""))
}
