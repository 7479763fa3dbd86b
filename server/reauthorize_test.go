package server_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

func TestRevokedReaderIsCutOff(t *testing.T) { servertest.BothModes(t, testRevokedReaderIsCutOff) }

func testRevokedReaderIsCutOff(t *testing.T, mode servertest.Mode) {
	const interval = 10 * time.Minute
	for _, revoked := range []error{server.ErrUnauthorized, server.ErrForbidden, &server.RefusalError{Status: 404}, fmt.Errorf("x: %w", &server.RefusalError{Status: 429})} {
		synctest.Test(t, func(t *testing.T) {
			var v servertest.Verdict
			srv := mode.NewServer(t, servertest.AnySession(), server.WithAuthorizer(v.Authorize), server.WithTiming(server.Timing{Reauthorization: interval}))
			ends := make(map[time.Duration]bool)
			for range 5 {
				v.Set(nil)
				r := servertest.Record(srv, "s", "")
				time.Sleep(10 * interval)
				if n := v.Count(); n < 11 || n > 12 {
					t.Fatalf("asked %d times in ten intervals", n)
				}
				servertest.Publish(t, srv, "s", "")
				if n := len(r.Events()); n < 2 {
					t.Fatalf("%d events", n)
				}
				v.Set(revoked)
				began := time.Now()
				<-r.Ended
				took := time.Since(began)
				if took > interval {
					t.Errorf("%v: ended after %v", revoked, took)
				}
				ends[took] = true
			}
			if len(ends) < 2 {
				t.Errorf("all ended after %v", ends)
			}
			wantFree(t, srv)
		})
	}
}

// Readers go on while the authorizer fails.
func TestFailingAuthorizerCutsNobodyOff(t *testing.T) {
	servertest.BothModes(t, testFailingAuthorizerCutsNobodyOff)
}

func testFailingAuthorizerCutsNobodyOff(t *testing.T, mode servertest.Mode) {
	for _, failure := range []error{errors.New("connection refused"), &server.RefusalError{Status: 503}, &server.RefusalError{Status: 1}} {
		synctest.Test(t, func(t *testing.T) {
			var v servertest.Verdict
			var logged strings.Builder
			srv := mode.NewServer(t, servertest.AnySession(), server.WithAuthorizer(v.Authorize), server.WithTiming(server.Timing{Reauthorization: time.Minute}),
				server.WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
			r := servertest.Record(srv, "s", "")
			v.Set(failure)
			time.Sleep(10 * time.Minute)
			id := servertest.Publish(t, srv, "s", "")
			events := r.Events()
			if e := events[len(events)-1]; e.Name != "content" || e.ID != id {
				t.Errorf("%v: got %+v", failure, e)
			}
			if v.Count() < 10 || strings.Count(logged.String(), "msg=reauthorize session=s ") != v.Count() {
				t.Errorf("asked %d times, logged %s", v.Count(), &logged)
			}
			r.Leave()
		})
	}
}

func TestNoReauthorizationByDefault(t *testing.T) {
	servertest.BothModes(t, testNoReauthorizationByDefault)
}

func testNoReauthorizationByDefault(t *testing.T, mode servertest.Mode) {
	synctest.Test(t, func(t *testing.T) {
		var v servertest.Verdict
		srv := mode.NewServer(t, servertest.AnySession(), server.WithAuthorizer(v.Authorize))
		r := servertest.Record(srv, "s", "")
		time.Sleep(24 * time.Hour)
		if n := v.Count(); n != 1 {
			t.Errorf("asked %d times", n)
		}
		r.Leave()
	})
}

// The server also cuts off a reader that always has more to read, and tells its next
// attempt why. A panic ends its stream and nothing else.
func TestReauthorizationOfBusyStream(t *testing.T) {
	servertest.BothModes(t, testReauthorizationOfBusyStream)
}

func testReauthorizationOfBusyStream(t *testing.T, mode servertest.Mode) {
	for name, revoke := range map[string]func() error{
		"refused":  func() error { return server.ErrForbidden },
		"panicked": func() error { panic("by the application") },
	} {
		t.Run(name, func(t *testing.T) {
			var revoked atomic.Bool
			srv := mode.NewServer(t, servertest.AnySession(), server.WithTiming(server.Timing{Reauthorization: 20 * time.Millisecond}), server.WithAuthorizer(func(*http.Request, string) error {
				if revoked.Load() {
					return revoke()
				}
				return nil
			}))
			ts := servertest.Serve(t, srv, servertest.Quiet)
			r := servertest.Open(t, ts, "s")
			stop, stopped := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(stopped)
				for {
					select {
					case <-stop:
						return
					default:
						if _, err := srv.Publish(t.Context(), "s", servertest.Content("busy")); err != nil {
							t.Error(err)
							return
						}
					}
				}
			}()
			for range 1000 {
				r.Next()
			}
			revoked.Store(true)
			for {
				if _, err := servertest.ReadEvent(r.Decoder); err != nil {
					break // at the latest when the request ends
				}
			}
			close(stop)
			<-stopped
			wantFree(t, srv)
			if name == "refused" {
				servertest.WantError(t, servertest.Get(t, ts, servertest.StreamURL(ts, "s")), http.StatusForbidden, gen.RESTErrorTypeForbidden)
			}
			revoked.Store(false)
			servertest.Open(t, ts, "s").Next()
		})
	}
}

// Heartbeats that are far apart do not delay the reauthorization.
func TestRevokedDetachedReaderIsCutOff(t *testing.T) {
	t.Parallel()
	var v servertest.Verdict
	srv, o := newDetachedServer(t, server.WithAuthorizer(v.Authorize), server.WithTiming(server.Timing{Reauthorization: 20 * time.Millisecond, Heartbeat: time.Hour}))
	ts := servertest.Serve(t, srv)
	servertest.Publish(t, srv, "s", "")
	_, r := servertest.Dial(t, ts, "s")
	servertest.Until(t, "it is asked again", func() bool { return v.Count() > 3 })
	v.Set(server.ErrForbidden)
	r.WantEnd()
	servertest.Receive(t, o.Streams).WantEnd(t, server.EndRevoked)
}
