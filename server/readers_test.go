package server_test

import (
	"context"
	"io"
	"log"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mixstream/mixstream/mix"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
)

func TestReaders(t *testing.T) {
	type call struct {
		hook, session string
		readers       int
	}
	calls := make(chan call, 100)
	var srv *mix.Server
	hook := func(name string) func(string) {
		return func(session string) { calls <- call{name, session, srv.Readers(session)} }
	}
	srv = newServer(t, server.OnFirstReader(hook("first")), server.OnLastReader(hook("last")))
	ts := serve(t, srv)
	publish(t, srv, "s", "")
	publish(t, srv, "other", "")

	one := open(t, ts, "s")
	one.next()
	if c := receive(t, calls); c != (call{"first", "s", 1}) {
		t.Errorf("got %+v", c)
	}
	two := open(t, ts, "s")
	two.next()
	if n := srv.Readers("s"); n != 2 {
		t.Errorf("%d readers", n)
	}
	open(t, ts, "other").next()
	if c := receive(t, calls); c != (call{"first", "other", 1}) {
		t.Errorf("got %+v", c)
	}
	one.close()
	two.close()
	if c := receive(t, calls); c != (call{"last", "s", 0}) {
		t.Errorf("got %+v", c)
	}
	open(t, ts, "s").next()
	if c := receive(t, calls); c != (call{"first", "s", 1}) {
		t.Errorf("got %+v", c)
	}
	if n := srv.Readers("nobody"); n != 0 {
		t.Errorf("%d readers of nobody", n)
	}
}

// A hook may publish, and the reader it was called for gets the event.
func TestHookPublishes(t *testing.T) {
	var srv *mix.Server
	srv = newServer(t, vouch("s"), server.OnFirstReader(func(session string) {
		if _, err := srv.Publish(context.Background(), session, content("hello")); err != nil {
			t.Error(err)
		}
	}))
	ts := serve(t, srv)
	r := open(t, ts, "s")
	r.next()
	if e := r.next(); e.name != "content" {
		t.Errorf("got %+v", e)
	}
}

// Under any coming and going the hooks alternate and never overlap.
func TestHooksAlternate(t *testing.T) {
	var running, watched atomic.Int32
	var last sync.WaitGroup
	hook := func(change int32) func(string) {
		return func(string) {
			if n := running.Add(1); n != 1 {
				t.Errorf("%d hooks run", n)
			}
			if n := watched.Add(change); n < 0 || n > 1 {
				t.Errorf("watched %d times", n)
			}
			running.Add(-1)
			if change > 0 {
				last.Add(1)
			} else {
				last.Done()
			}
		}
	}
	srv := newServer(t, server.OnFirstReader(hook(1)), server.OnLastReader(hook(-1)))
	ts := serve(t, srv)
	publish(t, srv, "s", "")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 10 {
				res, err := try(t, ts, streamURL(ts, "s"))
				if err != nil {
					t.Error(err)
					return
				}
				res.Body.Close()
			}
		})
	}
	all.Wait()
	closeAll(t, ts, srv)
	last.Wait()
	if n := srv.Readers("s"); n != 0 {
		t.Errorf("%d readers are left", n)
	}
}

// A panic of the application costs its request and leaves nothing behind.
func TestPanics(t *testing.T) {
	quiet := func(ts *httptest.Server) { ts.Config.ErrorLog = log.New(io.Discard, "", 0) }
	for name, option := range map[string]func(armed *atomic.Bool) server.Option{
		"first": func(armed *atomic.Bool) server.Option {
			return server.OnFirstReader(func(string) { panicIf(armed) })
		},
		"last": func(armed *atomic.Bool) server.Option {
			return server.OnLastReader(func(string) { panicIf(armed) })
		},
		"sessions": func(armed *atomic.Bool) server.Option {
			return server.WithSessions(func(context.Context, string) (bool, error) { panicIf(armed); return true, nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			var armed atomic.Bool
			events := &faultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
			srv := newServer(t, server.WithLog(events), vouch("s"), option(&armed))
			ts := serve(t, srv, quiet)
			armed.Store(true)
			if res, err := try(t, ts, streamURL(ts, "s")); err == nil {
				res.Body.Close()
			}
			closeAll(t, ts, srv)
			if n, open := srv.Readers("s"), events.open.Load(); n != 0 || open != 0 {
				t.Errorf("%d readers of the session and %d of the log are left", n, open)
			}
			armed.Store(false)
			again := serve(t, srv)
			r := open(t, again, "s")
			r.next()
			if n := srv.Readers("s"); n != 1 {
				t.Errorf("%d readers", n)
			}
			r.close()
			closeAll(t, again, srv)
			if err := srv.Shutdown(t.Context()); err != nil { // counts streams
				t.Error(err)
			}
		})
	}
}

// After a first hook that panicked the next reader is the first.
func TestFirstHookIsCalledAgain(t *testing.T) {
	var armed atomic.Bool
	calls := make(chan string, 10)
	srv := newServer(t, vouch("s"),
		server.OnFirstReader(func(string) {
			fails := armed.Load() // before the test is told, which disarms it
			calls <- "first"
			if fails {
				panic("by the application")
			}
		}),
		server.OnLastReader(func(string) { calls <- "last" }))
	ts := serve(t, srv, func(ts *httptest.Server) { ts.Config.ErrorLog = log.New(io.Discard, "", 0) })
	armed.Store(true)
	if res, err := try(t, ts, streamURL(ts, "s")); err == nil {
		res.Body.Close()
	}
	for i, want := range []string{"first", "first", "last"} {
		if i == 1 {
			armed.Store(false)
			r := open(t, ts, "s")
			r.next()
			r.close()
		}
		if got := receive(t, calls); got != want {
			t.Errorf("call %d is %s, want %s", i, got, want)
		}
	}
}

func panicIf(armed *atomic.Bool) {
	if armed.Load() {
		panic("by the application")
	}
}
