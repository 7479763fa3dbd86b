package endtoend_test

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// house is an address at which http.Servers come and go.
type house struct {
	t      *testing.T
	addr   string
	server *http.Server
	served chan struct{}
}

// start serves a handler at the address.
func (h *house) start(handler http.Handler) {
	h.t.Helper()
	if h.addr == "" {
		h.addr = "127.0.0.1:0"
	}
	var listener net.Listener
	servertest.Until(h.t, "the address is free", func() (ok bool) { // another connection may have the port
		var err error
		listener, err = net.Listen("tcp", h.addr)
		return err == nil
	})
	h.addr = listener.Addr().String()
	s, served := &http.Server{Handler: handler, ReadHeaderTimeout: servertest.Patience}, make(chan struct{})
	h.server, h.served = s, served
	go func() {
		defer close(served)
		if err := s.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			h.t.Error(err)
		}
	}()
}

// stop closes the listener and all connections.
func (h *house) stop() {
	_ = h.server.Close() // an error of the listener changes nothing
	<-h.served
}

// Many readers lose the server at once, several times, and come back with their ids while
// events go on. All resume, nothing is lost or doubled, and the process is as it was
// before.
func TestStorm(t *testing.T) {
	const sessions, storms = 20, 3
	n := servertest.AtScale(50, 2000)
	log := eventlog.NewMemory(eventlog.Retention{})
	srv := servertest.Attached.NewServer(t, server.WithTiming(server.Timing{Retry: server.None}), server.WithLog(log)) // attached: http.Server.Close ends these streams
	h := &house{t: t}
	h.start(srv)
	defer func() { h.stop() }()
	c := newClient(t, &url.URL{Scheme: "http", Host: h.addr}, client.WithRetryPolicy(client.RetryPolicy{
		InitialInterval: 10 * time.Millisecond, MaxInterval: 300 * time.Millisecond, MaxElapsedTime: servertest.Patience}))
	slack := level{bytes: int64(n)*4<<10 + 4<<20, goroutines: 20} // the client is in the same process

	empty := levelNow()
	a := newAudience(t, sessions)
	a.fill(srv, c, n)
	full := levelNow()
	for range storms {
		stop := a.publishing(srv)
		h.stop()
		servertest.Until(t, "the server has let go of all", func() bool { return a.watched(srv) == 0 })
		h.start(srv)
		servertest.Until(t, "all are back", func() bool { return a.watched(srv) == n })
		stop()
		servertest.Until(t, "all have caught up", a.caughtUp)
	}
	wantLevel(t, "after the storms", full, slack)
	a.finish(srv)
	a.readers = nil
	wantLevel(t, "when all have left", empty, slack)
}

// level is what an idle process uses.
type level struct {
	bytes      int64 // of the live heap
	goroutines int
}

func levelNow() level { return level{servertest.HeapInUse(), runtime.NumGoroutine()} }

// wantLevel waits until the process is back at a level, with some slack.
func wantLevel(t *testing.T, when string, want, slack level) {
	t.Helper()
	var now level
	defer func() {
		t.Logf("%s: %d bytes and %d goroutines, before: %d and %d", when, now.bytes, now.goroutines, want.bytes, want.goroutines)
	}()
	servertest.Until(t, "the level "+when+" is that from before", func() bool {
		now = levelNow()
		return now.bytes <= want.bytes+slack.bytes && now.goroutines <= want.goroutines+slack.goroutines
	})
}
