package server_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// followed opens a stream of the session s and returns it with its observer.
func followed(t *testing.T, srv *mix.Server, o *servertest.Observer, h http.Handler, configure ...func(*httptest.Server)) (*servertest.Reader, *servertest.ObservedStream) {
	t.Helper()
	servertest.Publish(t, srv, "s", "")
	r := servertest.Open(t, servertest.Serve(t, h, configure...), "s")
	r.Next()
	return r, servertest.Receive(t, o.Streams)
}

// onceOnly returns an authorizer that allows a request once and forbids it when it is
// asked again.
func onceOnly() func(*http.Request, string) error {
	var seen sync.Map
	return func(r *http.Request, _ string) error {
		if _, asked := seen.LoadOrStore(r, true); asked {
			return server.ErrForbidden
		}
		return nil
	}
}

func TestEndReasons(t *testing.T) { servertest.BothModes(t, testEndReasons) }

func testEndReasons(t *testing.T, mode servertest.Mode) {
	h2 := func(ts *httptest.Server) { ts.EnableHTTP2 = true }
	for _, test := range []struct {
		name   string
		reason server.EndReason
		opts   []server.Option
		end    func(t *testing.T, srv *mix.Server, r *servertest.Reader)
	}{
		{"client leaves", server.EndClientLeft, []server.Option{server.WithTiming(server.Timing{Heartbeat: 50 * time.Millisecond})},
			func(_ *testing.T, _ *mix.Server, r *servertest.Reader) { r.Close() }},
		{"session is deleted", server.EndSessionDeleted, nil,
			func(t *testing.T, srv *mix.Server, _ *servertest.Reader) { servertest.DeleteSession(t, srv, "s") }},
		{"shutdown", server.EndShutdown, []server.Option{server.WithTiming(server.Timing{DrainWindow: time.Millisecond, MaxConnectionAge: time.Hour})},
			func(t *testing.T, srv *mix.Server, _ *servertest.Reader) {
				if err := srv.Shutdown(t.Context()); err != nil {
					t.Error(err)
				}
			}},
		{"shutdown that cannot wait", server.EndShutdown, []server.Option{server.WithTiming(server.Timing{DrainWindow: time.Hour})},
			func(t *testing.T, srv *mix.Server, _ *servertest.Reader) {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				if err := srv.Shutdown(ctx); !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			}},
		{"maximum age", server.EndMaxAge, []server.Option{server.WithTiming(server.Timing{MaxConnectionAge: time.Millisecond})},
			func(*testing.T, *mix.Server, *servertest.Reader) {}},
		{"reader stops reading", server.EndSlowReader, []server.Option{server.WithTiming(server.Timing{WriteTimeout: 100 * time.Millisecond})},
			func(t *testing.T, srv *mix.Server, _ *servertest.Reader) {
				large := strings.Repeat("x", 512<<10)
				for range 30 {
					servertest.Publish(t, srv, "s", large)
				}
			}},
		{"access is revoked", server.EndRevoked, []server.Option{server.WithTiming(server.Timing{Reauthorization: time.Millisecond}), server.WithAuthorizer(onceOnly())},
			func(*testing.T, *mix.Server, *servertest.Reader) {}},
	} {
		for name, configure := range map[string]func(*httptest.Server){"HTTP/1.1": servertest.SmallBuffers, "HTTP/2": h2} {
			t.Run(test.name+", "+name, func(t *testing.T) {
				o := servertest.NewObserver()
				srv := mode.NewServer(t, append(test.opts, server.WithObserver(o))...)
				r, s := followed(t, srv, o, srv, configure)
				test.end(t, srv, r)
				if e := s.WantEnd(t, test.reason); e.Duration <= 0 {
					t.Errorf("got %+v", e)
				}
			})
		}
	}
}

// A stream that a draining server sends away is observed like any other.
func TestEndOfStreamSentAway(t *testing.T) { servertest.BothModes(t, testEndOfStreamSentAway) }

func testEndOfStreamSentAway(t *testing.T, mode servertest.Mode) {
	o := servertest.NewObserver()
	srv := mode.NewServer(t, server.WithObserver(o))
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, s := followed(t, srv, o, srv)
	r.WantEnd()
	s.WantEnd(t, server.EndShutdown)
}

func TestEndOfStuckStreamAtShutdown(t *testing.T) {
	servertest.BothModes(t, testEndOfStuckStreamAtShutdown)
}

