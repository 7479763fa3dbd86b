//go:build unix

package server

import (
	"context"
	"net"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// nowhere is a connection that takes all that is written, and notes when that was.
type nowhere struct {
	net.Conn
	fd      uintptr
	server  *Server
	last    atomic.Int64 // the instant of the last write
	longest atomic.Int64 // the longest time between two
	writes  *atomic.Int64
}

func (c *nowhere) Write(f func(fd uintptr) (done bool)) error {
	now := int64(c.server.now())
	c.longest.Store(max(c.longest.Load(), now-c.last.Swap(now)))
	c.writes.Add(1)
	f(c.fd)
	return nil
}

func (*nowhere) Read(func(uintptr) bool) error { return nil }
func (*nowhere) Control(func(uintptr)) error   { return nil }

// unread is the connection itself, of which nothing but the end is used.
type unread struct{ net.Conn }

func (unread) Close() error                     { return nil }
func (unread) SetWriteDeadline(time.Time) error { return nil }

// The wheel and the workers serve many streams, which beat in their interval, with a few
// goroutines.
func TestWheelOfManyStreams(t *testing.T) {
	streams, heartbeat := 1000, time.Second/2
	if os.Getenv("MIXSTREAM_SLOW") != "" {
		streams, heartbeat = 100_000, 10*time.Second
	}
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	srv, err := New(WithDetachedStreams(0), WithHeartbeat(heartbeat),
		WithSessions(func(context.Context, string) (bool, error) { return true, nil }))
	if err != nil {
		t.Fatal(err)
	}
	goroutines := runtime.NumGoroutine()
	var writes atomic.Int64
	conns := make([]*nowhere, streams)
	for i := range conns {
		conns[i] = &nowhere{fd: null.Fd(), server: srv, writes: &writes}
		conns[i].last.Store(int64(srv.now()))
		srv.workers.hand(standIn(t, srv, "session-"+strconv.Itoa(i%100), conns[i], unread{}))
	}

	most := 0
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	// A machine that stops for a while has many of them late: in one round, but not in each.
	for round, late := 1, streams; late > streams/2; round++ {
		for _, c := range conns {
			c.longest.Store(0)
		}
		began := writes.Load()
		for deadline := time.Now().Add(10 * heartbeat); writes.Load()-began < int64(3*streams); <-tick.C {
			if most = max(most, runtime.NumGoroutine()-goroutines); time.Now().After(deadline) {
				t.Fatalf("%d heartbeats of %d streams in ten intervals", writes.Load()-began, streams)
			}
		}
		var longest time.Duration
		late = 0
		for _, c := range conns {
			between := time.Duration(c.longest.Load())
			if longest = max(longest, between); between > heartbeat+heartbeat/4 {
				late++
			}
			if between == 0 {
				t.Fatal("a stream has had no heartbeat")
			}
		}
		t.Logf("%d streams: at most %d goroutines, %v between two heartbeats of %v, %d of them a quarter late", streams, most, longest, heartbeat, late)
		if late > streams/2 && round == 5 {
			t.Fatalf("%d of %d streams had their heartbeats more than a quarter late", late, streams)
		}
	}
	if most > srv.workers.max+5 {
		t.Errorf("%d goroutines, want %d workers at most", most, srv.workers.max)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = srv.Shutdown(ctx)
	srv.workers.running.Wait()
}

// standIn makes a stream as one that has been detached, on a connection that is no
// socket. Its turns are the caller's.
func standIn(t *testing.T, srv *Server, session string, raw syscall.RawConn, c net.Conn) *detached {
	t.Helper()
	ctx := t.Context()
	l := newLive(ctx, srv, session)
	l.visit = &visit{Context: ctx, stream: l}
	var err error
	if l.reader, err = srv.log.Follow(ctx, eventlog.Session{ID: session}, l.waker()); err != nil {
		t.Fatal(err)
	}
	if _, err := l.begin(ctx, ""); err != nil {
		t.Fatal(err)
	}
	l.readers = srv.readers.enter(session)
	l.sent = srv.now()
	l.plan()
	d := &detached{live: l, conn: c, raw: raw}
	l.ctx = &d.life
	d.state.Store(turning)
	l.detached.Store(d)
	l.clear = true
	srv.streams.add(l)
	l.reschedule()
	return d
}
