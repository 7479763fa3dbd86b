package server_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/mix"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
)

// followed opens a stream of the session s and returns it with what its observer is told.
func followed(t *testing.T, srv *mix.Server, o *observer, h http.Handler, configure ...func(*httptest.Server)) (*reader, *observed) {
	t.Helper()
	publish(t, srv, "s", "")
	r := open(t, serve(t, h, configure...), "s")
	r.next()
	return r, receive(t, o.streams)
}

// onceOnly returns an authorizer that takes back what it has said of a request.
func onceOnly() func(*http.Request, string) error {
	var seen sync.Map
	return func(r *http.Request, _ string) error {
		if _, asked := seen.LoadOrStore(r, true); asked {
			return server.ErrForbidden
		}
		return nil
	}
}

func TestEndReasons(t *testing.T) {
	h2 := func(ts *httptest.Server) { ts.EnableHTTP2 = true }
	for _, test := range []struct {
		name   string
		reason server.EndReason
		opts   []server.Option
		end    func(t *testing.T, srv *mix.Server, r *reader)
	}{
		{"client leaves", server.EndClientLeft, []server.Option{server.WithHeartbeat(50 * time.Millisecond)},
			func(_ *testing.T, _ *mix.Server, r *reader) { r.close() }},
		{"session is deleted", server.EndSessionDeleted, nil,
			func(t *testing.T, srv *mix.Server, _ *reader) { remove(t, srv, "s") }},
		{"shutdown", server.EndShutdown, []server.Option{server.WithDrainWindow(time.Millisecond), server.WithMaxConnectionAge(time.Hour)},
			func(t *testing.T, srv *mix.Server, _ *reader) {
				if err := srv.Shutdown(t.Context()); err != nil {
					t.Error(err)
				}
			}},
		{"shutdown that cannot wait", server.EndShutdown, []server.Option{server.WithDrainWindow(time.Hour)},
			func(t *testing.T, srv *mix.Server, _ *reader) {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				if err := srv.Shutdown(ctx); !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			}},
		{"maximum age", server.EndMaxAge, []server.Option{server.WithMaxConnectionAge(time.Millisecond)},
			func(*testing.T, *mix.Server, *reader) {}},
		{"reader stops reading", server.EndSlowReader, []server.Option{server.WithWriteTimeout(100 * time.Millisecond)},
			func(t *testing.T, srv *mix.Server, _ *reader) {
				large := strings.Repeat("x", 512<<10)
				for range 30 {
					publish(t, srv, "s", large)
				}
			}},
		{"access is revoked", server.EndRevoked, []server.Option{server.WithReauthorization(time.Millisecond), server.WithAuthorizer(onceOnly())},
			func(*testing.T, *mix.Server, *reader) {}},
	} {
		for name, configure := range map[string]func(*httptest.Server){"HTTP/1.1": smallBuffers, "HTTP/2": h2} {
			t.Run(test.name+", "+name, func(t *testing.T) {
				o := newObserver()
				srv := newServer(t, append(test.opts, server.WithObserver(o))...)
				r, s := followed(t, srv, o, srv, configure)
				test.end(t, srv, r)
				if e := s.wantEnd(t, test.reason); e.Duration <= 0 {
					t.Errorf("got %+v", e)
				}
			})
		}
	}
}

// A stream that is sent away is a stream, too.
func TestEndOfStreamSentAway(t *testing.T) {
	o := newObserver()
	srv := newServer(t, server.WithObserver(o))
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, s := followed(t, srv, o, srv)
	r.wantEnd()
	s.wantEnd(t, server.EndShutdown)
}

func TestEndOfStuckStreamAtShutdown(t *testing.T) {
	o := newObserver()
	srv := newServer(t, server.WithObserver(o), server.WithWriteTimeout(time.Hour))
	_, s := followed(t, srv, o, srv, smallBuffers)
	large := strings.Repeat("x", 512<<10)
	for range 30 {
		publish(t, srv, "s", large)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := srv.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	s.wantEnd(t, server.EndShutdown)
}

func TestEndByFailures(t *testing.T) {
	t.Run("of the log", func(t *testing.T) {
		o := newObserver()
		events := &faultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
		srv := newServer(t, server.WithObserver(o), server.WithLog(events))
		r, s := followed(t, srv, o, srv)
		broken := errors.New("broken")
		events.read.Store(broken)
		publish(t, srv, "s", "")
		r.wantEnd()
		if e := s.wantEnd(t, server.EndLogFailed); !errors.Is(e.Err, broken) {
			t.Errorf("got %+v", e)
		}
	})
	t.Run("of a middleware", func(t *testing.T) {
		o := newObserver()
		srv := newServer(t, server.WithObserver(o))
		r, s := followed(t, srv, o, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			srv.ServeHTTP(&fragile{ResponseWriter: w}, r)
		}))
		last := publish(t, srv, "s", "")
		r.wantContents(last)
		publish(t, srv, "s", "spoilt")
		r.wantEnd()
		// What did not go out does not count.
		if e := s.wantEnd(t, server.EndWriteFailed); !errors.Is(e.Err, errFragile) || e.Events != 1 || e.Position != number(t, last) {
			t.Errorf("got %+v", e)
		}
	})
	t.Run("of a hook", func(t *testing.T) {
		o := newObserver()
		srv := newServer(t, server.WithObserver(o), server.OnFirstReader(func(string) { panic("by the application") }))
		ts := serve(t, srv, func(ts *httptest.Server) { ts.Config.ErrorLog = log.New(io.Discard, "", 0) })
		publish(t, srv, "s", "")
		if res, err := try(t, ts, streamURL(ts, "s")); err == nil { // nothing is sent before the hook has returned
			t.Errorf("the answer is %s", res.Status)
		}
		receive(t, o.streams).wantEnd(t, server.EndPanic)
	})
}

var errFragile = errors.New("fragile")

// fragile is a ResponseWriter that fails on one event.
type fragile struct{ http.ResponseWriter }

func (f *fragile) Write(p []byte) (int, error) {
	if strings.Contains(string(p), "spoilt") {
		return 0, errFragile
	}
	return f.ResponseWriter.Write(p)
}

func (f *fragile) Unwrap() http.ResponseWriter { return f.ResponseWriter }
