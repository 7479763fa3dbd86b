package server_test

import (
	"context"
	"net"
	"net/http/httptest"
	"sync/atomic"
	"testing"
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

// Shutdown of a server without streams succeeds whether or not its context has ended.
func TestShutdownWithoutStreams(t *testing.T) {
	srv := servertest.NewServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		if err := srv.Shutdown(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// Shutdown tells each client when to come back, and sends new streams away without losing their
// place. Publishing goes on.
func TestShutdown(t *testing.T) { servertest.BothModes(t, testShutdown) }

func testShutdown(t *testing.T, mode servertest.Mode) {
	const window = 400
	var watched atomic.Int32
	o := servertest.NewObserver()
	srv, ts := mode.Start(t, server.WithObserver(o), server.WithTiming(server.Timing{DrainWindow: window * time.Millisecond}), server.OnFirstReader(func(string) { watched.Add(1) }))
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
	for range len(readers) + 3 { // a stream that is sent away is observed like any other
		servertest.Receive(t, o.Streams).WantEnd(t, server.EndShutdown)
	}
	if n := watched.Load(); n != 1 { // a stream that is sent away is no reader
		t.Errorf("the first reader came %d times", n)
	}
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Errorf("second: %v", err)
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
