package servertest

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// Patience is how long a test waits for what must come, before it fails.
const Patience = time.Minute

// NewServer returns a server in the mode of the command, for a test that does not depend on
// the mode.
func NewServer(t testing.TB, opts ...server.Option) *mix.Server {
	t.Helper()
	return Detached.NewServer(t, opts...)
}

// Start is NewServer that also serves the server on a socket.
func Start(t testing.TB, opts ...server.Option) (*mix.Server, *httptest.Server) {
	t.Helper()
	return Detached.Start(t, opts...)
}

// ShutNow ends all streams of a server at once.
func ShutNow(srv interface{ Shutdown(context.Context) error }) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = srv.Shutdown(ctx)
}

// Serve serves a handler on a socket until the test ends.
func Serve(t testing.TB, h http.Handler, configure ...func(*httptest.Server)) *httptest.Server {
	t.Helper()
	ts := httptest.NewUnstartedServer(h)
	for _, f := range configure {
		f(ts)
	}
	if ts.EnableHTTP2 {
		ts.StartTLS()
	} else {
		ts.Start()
	}
	t.Cleanup(ts.Close)
	return ts
}

// Quiet makes an http.Server drop its log, for a test whose handlers panic.
func Quiet(ts *httptest.Server) { ts.Config.ErrorLog = log.New(io.Discard, "", 0) }

// SmallLog is a log that retains this many entries of a session.
func SmallLog(entries int) server.Option {
	return server.WithLog(eventlog.NewMemory(eventlog.Retention{Entries: entries}))
}

// AnySession lets every session exist.
func AnySession() server.Option {
	return server.WithSessions(func(context.Context, string) (bool, error) { return true, nil })
}

// Vouch lets these sessions exist without an event.
func Vouch(sessions ...string) server.Option {
	return server.WithSessions(func(_ context.Context, id string) (bool, error) { return slices.Contains(sessions, id), nil })
}

// Tenants puts the sessions "a/1" and "a/2" into the scope "a".
func Tenants() server.Option {
	return server.WithScope(func(session string) string {
		tenant, _, _ := strings.Cut(session, "/")
		return tenant
	})
}

// FreeAddress returns an address of this machine at which nothing listens.
func FreeAddress(t testing.TB) string {
	t.Helper()
	l := Must(net.Listen("tcp", "127.0.0.1:0"))(t)
	defer l.Close()
	return l.Addr().String()
}
