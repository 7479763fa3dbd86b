package server_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// A client that closes its half of the connection, or resets the connection, has left. The server
// notices without a heartbeat.
func TestDetachedClientLeaves(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*net.TCPConn){
		"half-closed": func(c *net.TCPConn) { _ = c.CloseWrite() },
		"reset":       func(c *net.TCPConn) { _ = c.SetLinger(0); c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			srv, o := newDetachedServer(t, server.WithTiming(server.Timing{Heartbeat: time.Hour}))
			ts := servertest.Serve(t, srv)
			servertest.Publish(t, srv, "s", "")
			conn, r := servertest.Dial(t, ts, "s")
			leave(conn.(*net.TCPConn))
			servertest.Receive(t, o.Streams).WantEnd(t, server.EndClientLeft)
			if name == "half-closed" { // the open half ends cleanly
				r.WantEnd()
			}
			wantFree(t, srv)
		})
	}
}

// deafLog is a log that ignores the context of a read.
type deafLog struct{ eventlog.Log }

func (l deafLog) Follow(ctx context.Context, s eventlog.Session, wake func()) (eventlog.Reader, error) {
	r, err := l.Log.Follow(ctx, s, wake)
	return deafReader{r}, err
}

type deafReader struct{ eventlog.Reader }

func (r deafReader) Read(_ context.Context, after uint64, limit int) (eventlog.Batch, error) {
	return r.Reader.Read(context.Background(), after, limit)
}

// A stream ends at once while it waits for the log, and even if the log ignores that it ends.
func TestEndWhileLogWaits(t *testing.T) { servertest.BothModes(t, testEndWhileLogWaits) }

func testEndWhileLogWaits(t *testing.T, mode servertest.Mode) {
	for _, deaf := range []bool{false, true} {
		for reason, end := range map[server.EndReason]func(*mix.Server, net.Conn){
			server.EndClientLeft: func(_ *mix.Server, c net.Conn) { c.Close() },
			server.EndShutdown:   func(srv *mix.Server, _ net.Conn) { servertest.ShutNow(srv) },
		} {
			if mode == servertest.Attached && reason == server.EndShutdown && !deaf {
				continue // net/http ends it when it closes the connection
			}
			var waits atomic.Bool
			var waiting atomic.Int64
			var log eventlog.Log = &servertest.HookedLog{Log: eventlog.NewMemory(eventlog.Retention{}), BeforeRead: func(ctx context.Context, _ string) error {
				if waits.Load() {
					waiting.Add(1)
					<-ctx.Done()
				}
				return ctx.Err()
			}}
			if deaf {
				log = deafLog{eventlog.NewMemory(eventlog.Retention{})}
			}
			o := servertest.NewObserver()
			srv, ts := mode.Start(t, server.WithLog(log), server.WithObserver(o), server.WithTiming(server.Timing{Heartbeat: time.Hour, DrainWindow: time.Hour}))
			servertest.Publish(t, srv, "s", "")
			conn, _ := servertest.Dial(t, ts, "s")
			waits.Store(true)
			servertest.Publish(t, srv, "s", "")
			servertest.Until(t, "the stream reads", func() bool { return deaf || waiting.Load() > 0 })
			end(srv, conn)
			servertest.Receive(t, o.Streams).WantEnd(t, reason)
			wantFree(t, srv)
		}
	}
}

// An authorizer that is asked again learns from its request that the client has left.
func TestClientLeavesWhileAuthorizerWaits(t *testing.T) {
	servertest.BothModes(t, testClientLeavesWhileAuthorizerWaits)
}

func testClientLeavesWhileAuthorizerWaits(t *testing.T, mode servertest.Mode) {
	asked, first := make(chan struct{}, 100), true
	srv, ts := mode.Start(t, server.WithTiming(server.Timing{Reauthorization: 20 * time.Millisecond}),
		server.WithAuthorizer(func(r *http.Request, _ string) error {
			if first {
				first = false
				return nil
			}
			asked <- struct{}{}
			<-r.Context().Done()
			return r.Context().Err()
		}))
	servertest.Publish(t, srv, "s", "")
	conn, _ := servertest.Dial(t, ts, "s")
	servertest.Receive(t, asked)
	conn.Close()
	wantFree(t, srv)
}

// The application may close a connection that it has from net/http. That ends the stream,
// even if another connection gets the same descriptor at once.
func TestConnectionClosedBelow(t *testing.T) { servertest.BothModes(t, testConnectionClosedBelow) }

func testConnectionClosedBelow(t *testing.T, mode servertest.Mode) {
	srv := mode.NewServer(t, server.WithTiming(server.Timing{Heartbeat: 200 * time.Millisecond}))
	conns := make(chan net.Conn, 10)
	ts := servertest.Serve(t, srv, func(ts *httptest.Server) {
		ts.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
			conns <- c
			return ctx
		}
	})
	servertest.Publish(t, srv, "s", "")
	for range 2 {
		servertest.Dial(t, ts, "s")
	}
	for range 2 {
		(<-conns).Close()
	}
	next, _ := servertest.Dial(t, ts, "s")
	servertest.Until(t, "two streams have ended", func() bool { return srv.Readers("s") == 1 })
	next.Close()
	wantFree(t, srv)
	servertest.Until(t, "no client is watched", func() bool { return srv.Watched() == 0 })
}
