//go:build unix

package server

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
)

// crew is a server with streams that stand in for detached ones.
type crew struct {
	t      *testing.T
	srv    *Server[gen.Event]
	null   *os.File
	writes atomic.Int64
}

func newCrew(t *testing.T, opts ...Option) *crew {
	t.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { null.Close() })
	opts = append([]Option{WithDetachedStreams(0), WithHeartbeat(time.Hour),
		WithSessions(func(context.Context, string) (bool, error) { return true, nil })}, opts...)
	srv, err := New(gen.StreamEvents, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return &crew{t: t, srv: srv, null: null}
}

// conn returns a connection that takes all.
func (c *crew) conn() nowhere {
	return nowhere{fd: c.null.Fd(), server: c.srv.engine, writes: &c.writes}
}

func (c *crew) publish(session string) {
	c.t.Helper()
	if _, err := c.srv.Publish(c.t.Context(), session, &gen.ContentData{}); err != nil {
		c.t.Fatal(err)
	}
}

// end ends all streams, and waits for the workers.
func (c *crew) end() {
	ctx, cancel := context.WithCancel(c.t.Context())
	cancel()
	_ = c.srv.Shutdown(ctx)
	c.srv.workers.running.Wait()
}

// nowhere is a connection that takes all that is written, and notes when that was.
type nowhere struct {
	net.Conn
	fd      uintptr
	server  *engine
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
func (unread) SetReadDeadline(time.Time) error  { return nil }
func (unread) SetWriteDeadline(time.Time) error { return nil }

// standIn makes a stream as one that has been detached, on a connection that is no
// socket. Its turns are the caller's.
func standIn(t *testing.T, srv *Server[gen.Event], session string, raw syscall.RawConn, c net.Conn) *detached {
	t.Helper()
	ctx := t.Context()
	l := newLive(httptest.NewRequest(http.MethodGet, "/", nil).WithContext(ctx), srv.engine, session)
	var err error
	if l.reader, err = srv.log.Follow(ctx, eventlog.Session{ID: session}, l.waker()); err != nil {
		t.Fatal(err)
	}
	if err := l.begin(ctx, ""); err != nil {
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
