package server_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// wantRetry expects a reconnection time of two seconds plus at most the drain window, in
// milliseconds.
func wantRetry(t *testing.T, e servertest.Event, name string, window int) {
	t.Helper()
	if e.Name != name || e.Retry < 2000 || e.Retry > 2000+window {
		t.Errorf("got %+v, want %s with a retry of 2000 to %d", e, name, 2000+window)
	}
}

func TestShutdown(t *testing.T) { servertest.BothModes(t, testShutdown) }

func testShutdown(t *testing.T, mode servertest.Mode) {
	const window = 400
	var watched atomic.Int32
	srv, ts := mode.Start(t, server.WithTiming(server.Timing{DrainWindow: window * time.Millisecond}), server.OnFirstReader(func(string) { watched.Add(1) }))
	id := servertest.Publish(t, srv, "s", "")
	var readers []*servertest.Reader
	for range 8 {
		r := servertest.Open(t, ts, "s")
		r.Want("connected", id)
		readers = append(readers, r)
	}
	done := make(chan error)
	go func() { done <- srv.Shutdown(context.Background()) }()
	retries := make(map[int]bool)
	for _, r := range readers {
		e := r.Next()
		wantRetry(t, e, "heartbeat", window)
		if e.ID != id {
			t.Errorf("got %+v, want id %s", e, id)
		}
		retries[e.Retry] = true
		r.WantEnd()
	}
	if len(retries) < 2 {
		t.Errorf("all come back after the same time: %v", retries)
	}
	if err := servertest.Receive(t, done); err != nil {
		t.Error(err)
	}

	// Publishing goes on, and the server sends new streams away without losing their
	// place.
	missed := servertest.Publish(t, srv, "s", "")
	for _, resume := range []string{"", id, "nonsense"} {
		r := servertest.Open(t, ts, "s", resume)
		e := r.Next()
		wantRetry(t, e, "connected", window)
		if want := map[string]string{"": missed, id: id, "nonsense": "1"}[resume]; e.ID != want {
			t.Errorf("resume at %q: got %+v, want id %s", resume, e, want)
		}
		r.WantEnd()
	}
	if n := watched.Load(); n != 1 { // a stream that is sent away is no reader
		t.Errorf("the first reader came %d times", n)
	}
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Errorf("second: %v", err)
	}
}

// A stream gets its events up to its end.
func TestShutdownLosesNothing(t *testing.T) { servertest.BothModes(t, testShutdownLosesNothing) }

func testShutdownLosesNothing(t *testing.T, mode servertest.Mode) {
	srv, ts := mode.Start(t, server.WithTiming(server.Timing{DrainWindow: time.Second}))
	id := servertest.Publish(t, srv, "s", "")
	r := servertest.Open(t, ts, "s")
	r.Want("connected", id)
	go func() { _ = srv.Shutdown(context.Background()) }()
	next := servertest.Number(t, id) + 1
	published := servertest.PublishN(t, srv, "s", 500)
	last := id
	for {
		e := r.Next()
		if e.Name == "heartbeat" {
			if e.ID != last {
				t.Errorf("the last heartbeat has id %s after %s", e.ID, last)
			}
			break
		}
		if n := servertest.Number(t, e.ID); n != next {
			t.Fatalf("got id %d, want %d", n, next)
		}
		next++
		last = e.ID
	}
	r.WantEnd()
	if servertest.Number(t, last) > servertest.Number(t, published[499]) {
		t.Errorf("the stream ended at %s", last)
	}
}

// When Shutdown returns, the application may close the log: the server reads it no more.
func TestShutdownWaitsForReadersOfTheLog(t *testing.T) {
	servertest.BothModes(t, testShutdownWaitsForReadersOfTheLog)
}

func testShutdownWaitsForReadersOfTheLog(t *testing.T, mode servertest.Mode) {
	events := &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	srv, ts := mode.Start(t, server.WithLog(&servertest.HookedLog{Log: events, BeforeClose: func() { time.Sleep(10 * time.Millisecond) }}))
	servertest.Publish(t, srv, "s", "")
	for range 5 {
		servertest.Open(t, ts, "s").Next()
	}
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := events.Readers.Load(); n != 0 {
		t.Errorf("%d readers of the log are open", n)
	}
}

func TestShutdownWithoutStreams(t *testing.T) { servertest.BothModes(t, testShutdownWithoutStreams) }

