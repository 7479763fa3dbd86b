package endtoend_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// Sessions that never get an event leave nothing behind when clients ask for them, whether
// WithSessions lets them exist or not.
func TestSessionsOfNobody(t *testing.T) {
	n := servertest.AtScale(400, 500_000) // and as many that WithSessions does not let exist
	events := &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	_, ts := servertest.Start(t, server.WithLog(events), servertest.Tenants(),
		server.WithSessions(func(_ context.Context, id string) (bool, error) { return len(id)%2 == 0, nil }))
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
		servertest.Until(t, "all have left", func() bool { return events.Readers.Load() == 0 })
	}
	ask(0, n/10)
	before := servertest.MemoryInUse()
	ask(n/10, n)
	const slack = 1 << 20 // of the runtime and of net/http
	var grown int64
	defer func() { t.Logf("%d bytes more after %d requests", grown, 2*n) }()
	servertest.Until(t, "nothing is left of the requests", func() bool {
		grown = servertest.MemoryInUse() - before
		return grown <= slack
	})
}

// askFor asks for one session in step, of each kind, and leaves when the status comes.
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

// wantStatus asks for a stream and expects the status. It reads a refusal to its end.
func wantStatus(conn net.Conn, session string, want int) error {
	_ = conn.SetDeadline(time.Now().Add(servertest.Patience))
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

// dial connects. Its port is free at once when the connection is closed, because there are
// fewer ports than sessions.
func dial(ts *httptest.Server) (net.Conn, error) {
	conn, err := net.Dial("tcp", ts.Listener.Addr().String())
	if err == nil {
		err = conn.(*net.TCPConn).SetLinger(0)
	}
	return conn, err
}
