package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
)

// Sessions that are asked for and never get an event leave nothing behind, whether
// the application vouches for them or not.
func TestSessionsOfNobody(t *testing.T) {
	n := atScale(400, 500_000) // and as many that are not vouched for
	events := &faultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	srv := newServer(t, server.WithLog(events), tenants(),
		server.WithSessions(func(_ context.Context, id string) (bool, error) { return len(id)%2 == 0, nil }))
	ts := serve(t, srv)
	ask := func(from, to int) {
		const askers = 8
		var asking sync.WaitGroup
		for a := range askers {
			asking.Go(func() {
				if err := askFor(ts, from+a, to, askers); err != nil {
					t.Error(err)
				}
			})
		}
		asking.Wait()
		until(t, "all have left", func() bool { return events.open.Load() == 0 })
	}
	ask(0, n/10)
	before := inUse()
	ask(n/10, n)
	const slack = 1 << 20 // of the runtime and net/http
	var grown int64
	defer func() { t.Logf("%d bytes more after %d requests", grown, 2*n) }()
	until(t, "nothing is left of the requests", func() bool {
		grown = inUse() - before
		return grown <= slack
	})
}

// askFor asks for one session in so many, of each kind, and leaves when the status
// has come.
func askFor(ts *httptest.Server, from, to, step int) error {
	kept, err := dial(ts) // for refusals, after which a connection can be used again
	if err != nil {
		return err
	}
	defer kept.Close()
	for i := from; i < to; i += step {
		conn, err := dial(ts)
		if err != nil {
			return err
		}
		err = wantStatus(conn, fmt.Sprintf("%05d/%08d", i%100, i), http.StatusOK)
		conn.Close()
		if err == nil {
			err = wantStatus(kept, fmt.Sprintf("%05d/%09d", i%100, i), http.StatusNotFound)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// wantStatus asks for a stream, and expects the status; a refusal is read to its end.
func wantStatus(conn net.Conn, session string, want int) error {
	_ = conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(conn, "GET /stream?sessionId=%s HTTP/1.1\r\nHost: x\r\n\r\n", session)
	res, err := http.ReadResponse(bufio.NewReaderSize(conn, 64), nil)
	switch {
	case err != nil:
		return fmt.Errorf("session %s: %w", session, err)
	case res.StatusCode != want:
		return fmt.Errorf("session %s: %s, want %d", session, res.Status, want)
	case want != http.StatusOK:
		_, err = io.Copy(io.Discard, res.Body)
	}
	return err
}

// dial connects. The port is free as soon as the connection is closed: there are
// fewer of them than sessions.
func dial(ts *httptest.Server) (net.Conn, error) {
	conn, err := net.Dial("tcp", ts.Listener.Addr().String())
	if err == nil {
		err = conn.(*net.TCPConn).SetLinger(0)
	}
	return conn, err
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