func testShutdownWithoutStreams(t *testing.T, mode servertest.Mode) {
	srv := mode.NewServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		if err := srv.Shutdown(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// When the context of Shutdown ends first, all streams end at once, even in the middle of
// a write.
func TestShutdownContextEnds(t *testing.T) { servertest.BothModes(t, testShutdownContextEnds) }

func testShutdownContextEnds(t *testing.T, mode servertest.Mode) {
	first, gone := make(chan string, 1), make(chan string, 1)
	srv := mode.NewServer(t, servertest.Vouch("s"), server.WithTiming(server.Timing{WriteTimeout: time.Hour}),
		server.OnFirstReader(func(s string) { first <- s }), server.OnLastReader(func(s string) { gone <- s }))
	ts := servertest.Serve(t, srv, servertest.SmallBuffers)
	servertest.NeverRead(t, ts, "s")
	servertest.Receive(t, first)
	for range 20 {
		servertest.Publish(t, srv, "s", strings.Repeat("x", 512<<10))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := srv.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	servertest.Receive(t, gone)
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Errorf("second: %v", err)
	}
}

func TestShutdownAbortsIdleStream(t *testing.T) {
	servertest.BothModes(t, testShutdownAbortsIdleStream)
}

func testShutdownAbortsIdleStream(t *testing.T, mode servertest.Mode) {
	for _, h2 := range []bool{false, true} {
		srv := mode.NewServer(t, server.WithTiming(server.Timing{DrainWindow: time.Hour}))
		ts := servertest.Serve(t, srv, func(ts *httptest.Server) { ts.EnableHTTP2 = h2 })
		servertest.Publish(t, srv, "s", "")
		var readers []*servertest.Reader
		for range 20 {
			r := servertest.Open(t, ts, "s")
			r.Next()
			readers = append(readers, r)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := srv.Shutdown(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		for _, r := range readers {
			_, _ = io.Copy(io.Discard, r.Response.Body) // the end may be clean or not
		}
		if err := srv.Shutdown(t.Context()); err != nil {
			t.Errorf("second: %v", err)
		}
	}
}

// When the context of Shutdown ends first, no stream waits for its turn.
func TestShutdownAbortsAtOnce(t *testing.T) { servertest.BothModes(t, testShutdownAbortsAtOnce) }

func testShutdownAbortsAtOnce(t *testing.T, mode servertest.Mode) {
	synctest.Test(t, func(t *testing.T) {
		srv := mode.NewServer(t)
		servertest.Publish(t, srv, "s", "")
		var all []*servertest.Recording
		for range 1000 {
			all = append(all, servertest.Record(srv, "s", ""))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		began := time.Now()
		if err := srv.Shutdown(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		for _, r := range all {
			<-r.Ended
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("took %v", took)
		}
	})
}

// patientLog returns a log whose reads wait for the end of their context once waits is
// set, and how many reads wait.
func patientLog() (events *servertest.HookedLog, waits *atomic.Bool, waiting *atomic.Int64) {
	waits, waiting = new(atomic.Bool), new(atomic.Int64)
	return &servertest.HookedLog{Log: eventlog.NewMemory(eventlog.Retention{}), BeforeRead: func(ctx context.Context, _ string) error {
		if !waits.Load() {
			return nil
		}
		waiting.Add(1)
		<-ctx.Done()
		return ctx.Err()
	}}, waits, waiting
}

// A shutdown that cannot wait ends a detached stream even while the stream waits for the
// log. For an attached one, net/http does that when it closes the connection.
func TestShutdownEndsReads(t *testing.T) {
	t.Parallel()
	events, waits, waiting := patientLog()
	srv, o := newDetachedServer(t, server.WithLog(events))
	ts := servertest.Serve(t, srv)
	servertest.Publish(t, srv, "s", "")
	servertest.Dial(t, ts, "s")
	waits.Store(true)
	servertest.Publish(t, srv, "s", "")
	servertest.Until(t, "the stream reads", func() bool { return waiting.Load() > 0 })
	servertest.ShutNow(srv)
	servertest.Receive(t, o.Streams).WantEnd(t, server.EndShutdown)
	wantFree(t, srv)
}

// hijacked is a connection that calls given when net/http gives it away.
type hijacked struct {
	net.Conn
	given func()
}

// SetDeadline is called by net/http only then.
func (c *hijacked) SetDeadline(t time.Time) error {
	c.given()
	return c.Conn.SetDeadline(t)
}

// A shutdown that cannot wait ends a stream even while it is being detached and the log
// makes it wait.
func TestShutdownWhileDetaching(t *testing.T) {
	t.Parallel()
	events, waits, _ := patientLog()
	srv, o := newDetachedServer(t, server.WithLog(events), server.WithTiming(server.Timing{Heartbeat: time.Hour}))
	ts := servertest.Serve(t, srv, func(ts *httptest.Server) {
		ts.Listener = servertest.WrapConns(ts.Listener, func(c net.Conn) net.Conn {
			return &hijacked{c, func() {
				waits.Store(true)
				servertest.ShutNow(srv)
			}}
		})
	})
	servertest.Publish(t, srv, "s", "")
	servertest.Dial(t, ts, "s")
	servertest.Receive(t, o.Streams).WantEnd(t, server.EndShutdown)
	wantFree(t, srv)
}

func TestShutdownClosesDetachedStreams(t *testing.T) {
	t.Parallel()
	srv, o := newDetachedServer(t, server.WithTiming(server.Timing{DrainWindow: time.Hour}))
	ts := servertest.Serve(t, srv)
	servertest.Publish(t, srv, "s", "")
	for range 20 {
		servertest.Dial(t, ts, "s")
	}
	servertest.ShutNow(srv)
	for range 20 {
		servertest.Receive(t, o.Streams).WantEnd(t, server.EndShutdown)
	}
	wantFree(t, srv)
}

// A client that never closes its side does not hold up a shutdown that has ended its
// stream.
func TestShutdownOfClientThatStays(t *testing.T) {
	t.Parallel()
	for name, wrap := range map[string]func(net.Conn) net.Conn{
		"TCP":     func(c net.Conn) net.Conn { return c },
		"wrapped": func(c net.Conn) net.Conn { return servertest.TapConn(c, func([]byte) {}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, _ := newDetachedServer(t, server.WithTiming(server.Timing{WriteTimeout: time.Hour}))
			ts := servertest.Serve(t, srv, func(ts *httptest.Server) { ts.Listener = servertest.WrapConns(ts.Listener, wrap) })
			servertest.Publish(t, srv, "s", "")
			talk(t, ts, "\r\n")
			ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
			defer cancel()
			if err := srv.Shutdown(ctx); err != nil {
				t.Error(err)
			}
		})
	}
}
