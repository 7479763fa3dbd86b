package server_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

func panicIf(armed *atomic.Bool) {
	if armed.Load() {
		panic("by the application")
	}
}

// A panic of the application ends its request and leaves nothing behind. The reader after a first hook
// that panicked is the first one again.
func TestPanics(t *testing.T) { servertest.BothModes(t, testPanics) }

func testPanics(t *testing.T, mode servertest.Mode) {
	var armed atomic.Bool
	var calls, lasts atomic.Int64
	call := func() { calls.Add(1); panicIf(&armed) }
	for name, option := range map[string]server.Option{
		"sessions":   server.WithSessions(func(context.Context, string) (bool, error) { call(); return true, nil }),
		"scope":      server.WithScope(func(string) string { call(); return "" }),
		"first hook": server.OnFirstReader(func(string) { call() }),
		"last hook":  server.OnLastReader(func(string) { lasts.Add(1); call() }),
		"authorizer": server.WithAuthorizer(func(*http.Request, string) error { call(); return nil }),
		"client key": server.WithLimits(server.Limits{StreamsPerClient: 1, ClientKey: func(*http.Request) string { call(); return "one" }}),
	} {
		left := int64(1) // how often a last reader leaves; none has come if the others panic
		if name == "last hook" {
			left = 2
		}
		t.Run(name, func(t *testing.T) {
			events := &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
			srv := mode.NewServer(t, servertest.AnySession(), server.WithLog(events), server.WithLimits(server.Limits{Streams: 1}),
				server.OnLastReader(func(string) { lasts.Add(1) }), option)
			ts := servertest.Serve(t, srv, servertest.Quiet)
			for range 3 {
				calls.Store(0)
				lasts.Store(0)
				armed.Store(true)
				if res, err := servertest.Try(t, ts, servertest.StreamURL(ts, "s")); err == nil {
					res.Body.Close()
				}
				wantFree(t, srv)
				servertest.Until(t, "no reader is left", func() bool { return srv.Readers("s") == 0 && events.Readers.Load() == 0 })
				armed.Store(false)
				r := servertest.Open(t, ts, "s")
				r.Next()
				if n := srv.Readers("s"); n != 1 {
					t.Errorf("%d readers", n)
				}
				r.Close()
				wantFree(t, srv)
				if calls.Load() < 2 || lasts.Load() != left {
					t.Errorf("%d calls, and the last reader has left %d times", calls.Load(), lasts.Load())
				}
			}
			closeAll(t, ts, srv)
			if n := events.Readers.Load(); n != 0 {
				t.Errorf("%d readers of the log are open", n)
			}
			if err := srv.Shutdown(t.Context()); err != nil { // counts streams
				t.Error(err)
			}
		})
	}
}

// panicky is a slog.Handler that panics while it is armed.
type panicky struct {
	slog.Handler
	armed *atomic.Bool
}

func (panicky) Enabled(context.Context, slog.Level) bool { return true }

func (p panicky) Handle(context.Context, slog.Record) error {
	panicIf(p.armed)
	return nil
}

// A logger that panics ends only the streams that it logs.
func TestLoggerPanics(t *testing.T) { servertest.BothModes(t, testLoggerPanics) }

func testLoggerPanics(t *testing.T, mode servertest.Mode) {
	var armed atomic.Bool
	srv := mode.NewServer(t, server.WithLogger(slog.New(panicky{slog.DiscardHandler, &armed})))
	ts := servertest.Serve(t, srv, servertest.Quiet)
	servertest.Publish(t, srv, "s", "")
	conn, _ := servertest.Dial(t, ts, "s")
	armed.Store(true)
	conn.Close()
	wantFree(t, srv)
	armed.Store(false)
}

// faultyObserver panics in one method while it is armed.
type faultyObserver struct {
	server.NopObserver
	server.NopStreamObserver

	method string
	armed  atomic.Bool
	ended  atomic.Int32
	failed atomic.Int32 // publications
}

func (o *faultyObserver) call(method string) {
	if o.method == method {
		panicIf(&o.armed)
	}
}

func (o *faultyObserver) PublishStarted(ctx context.Context, _ string) context.Context {
	o.call("PublishStarted")
	return ctx
}

