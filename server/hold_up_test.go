package server_test

import (
	"context"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// Readers that were behind, caught up, and then stop reading hold up no other readers.
func TestReadersStuckAgain(t *testing.T) {
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

// Streams that wait for a slow log hold up no others, however many wait.
func TestSlowLogHoldsUpItsReadersOnly(t *testing.T) {
	t.Parallel()
	var isSlow atomic.Bool
	var waiting atomic.Int64
	free := make(chan struct{})
	events := &servertest.HookedLog{Log: eventlog.NewMemory(eventlog.Retention{}), BeforeRead: func(_ context.Context, session string) error {
		if session == "slow" && isSlow.Load() {
			waiting.Add(1)
			<-free
		}
		return nil
	}}
	srv, ts := servertest.Detached.Start(t, server.WithLog(events))
	servertest.Publish(t, srv, "slow", "")
	servertest.Publish(t, srv, "s", "")
	slow := make([]*servertest.Reader, 20*runtime.GOMAXPROCS(0))
	for i := range slow {
		_, slow[i] = servertest.Dial(t, ts, "slow")
	}
	_, r := servertest.Dial(t, ts, "s")
	isSlow.Store(true)
	late := servertest.Publish(t, srv, "slow", "")
	for range 10 {
		r.WantContents(servertest.Publish(t, srv, "s", ""))
	}
	servertest.Until(t, "all others wait", func() bool { return waiting.Load() == int64(len(slow)) })
	isSlow.Store(false)
	close(free)
	for _, r := range slow {
		r.WantContents(late)
	}
}

// Streams that wait for a slow authorizer hold up no others, however many wait.
func TestSlowAuthorizerHoldsUpItsReadersOnly(t *testing.T) {
	t.Parallel()
	var slow atomic.Bool
	var waiting atomic.Int64
	free := make(chan struct{})
	srv, _ := newDetachedServer(t, server.WithTiming(server.Timing{Heartbeat: time.Hour, Reauthorization: 50 * time.Millisecond}),
		server.WithAuthorizer(func(_ *http.Request, session string) error {
			if session == "slow" && slow.Load() {
				waiting.Add(1)
				<-free
			}
			return nil
		}))
	t.Cleanup(func() { close(free) })
	ts := servertest.Serve(t, srv)
	servertest.Publish(t, srv, "slow", "")
	servertest.Publish(t, srv, "s", "")
	streams := int64(10 * runtime.GOMAXPROCS(0))
	for range streams {
		servertest.Dial(t, ts, "slow")
	}
	_, r := servertest.Dial(t, ts, "s")
	slow.Store(true)
	servertest.Until(t, "all but one wait", func() bool { return waiting.Load() == streams })
	r.WantContents(servertest.Publish(t, srv, "s", ""))
}

// A slow hook holds up only the ends of the streams that it is called for.
func TestSlowHooksHoldUpNoOthers(t *testing.T) {
	t.Parallel()
	free := make(chan struct{})
	var waiting atomic.Int64
	srv, _ := newDetachedServer(t, servertest.AnySession(), server.WithTiming(server.Timing{Heartbeat: 100 * time.Millisecond}), server.OnLastReader(func(session string) {
		if session != "s" {
			waiting.Add(1)
			<-free
		}
	}))
	t.Cleanup(func() { close(free) })
	ts := servertest.Serve(t, srv)
	streams := int64(10 * runtime.GOMAXPROCS(0))
	for i := range streams {
		conn, _ := servertest.Dial(t, ts, strconv.FormatInt(i, 10))
		conn.Close()
	}
	servertest.Until(t, "all that have left wait", func() bool { return waiting.Load() == streams })
	_, r := servertest.Dial(t, ts, "s")
	r.IgnoreBeats = true
	r.WantContents(servertest.Publish(t, srv, "s", ""))
}
