package server_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/server"
)

// verdict is an authorizer that can change its mind.
type verdict struct {
	mu    sync.Mutex
	err   error
	calls int
}

func (v *verdict) set(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.err, v.calls = err, 0
}

func (v *verdict) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.calls
}

func (v *verdict) authorize(*http.Request, string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.calls++
	return v.err
}

func TestRevokedReaderIsCutOff(t *testing.T) {
	const interval = 10 * time.Minute
	for _, revoked := range []error{server.ErrUnauthorized, server.ErrForbidden, &server.RefusalError{Status: 404}, fmt.Errorf("x: %w", &server.RefusalError{Status: 429})} {
		synctest.Test(t, func(t *testing.T) {
			var v verdict
			srv := newServer(t, anySession(), server.WithAuthorizer(v.authorize), server.WithReauthorization(interval))
			ends := make(map[time.Duration]bool)
			for range 5 {
				v.set(nil)
				r := record(srv, "s", "")
				time.Sleep(10 * interval)
				if n := v.count(); n < 11 || n > 12 {
					t.Fatalf("asked %d times in ten intervals", n)
				}
				publish(t, srv, "s", "")
				if n := len(r.events()); n < 2 {
					t.Fatalf("%d events", n)
				}
				v.set(revoked)
				began := time.Now()
				<-r.ended
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

// When what the authorizer asks is down, readers go on.
func TestFailingAuthorizerCutsNobodyOff(t *testing.T) {
	for _, failure := range []error{errors.New("connection refused"), &server.RefusalError{Status: 503}, &server.RefusalError{Status: 1}} {
		synctest.Test(t, func(t *testing.T) {
			var v verdict
			var logged strings.Builder
			srv := newServer(t, anySession(), server.WithAuthorizer(v.authorize), server.WithReauthorization(time.Minute),
				server.WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
			r := record(srv, "s", "")
			v.set(failure)
			time.Sleep(10 * time.Minute)
			id := publish(t, srv, "s", "")
			events := r.events()
			if e := events[len(events)-1]; e.name != "content" || e.id != id {
				t.Errorf("%v: got %+v", failure, e)
			}
			if v.count() < 10 || strings.Count(logged.String(), "msg=reauthorize session=s ") != v.count() {
				t.Errorf("asked %d times, logged %s", v.count(), &logged)
			}
			r.leave()
		})
	}
}

func TestNoReauthorizationByDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v verdict
		srv := newServer(t, anySession(), server.WithAuthorizer(v.authorize))
		r := record(srv, "s", "")
		time.Sleep(24 * time.Hour)
		if n := v.count(); n != 1 {
			t.Errorf("asked %d times", n)
		}
		r.leave()
	})
}

// A reader that has more to read at all times is cut off as well, and its next
// attempt is told why. A panic costs its stream and nothing else.
func TestReauthorizationOfBusyStream(t *testing.T) {
	for name, revoke := range map[string]func() error{
		"refused":  func() error { return server.ErrForbidden },
		"panicked": func() error { panic("by the application") },
	} {
		t.Run(name, func(t *testing.T) {
			var revoked atomic.Bool
			srv := newServer(t, anySession(), server.WithReauthorization(20*time.Millisecond), server.WithAuthorizer(func(*http.Request, string) error {
				if revoked.Load() {
					return revoke()
				}
				return nil
			}))
			ts := serve(t, srv, func(ts *httptest.Server) { ts.Config.ErrorLog = log.New(io.Discard, "", 0) })
			r := open(t, ts, "s")
			stop, stopped := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(stopped)
				for {
					select {
					case <-stop:
						return
					default:
						if _, err := srv.Publish(t.Context(), "s", content("busy")); err != nil {
							t.Error(err)
							return
						}
					}
				}
			}()
			for range 1000 {
				r.next()
			}
			revoked.Store(true)
			for {
				if _, err := read(r.dec); err != nil {
					break // by the patience of the request at the latest
				}
			}
			close(stop)
			<-stopped
			wantFree(t, srv)
			if name == "refused" {
				wantError(t, get(t, ts, streamURL(ts, "s")), http.StatusForbidden, gen.RESTErrorTypeForbidden)
			}
			revoked.Store(false)
			open(t, ts, "s").next()
		})
	}
}
