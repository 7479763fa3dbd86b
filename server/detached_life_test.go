package server_test

import (
	"context"
	"io"
	"log"
	"log/slog"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
)

// bothModes runs a test with attached and with detached streams.
func bothModes(t *testing.T, f func(t *testing.T, mode server.Option)) {
	t.Helper()
	t.Run("attached", func(t *testing.T) { f(t, server.WithFreshStart(server.StartByContract)) }) // as by default
	t.Run("detached", func(t *testing.T) { f(t, server.WithDetachedStreams(0)) })
}

// patientLog returns a log whose reads wait until their context ends, from when waits is
// set, and the number of those that wait.
func patientLog() (events *server.ReadLog, waits *atomic.Bool, waiting *atomic.Int64) {
	waits, waiting = new(atomic.Bool), new(atomic.Int64)
	return &server.ReadLog{Log: eventlog.NewMemory(eventlog.Retention{}), BeforeRead: func(ctx context.Context, _ string) error {
		if !waits.Load() {
			return nil
		}
		waiting.Add(1)
		<-ctx.Done()
		return ctx.Err()
	}}, waits, waiting
}

// A server that cannot wait ends a detached stream also while it waits for the log. (To
// an attached one net/http does that, when it closes the connection.)
func TestShutdownEndsReads(t *testing.T) {
	events, waits, waiting := patientLog()
	srv, o := newDetachedServer(t, server.WithLog(events))
	ts := serve(t, srv)
	publish(t, srv, "s", "")
	dialStream(t, ts.Listener.Addr().String(), "s")
	waits.Store(true)
	publish(t, srv, "s", "")
	until(t, "the stream reads", func() bool { return waiting.Load() > 0 })
	shutNow(srv)
	receive(t, o.streams).wantEnd(t, server.EndShutdown)
	wantFree(t, srv)
}

// The context of a stream ends with it.
func TestContextEndsWithStream(t *testing.T) {
	bothModes(t, func(t *testing.T, mode server.Option) {
		ended := make(chan struct{}, 100)
		srv := newAttachedServer(t, mode, server.WithLog(&server.ReadLog{
			Log: eventlog.NewMemory(eventlog.Retention{}),
			BeforeRead: func(ctx context.Context, _ string) error {
				context.AfterFunc(ctx, func() { ended <- struct{}{} })
				return nil
			},
		}))
		t.Cleanup(func() { shutNow(srv) })
		ts := serve(t, srv)
		publish(t, srv, "s", "")
		dialStream(t, ts.Listener.Addr().String(), "s")
		remove(t, srv, "s")
		receive(t, ended)
	})
}

// A GET with a body, which nobody reads, gets its stream to the end: a detached one could
// be reset instead.
func TestStreamOfRequestWithUnreadBody(t *testing.T) {
	bothModes(t, func(t *testing.T, mode server.Option) {
		srv := newAttachedServer(t, mode)
		t.Cleanup(func() { shutNow(srv) })
		ts := serve(t, srv)
		publish(t, srv, "s", "")
		conn, _ := connect(t, ts)
		if _, err := io.WriteString(conn, "GET /stream?sessionId=s HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"); err != nil {
			t.Fatal(err)
		}
		until(t, "the stream is open", func() bool { return srv.Readers("s") == 1 })
		remove(t, srv, "s")
		// The connection may be used again: it is net/http's, which reads the body.
		if _, err := io.WriteString(conn, "GET /stream?sessionId=none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(conn); err != nil {
			t.Errorf("got %v, want the end", err)
		}
	})
}

// panicky is a slog.Handler that panics, while it is armed.
type panicky struct {
	slog.Handler
	armed *atomic.Bool
}

func (panicky) Enabled(context.Context, slog.Level) bool { return true }

func (p panicky) Handle(context.Context, slog.Record) error {
	panicIf(p.armed)
	return nil
}

// A logger that panics costs the streams that it is told of.
func TestLoggerPanics(t *testing.T) {
	bothModes(t, func(t *testing.T, mode server.Option) {
		var armed atomic.Bool
		srv := newAttachedServer(t, mode, server.WithLogger(slog.New(panicky{slog.DiscardHandler, &armed})))
		t.Cleanup(func() { shutNow(srv) })
		ts := serve(t, srv, func(ts *httptest.Server) { ts.Config.ErrorLog = log.New(io.Discard, "", 0) })
		publish(t, srv, "s", "")
		conn, _ := dialStream(t, ts.Listener.Addr().String(), "s")
		armed.Store(true)
		conn.Close()
		wantFree(t, srv)
		armed.Store(false)
	})
}
