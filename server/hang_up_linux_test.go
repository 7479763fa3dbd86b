package server_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// The server notices a client that leaves while its stream waits for the log.
func TestClientLeavesWhileLogWaits(t *testing.T) {
	servertest.BothModes(t, testClientLeavesWhileLogWaits)
}

func testClientLeavesWhileLogWaits(t *testing.T, mode servertest.Mode) {
	events, waits, waiting := patientLog()
	o := servertest.NewObserver()
	srv, ts := mode.Start(t, server.WithLog(events), server.WithObserver(o))
	servertest.Publish(t, srv, "s", "")
	conn, _ := servertest.Dial(t, ts, "s")
	waits.Store(true)
	servertest.Publish(t, srv, "s", "")
	servertest.Until(t, "the stream reads", func() bool { return waiting.Load() > 0 })
	conn.Close()
	servertest.Receive(t, o.Streams).WantEnd(t, server.EndClientLeft)
	wantFree(t, srv)
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

// The application closes the connections of some streams, and other connections get their
// descriptors. The streams end without a heartbeat, and the server watches the new
// clients. The test is not parallel, since the descriptors could go to another test.
func TestDescriptorUsedAgain(t *testing.T) {
	const streams = 10
	conns := make(chan net.Conn, 2*streams)
	srv, _ := newDetachedServer(t, server.WithTiming(server.Timing{Heartbeat: time.Hour}))
	ts := servertest.Serve(t, srv, func(ts *httptest.Server) {
		ts.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
			conns <- c
			return ctx
		}
	})
	servertest.Publish(t, srv, "s", "")
	for range streams {
		servertest.Dial(t, ts, "s")
	}
	servertest.Until(t, "all are watched", func() bool { return srv.Watched() == streams })
	for range streams {
		(<-conns).Close()
	}
	const more = streams / 2 // each takes two descriptors, one for each side
	clients := make([]net.Conn, more)
	for i := range clients {
		clients[i], _ = servertest.Dial(t, ts, "s")
	}
	servertest.Until(t, "some have ended", func() bool { return srv.Readers("s") < streams+more })
	for _, c := range clients {
		c.Close()
	}
	servertest.Until(t, "all clients that left were noticed", func() bool { return srv.Readers("s") < streams })
}

// deafLog is a log that ignores its context.
type deafLog struct{ eventlog.Log }

func (l deafLog) Follow(ctx context.Context, s eventlog.Session, wake func()) (eventlog.Reader, error) {
	r, err := l.Log.Follow(ctx, s, wake)
	return deafReader{r}, err
}

type deafReader struct{ eventlog.Reader }

func (r deafReader) Read(_ context.Context, after uint64, limit int) (eventlog.Batch, error) {
	return r.Reader.Read(context.Background(), after, limit)
}

// A stream ends at once even if the log ignores the stream's context.
func TestEndOfStreamWithDeafLog(t *testing.T) {
	t.Parallel()
	for name, end := range map[server.EndReason]func(*mix.Server, net.Conn){
		server.EndClientLeft: func(_ *mix.Server, c net.Conn) { c.Close() },
		server.EndShutdown:   func(srv *mix.Server, _ net.Conn) { servertest.ShutNow(srv) },
	} {
		t.Run(string(name), func(t *testing.T) {
			srv, o := newDetachedServer(t, server.WithTiming(server.Timing{Heartbeat: time.Hour, DrainWindow: time.Hour}),
				server.WithLog(deafLog{eventlog.NewMemory(eventlog.Retention{})}))
			ts := servertest.Serve(t, srv)
			servertest.Publish(t, srv, "s", "")
			conn, _ := servertest.Dial(t, ts, "s")
			end(srv, conn)
			servertest.Receive(t, o.Streams).WantEnd(t, name)
			wantFree(t, srv)
		})
	}
}
