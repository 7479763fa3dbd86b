package server_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// Readers that were behind, caught up, and then stop reading hold up no other readers.
func TestStuckReadersHoldUpNoOthers(t *testing.T) {
	t.Parallel()
	srv, _ := newDetachedServer(t, server.WithTiming(server.Timing{Heartbeat: time.Hour, WriteTimeout: time.Hour}))
	ts := servertest.Serve(t, srv)
	servertest.Publish(t, srv, "slow", "")
	servertest.Publish(t, srv, "s", "")
	slow := make([]*servertest.Reader, 5*runtime.GOMAXPROCS(0))
	for i := range slow {
		_, slow[i] = servertest.Dial(t, ts, "slow")
	}
	_, r := servertest.Dial(t, ts, "s")
	for range 2 {
		id := servertest.Publish(t, srv, "slow", strings.Repeat("x", 400_000)) // more than a worker writes at once
		for _, r := range slow {
			r.WantContents(id)
		}
	}
	for range 8 { // more than both kernels take
		servertest.Publish(t, srv, "slow", strings.Repeat("x", 1_000_000))
	}
	r.WantContents(servertest.Publish(t, srv, "s", ""))
}

// slowPart is a part of the application that makes sessions wait once it is slow, except "s".
type slowPart struct {
	slow    atomic.Bool
	waiting atomic.Int64
	free    chan struct{}
}

func (p *slowPart) wait(session string) {
	if session != "s" && p.slow.Load() {
		p.waiting.Add(1)
		<-p.free
	}
}

// However many streams wait for a part of the application that is slow, they hold up no others.
func TestSlowPartsHoldUpNoOthers(t *testing.T) {
	t.Parallel()
	streams := 20 * runtime.GOMAXPROCS(0)
	for name, test := range map[string]struct {
		part   func(*slowPart) server.Option
		causes func(t *testing.T, srv *mix.Server, session string, c net.Conn) // that a stream waits
	}{
		"log": {func(p *slowPart) server.Option {
			return server.WithLog(&servertest.HookedLog{Log: eventlog.NewMemory(eventlog.Retention{}), BeforeRead: func(_ context.Context, session string) error {
				p.wait(session)
				return nil
			}})
		}, func(t *testing.T, srv *mix.Server, session string, _ net.Conn) {
			servertest.Publish(t, srv, session, "")
		}},
		"authorizer": {func(p *slowPart) server.Option {
			return server.WithAuthorizer(func(_ *http.Request, session string) error { p.wait(session); return nil })
		}, func(*testing.T, *mix.Server, string, net.Conn) {}},
		"hook": {func(p *slowPart) server.Option { return server.OnLastReader(p.wait) },
			func(_ *testing.T, _ *mix.Server, _ string, c net.Conn) { c.Close() }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &slowPart{free: make(chan struct{})}
			timing := server.Timing{Heartbeat: 100 * time.Millisecond}
			if name == "authorizer" {
				timing.Reauthorization = 50 * time.Millisecond
			}
			srv, _ := newDetachedServer(t, servertest.AnySession(), server.WithTiming(timing), test.part(p))
			t.Cleanup(func() { close(p.free) })
			ts := servertest.Serve(t, srv)
			conns := make([]net.Conn, streams)
			for i := range conns {
				conns[i], _ = servertest.Dial(t, ts, fmt.Sprint(i))
			}
			_, r := servertest.Dial(t, ts, "s")
			r.IgnoreBeats = true
			p.slow.Store(true)
			for i, c := range conns {
				test.causes(t, srv, fmt.Sprint(i), c)
			}
			servertest.Until(t, "all others wait", func() bool { return p.waiting.Load() == int64(streams) })
			for range 10 {
				r.WantContents(servertest.Publish(t, srv, "s", ""))
			}
		})
	}
}
