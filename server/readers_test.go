package server_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

func TestReaders(t *testing.T) { servertest.BothModes(t, testReaders) }

func testReaders(t *testing.T, mode servertest.Mode) {
	type call struct {
		hook, session string
		readers       int
	}
	calls := make(chan call, 100)
	var srv *mix.Server
	hook := func(name string) func(string) {
		return func(session string) { calls <- call{name, session, srv.Readers(session)} }
	}
	srv = mode.NewServer(t, server.OnFirstReader(hook("first")), server.OnLastReader(hook("last")))
	ts := servertest.Serve(t, srv)
	servertest.Publish(t, srv, "s", "")
	servertest.Publish(t, srv, "other", "")

	one := servertest.Open(t, ts, "s")
	one.Next()
	if c := servertest.Receive(t, calls); c != (call{"first", "s", 1}) {
		t.Errorf("got %+v", c)
	}
	two := servertest.Open(t, ts, "s")
	two.Next()
	if n := srv.Readers("s"); n != 2 {
		t.Errorf("%d readers", n)
	}
	servertest.Open(t, ts, "other").Next()
	if c := servertest.Receive(t, calls); c != (call{"first", "other", 1}) {
		t.Errorf("got %+v", c)
	}
	one.Close()
	two.Close()
	if c := servertest.Receive(t, calls); c != (call{"last", "s", 0}) {
		t.Errorf("got %+v", c)
	}
	servertest.Open(t, ts, "s").Next()
	if c := servertest.Receive(t, calls); c != (call{"first", "s", 1}) {
		t.Errorf("got %+v", c)
	}
	if n := srv.Readers("nobody"); n != 0 {
		t.Errorf("a session without readers has %d", n)
	}
}

// A hook may publish, and the reader for which it is called gets the event.
func TestHookPublishes(t *testing.T) { servertest.BothModes(t, testHookPublishes) }

func testHookPublishes(t *testing.T, mode servertest.Mode) {
	var srv *mix.Server
	srv = mode.NewServer(t, servertest.Vouch("s"), server.OnFirstReader(func(session string) {
		if _, err := srv.Publish(context.Background(), session, servertest.Content("hello")); err != nil {
			t.Error(err)
		}
	}))
	ts := servertest.Serve(t, srv)
	r := servertest.Open(t, ts, "s")
	r.Next()
	if e := r.Next(); e.Name != "content" {
		t.Errorf("got %+v", e)
	}
}

// Readers come and go at random: the hooks alternate and never overlap.
func TestHooksAlternate(t *testing.T) { servertest.BothModes(t, testHooksAlternate) }

func testHooksAlternate(t *testing.T, mode servertest.Mode) {
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
	srv, ts := mode.Start(t, server.OnFirstReader(hook(1)), server.OnLastReader(hook(-1)))
	servertest.Publish(t, srv, "s", "")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 10 {
				res, err := servertest.Try(t, ts, servertest.StreamURL(ts, "s"))
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
