package server_test

import (
	"context"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

func TestBadOptions(t *testing.T) {
	for name, option := range map[string]server.Option{
		"no heartbeat":          server.WithTiming(server.Timing{Heartbeat: server.None}),
		"no write timeout":      server.WithTiming(server.Timing{WriteTimeout: server.None}),
		"negative retry":        server.WithTiming(server.Timing{Retry: -time.Second}),
		"negative drain window": server.WithTiming(server.Timing{DrainWindow: -2}),
		"negative age":          server.WithTiming(server.Timing{MaxConnectionAge: -2}),
		"negative grace":        server.WithTiming(server.Timing{DeleteGrace: -2}),
		"nil scope":             server.WithScope(nil),
		"nil sessions":          server.WithSessions(nil),
		"no event size":         server.WithLimits(server.Limits{EventSize: server.Unlimited}),
		"no session id length":  server.WithLimits(server.Limits{SessionIDLength: -2}),
		"negative streams":      server.WithLimits(server.Limits{Streams: -2}),
		"negative of session":   server.WithLimits(server.Limits{StreamsPerSession: -2}),
		"negative of client":    server.WithLimits(server.Limits{StreamsPerClient: -2, ClientKey: func(*http.Request) string { return "" }}),
		"no client key":         server.WithLimits(server.Limits{StreamsPerClient: 1}),
		"negative publishes":    server.WithLimits(server.Limits{Publishes: -2}),
		"negative of publisher": server.WithLimits(server.Limits{PublishesPerClient: -2}),
		"negative idle timeout": server.WithTiming(server.Timing{PublishIdleTimeout: -2}),
		"heartbeat, no unit":    server.WithTiming(server.Timing{Heartbeat: 15}),
		"timeout, no unit":      server.WithTiming(server.Timing{WriteTimeout: 30}),
		"age, no unit":          server.WithTiming(server.Timing{MaxConnectionAge: 3600}),
		"idle, no unit":         server.WithTiming(server.Timing{PublishIdleTimeout: 600}),
		"nil authorizer":        server.WithAuthorizer(nil),
		"negative interval":     server.WithTiming(server.Timing{Reauthorization: -2}),
		"nobody to ask again":   server.WithTiming(server.Timing{Reauthorization: time.Minute}),
	} {
		if srv, err := mix.NewServer(option); err == nil || srv != nil {
			t.Errorf("%s: accepted", name)
		}
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

func TestRetry(t *testing.T) { servertest.BothModes(t, testRetry) }

func testRetry(t *testing.T, mode servertest.Mode) {
	srv, ts := mode.Start(t, server.WithTiming(server.Timing{Retry: 1234567 * time.Microsecond}))
	servertest.Publish(t, srv, "s", "")
	if e := servertest.Open(t, ts, "s").Next(); e.Retry != 1235 {
		t.Errorf("retry is %d", e.Retry)
	}
}
