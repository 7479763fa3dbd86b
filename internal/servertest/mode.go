package servertest

import (
	"net"
	"net/http/httptest"
	"testing"

	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// Mode selects who runs the streams of a server.
type Mode int

const (
	// Attached runs a stream by the goroutine of its request.
	Attached Mode = iota
	// Detached runs streams by workers, as the command does. A stream that cannot be
	// detached stays attached.
	Detached
)

// String returns the name of the mode.
func (m Mode) String() string { return [...]string{"attached", "detached"}[m] }

// BothModes runs a test in both modes, in parallel with other tests.
func BothModes(t *testing.T, test func(t *testing.T, m Mode)) {
	t.Helper()
	t.Parallel()
	for _, m := range []Mode{Attached, Detached} {
		t.Run(m.String(), func(t *testing.T) {
			t.Parallel()
			test(t, m)
		})
	}
}

// Options returns the options that set the mode. They leave the send buffers alone, so that
// a test can make them small.
func (m Mode) Options() []server.Option {
	if m == Detached {
		return []server.Option{server.WithDetachedStreams(), server.WithLimits(server.Limits{SendBuffer: server.Unlimited})}
	}
	return nil
}

// NewServer returns a server of the mode. All its streams end with the test.
func (m Mode) NewServer(t testing.TB, opts ...server.Option) *mix.Server {
	t.Helper()
	srv := Must(mix.NewServer(append(m.Options(), opts...)...))(t)
	t.Cleanup(func() { ShutNow(srv) })
	return srv
}

// Start returns a server of the mode and serves it on a socket. Both end with the test.
func (m Mode) Start(t testing.TB, opts ...server.Option) (*mix.Server, *httptest.Server) {
	t.Helper()
	srv := m.NewServer(t, opts...)
	return srv, Serve(t, srv)
}

// Tap calls f with each write of a stream, before the write is out. For an attached stream it
// wraps the ResponseWriter. A stream whose writer is wrapped is not detached, so for a
// detached one Tap wraps the connection.
func (m Mode) Tap(f func([]byte)) func(*httptest.Server) {
	return func(ts *httptest.Server) {
		if m == Detached {
			ts.Listener = WrapConns(ts.Listener, func(c net.Conn) net.Conn { return TapConn(c, f) })
		} else {
			ts.Config.Handler = TapWriter(ts.Config.Handler, f)
		}
	}
}
