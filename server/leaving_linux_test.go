package server_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/mixstream/mixstream/mix"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
)

// A client that leaves is noticed also while its stream waits for the log.
func TestClientLeavesWhileLogWaits(t *testing.T) {
	bothModes(t, func(t *testing.T, mode server.Option) {
		events, waits, waiting := patientLog()
		o := newObserver()
		srv := newAttachedServer(t, mode, server.WithLog(events), server.WithObserver(o))
		t.Cleanup(func() { shutNow(srv) })
		ts := serve(t, srv)
		publish(t, srv, "s", "")
		conn, _ := dialStream(t, ts.Listener.Addr().String(), "s")
		waits.Store(true)
		publish(t, srv, "s", "")
		until(t, "the stream reads", func() bool { return waiting.Load() > 0 })
		conn.Close()
		receive(t, o.streams).wantEnd(t, server.EndClientLeft)
		wantFree(t, srv)
	})
}

// An authorizer that is asked again learns by its request that the client has left.
func TestClientLeavesWhileAuthorizerWaits(t *testing.T) {
	bothModes(t, func(t *testing.T, mode server.Option) {
		asked, first := make(chan struct{}, 100), true
		srv := newAttachedServer(t, mode, server.WithReauthorization(20*time.Millisecond),
			server.WithAuthorizer(func(r *http.Request, _ string) error {
				if first {
					first = false
					return nil
				}
				asked <- struct{}{}
				<-r.Context().Done()
				return r.Context().Err()
			}))
		t.Cleanup(func() { shutNow(srv) })
		ts := serve(t, srv)
		publish(t, srv, "s", "")
		conn, _ := dialStream(t, ts.Listener.Addr().String(), "s")
		receive(t, asked)
		conn.Close()
		wantFree(t, srv)
	})
}

// A connection that somebody else closes, who has it from net/http, ends its stream, also
// if another connection has its descriptor at once.
func TestConnectionClosedBelow(t *testing.T) {
	bothModes(t, func(t *testing.T, mode server.Option) {
		srv := newAttachedServer(t, mode, server.WithHeartbeat(200*time.Millisecond))
		t.Cleanup(func() { shutNow(srv) })
		conns := make(chan net.Conn, 10)
		ts := serve(t, srv, func(ts *httptest.Server) {
			ts.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
				conns <- c
				return ctx
			}
		})
		publish(t, srv, "s", "")
		address := ts.Listener.Addr().String()
		for range 2 {
			dialStream(t, address, "s")
		}
		for range 2 {
			(<-conns).Close()
		}
		next, _ := dialStream(t, address, "s")
		until(t, "two streams have ended", func() bool { return srv.Readers("s") == 1 })
		next.Close()
		wantFree(t, srv)
		until(t, "no client is watched", func() bool { return srv.Watched() == 0 })
	})
}

// The stream of a connection that somebody else has closed ends, without a heartbeat, when
// another connection has its descriptor; and the client of that one is watched.
func TestDescriptorUsedAgain(t *testing.T) {
	const streams = 10
	conns := make(chan net.Conn, 2*streams)
	srv, _ := newDetachedServer(t, server.WithHeartbeat(time.Hour))
	ts := serve(t, srv, func(ts *httptest.Server) {
		ts.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
			conns <- c
			return ctx
		}
	})
	publish(t, srv, "s", "")
	address := ts.Listener.Addr().String()
	for range streams {
		dialStream(t, address, "s")
	}
	until(t, "all are watched", func() bool { return srv.Watched() == streams })
	for range streams {
		(<-conns).Close()
	}
	const more = streams / 2 // each takes two descriptors, one for either side
	clients := make([]net.Conn, more)
	for i := range clients {
		clients[i], _ = dialStream(t, address, "s")
	}
	until(t, "some have ended", func() bool { return srv.Readers("s") < streams+more })
	for _, c := range clients {
		c.Close()
	}
	until(t, "all clients that left were noticed", func() bool { return srv.Readers("s") < streams })
}

// deafLog is a log that does not look at its context.
type deafLog struct{ eventlog.Log }

func (l deafLog) Follow(ctx context.Context, s eventlog.Session, wake func()) (eventlog.Reader, error) {
	r, err := l.Log.Follow(ctx, s, wake)
	return deafReader{r}, err
}

type deafReader struct{ eventlog.Reader }

func (r deafReader) Read(_ context.Context, after uint64, limit int) (eventlog.Batch, error) {
	return r.Reader.Read(context.Background(), after, limit)
}

// A stream ends at once also where the log does not look at the stream's context.
func TestEndOfStreamWithDeafLog(t *testing.T) {
	for name, end := range map[server.EndReason]func(*mix.Server, net.Conn){
		server.EndClientLeft: func(_ *mix.Server, c net.Conn) { c.Close() },
		server.EndShutdown:   func(srv *mix.Server, _ net.Conn) { shutNow(srv) },
	} {
		t.Run(string(name), func(t *testing.T) {
			srv, o := newDetachedServer(t, server.WithHeartbeat(time.Hour), server.WithDrainWindow(time.Hour),
				server.WithLog(deafLog{eventlog.NewMemory(eventlog.Retention{})}))
			ts := serve(t, srv)
			publish(t, srv, "s", "")
			conn, _ := dialStream(t, ts.Listener.Addr().String(), "s")
			end(srv, conn)
			receive(t, o.streams).wantEnd(t, name)
			wantFree(t, srv)
		})
	}
}
