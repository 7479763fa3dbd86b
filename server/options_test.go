package server_test

import (
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/mixstream/mixstream/server"
)

func TestBadOptions(t *testing.T) {
	for name, option := range map[string]server.Option{
		"relative base path":    server.WithBasePath("api"),
		"base path with slash":  server.WithBasePath("/api/"),
		"root base path":        server.WithBasePath("/"),
		"unclean base path":     server.WithBasePath("/api/../v1"),
		"double slash":          server.WithBasePath("/api//v1"),
		"base path with braces": server.WithBasePath("/{tenant}"),
		"base path with space":  server.WithBasePath("/a b"),
		"no heartbeat":          server.WithHeartbeat(0),
		"no write timeout":      server.WithWriteTimeout(0),
		"negative retry":        server.WithRetry(-time.Second),
		"negative drain window": server.WithDrainWindow(-1),
		"negative age":          server.WithMaxConnectionAge(-1),
		"negative grace":        server.WithDeleteGrace(-1),
		"nil scope":             server.WithScope(nil),
		"nil sessions":          server.WithSessions(nil),
		"no event size":         server.WithMaxEventSize(0),
		"no session id length":  server.WithMaxSessionIDLength(-1),
		"negative streams":      server.WithMaxStreams(-1),
		"negative of session":   server.WithMaxStreamsPerSession(-1),
		"negative of client":    server.WithMaxStreamsPerClient(-1, func(*http.Request) string { return "" }),
		"no client key":         server.WithMaxStreamsPerClient(1, nil),
		"negative publishes":    server.WithMaxPublishes(-1),
		"negative of publisher": server.WithMaxPublishesPerClient(-1, nil),
		"negative idle timeout": server.WithPublishIdleTimeout(-1),
		"nil authorizer":        server.WithAuthorizer(nil),
		"negative interval":     server.WithReauthorization(-1),
		"nobody to ask again":   server.WithReauthorization(time.Minute),
	} {
		if srv, err := server.New(option); err == nil || srv != nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// The longest times mean never, and not the past.
func TestEndlessTimes(t *testing.T) {
	const endless = time.Duration(math.MaxInt64)
	srv := newServer(t, server.WithRetry(endless), server.WithHeartbeat(endless), server.WithWriteTimeout(endless),
		server.WithDrainWindow(endless), server.WithMaxConnectionAge(endless), server.WithDeleteGrace(endless),
		server.WithLogOutage(endless), server.WithReauthorization(endless),
		server.WithPublishIdleTimeout(endless),
		server.WithAuthorizer(func(*http.Request, string) error { return nil }))
	id := publish(t, srv, "s", "")
	r := open(t, serve(t, srv), "s", "0")
	r.want("connected", before(t, id), "content", id)
	r.wantContents(publishN(t, srv, "s", 100)...)
	r.want("session_deleted", remove(t, srv, "s"))
	r.wantEnd()
}

func TestNilLogger(t *testing.T) {
	srv := newServer(t, server.WithLogger(nil))
	ts := serve(t, srv)
	id := publish(t, srv, "s", "")
	open(t, ts, "s").want("connected", id)
}

func TestRetry(t *testing.T) {
	srv := newServer(t, server.WithRetry(1234567*time.Microsecond))
	ts := serve(t, srv)
	publish(t, srv, "s", "")
	if e := open(t, ts, "s").next(); e.retry != 1235 {
		t.Errorf("retry is %d", e.retry)
	}
}
