package server_test

import (
	"context"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

func TestBadOptions(t *testing.T) {
	for name, option := range map[string]server.Option{
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
		"heartbeat, no unit":    server.WithHeartbeat(15),
		"timeout, no unit":      server.WithWriteTimeout(30),
		"age, no unit":          server.WithMaxConnectionAge(3600),
		"idle, no unit":         server.WithPublishIdleTimeout(600),
		"nil authorizer":        server.WithAuthorizer(nil),
		"negative interval":     server.WithReauthorization(-1),
		"nobody to ask again":   server.WithReauthorization(time.Minute),
	} {
		if srv, err := mix.NewServer(option); err == nil || srv != nil {
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

// A reconnection time that a client is sent fits a timer of JavaScript, whatever the
// options are: one that does not fires at once.
func TestLongestRetry(t *testing.T) {
	const endless = time.Duration(math.MaxInt64)
	srv := newServer(t, server.WithRetry(endless), server.WithDrainWindow(endless), anySession())
	ts := serve(t, srv)
	streams := []*reader{open(t, ts, "s"), open(t, ts, "s")}
	for _, r := range streams {
		if e := r.next(); e.retry <= 0 || e.retry > math.MaxInt32 {
			t.Errorf("%+v", e)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	for _, r := range append(streams, open(t, ts, "s")) {
		if e := r.next(); e.retry <= 0 || e.retry > math.MaxInt32 {
			t.Errorf("at the end: %+v", e)
		}
		r.close()
	}
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