func testEndOfStuckStreamAtShutdown(t *testing.T, mode servertest.Mode) {
	o := servertest.NewObserver()
	srv := mode.NewServer(t, server.WithObserver(o), server.WithTiming(server.Timing{WriteTimeout: time.Hour}))
	_, s := followed(t, srv, o, srv, servertest.SmallBuffers)
	large := strings.Repeat("x", 512<<10)
	for range 30 {
		servertest.Publish(t, srv, "s", large)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := srv.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	s.WantEnd(t, server.EndShutdown)
}

func TestEndByFailures(t *testing.T) { servertest.BothModes(t, testEndByFailures) }

func testEndByFailures(t *testing.T, mode servertest.Mode) {
	t.Run("of the log", func(t *testing.T) {
		o := servertest.NewObserver()
		events := &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
		srv := mode.NewServer(t, server.WithObserver(o), server.WithLog(events))
		r, s := followed(t, srv, o, srv)
		broken := errors.New("broken")
		events.ReadErr.Store(broken)
		servertest.Publish(t, srv, "s", "")
		r.WantEnd()
		if e := s.WantEnd(t, server.EndLogFailed); !errors.Is(e.Err, broken) {
			t.Errorf("got %+v", e)
		}
	})
	t.Run("of a middleware", func(t *testing.T) {
		o := servertest.NewObserver()
		srv := mode.NewServer(t, server.WithObserver(o))
		r, s := followed(t, srv, o, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			srv.ServeHTTP(&fragile{ResponseWriter: w}, r)
		}))
		last := servertest.Publish(t, srv, "s", "")
		r.WantContents(last)
		servertest.Publish(t, srv, "s", "spoilt")
		r.WantEnd()
		// An event whose write failed does not count.
		if e := s.WantEnd(t, server.EndWriteFailed); !errors.Is(e.Err, errFragile) || e.Events != 1 || e.Position != last {
			t.Errorf("got %+v", e)
		}
	})
	t.Run("of a hook", func(t *testing.T) {
		o := servertest.NewObserver()
		srv := mode.NewServer(t, server.WithObserver(o), server.OnFirstReader(func(string) { panic("by the application") }))
		ts := servertest.Serve(t, srv, servertest.Quiet)
		servertest.Publish(t, srv, "s", "")
		if res, err := servertest.Try(t, ts, servertest.StreamURL(ts, "s")); err == nil { // the server sends nothing before the hook returns
			t.Errorf("the answer is %s", res.Status)
		}
		servertest.Receive(t, o.Streams).WantEnd(t, server.EndPanic)
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

// The context of a stream ends with the stream.
func TestContextEndsWithStream(t *testing.T) { servertest.BothModes(t, testContextEndsWithStream) }

func testContextEndsWithStream(t *testing.T, mode servertest.Mode) {
	ended := make(chan struct{}, 100)
	srv, ts := mode.Start(t, server.WithLog(&servertest.HookedLog{
		Log: eventlog.NewMemory(eventlog.Retention{}),
		BeforeRead: func(ctx context.Context, _ string) error {
			context.AfterFunc(ctx, func() { ended <- struct{}{} })
			return nil
		},
	}))
	servertest.Publish(t, srv, "s", "")
	servertest.Dial(t, ts, "s")
	servertest.DeleteSession(t, srv, "s")
	servertest.Receive(t, ended)
}

type requestKey struct{}

// contextHandler is a slog.Handler that reads a value of the context, as handlers do that
// add the ID of a request or of a span.
type contextHandler struct {
	slog.Handler
	seen chan<- any
}

func (h contextHandler) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == "stream ended" {
		h.seen <- ctx.Value(requestKey{})
	}
	return nil
}

func (contextHandler) Enabled(context.Context, slog.Level) bool { return true }

// An observed stream keeps the values of its request's context when it is detached.
func TestDetachedStreamKeepsContext(t *testing.T) {
	seen := make(chan any, 1)
	logger := slog.New(contextHandler{slog.DiscardHandler, seen})
	srv, _ := newDetachedServer(t, server.WithLogger(logger))
	ts := servertest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		srv.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, "request 7")))
	}))
	servertest.Publish(t, srv, "s", "")
	conn, _ := servertest.Dial(t, ts, "s")
	conn.Close()
	if got := servertest.Receive(t, seen); got != "request 7" {
		t.Errorf("the context of the end has %v", got)
	}
}
