package server_test

import (
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
)

// wantRetry expects a reconnection time within the drain window, in milliseconds.
func wantRetry(t *testing.T, e event, name string, window int) {
	t.Helper()
	if e.name != name || e.retry < 2000 || e.retry > 2000+window {
		t.Errorf("got %+v, want %s with a retry of 2000 to %d", e, name, 2000+window)
	}
}

func TestShutdown(t *testing.T) {
	const window = 400
	var watched atomic.Int32
	srv := newServer(t, server.WithDrainWindow(window*time.Millisecond), server.OnFirstReader(func(string) { watched.Add(1) }))
	ts := serve(t, srv)
	id := publish(t, srv, "s", "")
	var readers []*reader
	for range 8 {
		r := open(t, ts, "s")
		r.want("connected", id)
		readers = append(readers, r)
	}
	done := make(chan error)
	go func() { done <- srv.Shutdown(context.Background()) }()
	retries := make(map[int]bool)
	for _, r := range readers {
		e := r.next()
		wantRetry(t, e, "heartbeat", window)
		if e.id != id {
			t.Errorf("got %+v, want id %s", e, id)
		}
		retries[e.retry] = true
		r.wantEnd()
	}
	if len(retries) < 2 {
		t.Errorf("all come back after the same time: %v", retries)
	}
	if err := receive(t, done); err != nil {
		t.Error(err)
	}

	// Publishing goes on, and new streams are sent away without losing their place.
	missed := publish(t, srv, "s", "")
	for _, resume := range []string{"", id, "nonsense"} {
		r := open(t, ts, "s", resume)
		e := r.next()
		wantRetry(t, e, "connected", window)
		if want := map[string]string{"": missed, id: id, "nonsense": "1"}[resume]; e.id != want {
			t.Errorf("resume at %q: got %+v, want id %s", resume, e, want)
		}
		r.wantEnd()
	}
	if n := watched.Load(); n != 1 { // a stream that is sent away is no reader
		t.Errorf("the first reader came %d times", n)
	}
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Errorf("second: %v", err)
	}
}

// A stream gets its events up to its end.
func TestShutdownLosesNothing(t *testing.T) {
	srv := newServer(t, server.WithDrainWindow(time.Second))
	ts := serve(t, srv)
	id := publish(t, srv, "s", "")
	r := open(t, ts, "s")
	r.want("connected", id)
	go func() { _ = srv.Shutdown(context.Background()) }()
	next := number(t, id) + 1
	published := publishN(t, srv, "s", 500)
	last := id
	for {
		e := r.next()
		if e.name == "heartbeat" {
			if e.id != last {
				t.Errorf("the last heartbeat has id %s after %s", e.id, last)
			}
			break
		}
		if n := number(t, e.id); n != next {
			t.Fatalf("got id %d, want %d", n, next)
		}
		next++
		last = e.id
	}
	r.wantEnd()
	if number(t, last) > number(t, published[499]) {
		t.Errorf("the stream ended at %s", last)
	}
}

// When Shutdown has returned, the log may be closed: nobody reads it any more.
func TestShutdownWaitsForReadersOfTheLog(t *testing.T) {
	events := &slowlyClosed{faultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}}
	srv := newServer(t, server.WithLog(events))
	ts := serve(t, srv)
	publish(t, srv, "s", "")
	for range 5 {
		open(t, ts, "s").next()
	}
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := events.open.Load(); n != 0 {
		t.Errorf("%d readers of the log are open", n)
	}
}

// slowlyClosed is a log whose readers take their time to close.
type slowlyClosed struct{ faultyLog }

func (l *slowlyClosed) Follow(ctx context.Context, s eventlog.Session, wake func()) (eventlog.Reader, error) {
	r, err := l.faultyLog.Follow(ctx, s, wake)
	return slowCloser{r}, err
}

type slowCloser struct{ eventlog.Reader }

func (r slowCloser) Close() {
	time.Sleep(10 * time.Millisecond)
	r.Reader.Close()
}

func TestShutdownWithoutStreams(t *testing.T) {
	srv := newServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		if err := srv.Shutdown(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// When the context ends first, streams end at once, also in the middle of a write.
func TestShutdownContextEnds(t *testing.T) {
	first, gone := make(chan string, 1), make(chan string, 1)
	srv := newServer(t, vouch("s"), server.WithWriteTimeout(time.Hour),
		server.OnFirstReader(func(s string) { first <- s }), server.OnLastReader(func(s string) { gone <- s }))
	ts := serve(t, srv, smallBuffers)
	neverRead(t, ts, "s")
	receive(t, first)
	for range 20 {
		publish(t, srv, "s", strings.Repeat("x", 512<<10))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := srv.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	receive(t, gone)
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Errorf("second: %v", err)
	}
}

func TestShutdownAbortsIdleStream(t *testing.T) {
	for _, h2 := range []bool{false, true} {
		srv := newServer(t, server.WithDrainWindow(time.Hour))
		ts := serve(t, srv, func(ts *httptest.Server) { ts.EnableHTTP2 = h2 })
		publish(t, srv, "s", "")
		var readers []*reader
		for range 20 {
			r := open(t, ts, "s")
			r.next()
			readers = append(readers, r)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := srv.Shutdown(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		for _, r := range readers {
			_, _ = io.Copy(io.Discard, r.res.Body) // its end, clean or not
		}
		if err := srv.Shutdown(t.Context()); err != nil {
			t.Errorf("second: %v", err)
		}
	}
}