func (o *faultyObserver) PublishEnded(_ context.Context, p server.Publication) {
	if p.Err != nil {
		o.failed.Add(1)
	}
	o.call("PublishEnded")
}

func (o *faultyObserver) StreamOpened(ctx context.Context, _ server.StreamInfo) (context.Context, server.StreamObserver) {
	o.call("StreamOpened")
	return ctx, o
}

func (o *faultyObserver) StreamRefused(context.Context, server.Refusal) { o.call("StreamRefused") }
func (o *faultyObserver) Delivered(server.Delivery)                     { o.call("Delivered") }
func (o *faultyObserver) Replayed(int)                                  { o.call("Replayed") }
func (o *faultyObserver) Gap()                                          { o.call("Gap") }

func (o *faultyObserver) Ended(server.End) {
	o.ended.Add(1)
	o.call("Ended")
}

// A panic of the observer ends the request that it is told of, and leaves nothing behind.
func TestObserverPanics(t *testing.T) { servertest.BothModes(t, testObserverPanics) }

func testObserverPanics(t *testing.T, mode servertest.Mode) {
	for _, method := range []string{"StreamOpened", "StreamRefused", "Delivered", "Replayed", "Gap", "Ended"} {
		t.Run(method, func(t *testing.T) {
			o := &faultyObserver{method: method}
			events := &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{Entries: 3})}
			srv := mode.NewServer(t, server.WithObserver(o), server.WithLog(events))
			ts := servertest.Serve(t, srv, servertest.Quiet)
			ids := servertest.PublishN(t, srv, "s", 10)
			servertest.DeleteSession(t, srv, "s")
			session, streams := "s", int32(1)
			if method == "StreamRefused" {
				session, streams = "nobody", 0
			}
			if method == "StreamOpened" {
				streams = 0
			}
			o.armed.Store(true)
			if res, err := servertest.Try(t, ts, servertest.StreamURL(ts, session), ids[0]); err == nil {
				if _, err := io.ReadAll(res.Body); err == nil && res.StatusCode == http.StatusOK {
					t.Error("the stream ended cleanly")
				}
			}
			closeAll(t, ts, srv)
			if n, open := srv.Readers("s"), events.Readers.Load(); n != 0 || open != 0 {
				t.Errorf("%d readers of the session and %d of the log are left", n, open)
			}
			if n := o.ended.Load(); n != streams {
				t.Errorf("%d streams ended, want %d", n, streams)
			}
			o.armed.Store(false)
			again := servertest.Serve(t, srv)
			r := servertest.Open(t, again, "s", ids[9])
			r.Next()
			closeAll(t, again, srv)
			if err := srv.Shutdown(t.Context()); err != nil { // counts streams
				t.Error(err)
			}
		})
	}
}

// The observer is told the end of a stream even if it panicked at the end of the replay.
func TestObserverPanicsAtEnd(t *testing.T) { servertest.BothModes(t, testObserverPanicsAtEnd) }

func testObserverPanicsAtEnd(t *testing.T, mode servertest.Mode) {
	o := &faultyObserver{method: "Replayed"}
	srv := mode.NewServer(t, server.WithObserver(o))
	ts := servertest.Serve(t, srv, servertest.Quiet)
	servertest.Publish(t, srv, "s", "")
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.armed.Store(true)
	if res, err := servertest.Try(t, ts, servertest.StreamURL(ts, "s"), "0"); err == nil {
		_, _ = io.ReadAll(res.Body)
	}
	closeAll(t, ts, srv)
	if n := o.ended.Load(); n != 1 {
		t.Errorf("%d streams ended", n)
	}
}

// A panic of the scope function or of the observer reaches the caller of Publish, and leaves nothing
// behind. The observer is told of an error.
func TestPanicsInPublish(t *testing.T) {
	for _, what := range []string{"scope", "PublishStarted", "PublishEnded"} {
		o := &faultyObserver{method: what}
		srv := servertest.NewServer(t, server.WithObserver(o), server.WithScope(func(string) string { o.call("scope"); return "" }))
		o.armed.Store(true)
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", what)
				}
			}()
			servertest.Publish(t, srv, "s", "")
		}()
		if what == "scope" && o.failed.Load() != 1 {
			t.Error("the observer is told of no error")
		}
		o.armed.Store(false)
		servertest.Publish(t, srv, "s", "")
	}
}
