package server_test

import (
	"context"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// A function that is nil is refused. Limits and times have tests of their own.
func TestNilOptions(t *testing.T) {
	for name, option := range map[string]server.Option{
		"WithScope": server.WithScope(nil), "WithSessions": server.WithSessions(nil),
		"WithAuthorizer": server.WithAuthorizer(nil), "WithPublishAuthorizer": server.WithPublishAuthorizer(nil),
	} {
		newFails(t, []string{name + ": "}, option)
	}
}

// The longest times mean never, and not a time in the past.
func TestEndlessTimes(t *testing.T) { servertest.BothModes(t, testEndlessTimes) }

func testEndlessTimes(t *testing.T, mode servertest.Mode) {
	const endless = time.Duration(math.MaxInt64)
	srv := mode.NewServer(t, server.WithTiming(server.Timing{
		Retry:              endless,
		Heartbeat:          endless,
		WriteTimeout:       endless,
		DrainWindow:        endless,
		MaxConnectionAge:   endless,
		DeleteGrace:        endless,
		LogOutage:          endless,
		Reauthorization:    endless,
		PublishIdleTimeout: endless,
	}),
		server.WithAuthorizer(func(*http.Request, string) error { return nil }))
	id := servertest.Publish(t, srv, "s", "")
	r := servertest.Open(t, servertest.Serve(t, srv), "s", "0")
	r.Want("connected", servertest.Before(t, id), "content", id)
	r.WantContents(servertest.PublishN(t, srv, "s", 100)...)
	r.Want("session_deleted", servertest.DeleteSession(t, srv, "s"))
	r.WantEnd()
}

// Every reconnection time that a client gets fits a timer of JavaScript, whatever the
// options are. A longer time would make the timer fire at once.
func TestLongestRetry(t *testing.T) { servertest.BothModes(t, testLongestRetry) }

func testLongestRetry(t *testing.T, mode servertest.Mode) {
	const endless = time.Duration(math.MaxInt64)
	srv, ts := mode.Start(t, server.WithTiming(server.Timing{Retry: endless, DrainWindow: endless}), servertest.AnySession())
	streams := []*servertest.Reader{servertest.Open(t, ts, "s"), servertest.Open(t, ts, "s")}
	for _, r := range streams {
		if e := r.Next(); e.Retry <= 0 || e.Retry > math.MaxInt32 {
			t.Errorf("%+v", e)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	for _, r := range append(streams, servertest.Open(t, ts, "s")) {
		if e := r.Next(); e.Retry <= 0 || e.Retry > math.MaxInt32 {
			t.Errorf("at the end: %+v", e)
		}
		r.Close()
	}
}

func TestNilLogger(t *testing.T) { servertest.BothModes(t, testNilLogger) }

func testNilLogger(t *testing.T, mode servertest.Mode) {
	srv, ts := mode.Start(t, server.WithLogger(nil))
	id := servertest.Publish(t, srv, "s", "")
	servertest.Open(t, ts, "s").Want("connected", id)
}
