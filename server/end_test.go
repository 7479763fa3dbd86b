package server_test

import (
	"context"
	"errors"
	"fmt"
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
	broken := errors.New("broken")
	publish := func(text string, n int) func(*testing.T, *mix.Server, *servertest.Reader) {
		return func(t *testing.T, srv *mix.Server, _ *servertest.Reader) {
			for range n {
				servertest.Publish(t, srv, "s", text)
			}
		}
	}
	shutdown := func(want error, cancel bool) func(*testing.T, *mix.Server, *servertest.Reader) {
		return func(t *testing.T, srv *mix.Server, _ *servertest.Reader) {
			ctx, done := context.WithTimeout(t.Context(), servertest.Patience)
			defer done()
			if cancel {
				done()
			}
			if err := srv.Shutdown(ctx); !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		}
	}
	nothing := func(*testing.T, *mix.Server, *servertest.Reader) {}
	large := strings.Repeat("x", 512<<10)
	const debug, warn = "DEBUG", "WARN"
	for _, test := range []struct {
		name   string
		reason server.EndReason
		level  string // of the line that the server logs
		timing server.Option
		end    func(t *testing.T, srv *mix.Server, r *servertest.Reader)
		err    error // of the log, once the stream is open
	}{
		{"client leaves", server.EndClientLeft, debug, server.WithTiming(server.Timing{Heartbeat: 50 * time.Millisecond}),
			func(_ *testing.T, _ *mix.Server, r *servertest.Reader) { r.Close() }, nil},
		{"session is deleted", server.EndSessionDeleted, debug, server.WithTiming(server.Timing{}),
			func(t *testing.T, srv *mix.Server, _ *servertest.Reader) { servertest.DeleteSession(t, srv, "s") }, nil},
		{"shutdown", server.EndShutdown, debug, server.WithTiming(server.Timing{DrainWindow: time.Millisecond, MaxConnectionAge: time.Hour}), shutdown(nil, false), nil},
		{"shutdown that cannot wait", server.EndShutdown, debug, server.WithTiming(server.Timing{DrainWindow: time.Hour}), shutdown(context.Canceled, true), nil},
		{"shutdown while the reader does not read", server.EndShutdown, debug, server.WithTiming(server.Timing{WriteTimeout: time.Hour}),
			func(t *testing.T, srv *mix.Server, r *servertest.Reader) {
				publish(large, 15)(t, srv, r)
				shutdown(context.Canceled, true)(t, srv, r)
			}, nil},
		{"maximum age", server.EndMaxAge, debug, server.WithTiming(server.Timing{MaxConnectionAge: time.Millisecond}), nothing, nil},
		{"reader stops reading", server.EndSlowReader, warn, server.WithTiming(server.Timing{WriteTimeout: 100 * time.Millisecond}), publish(large, 15), nil},
		{"access is revoked", server.EndRevoked, debug, server.WithTiming(server.Timing{Reauthorization: time.Millisecond}), nothing, nil},
		{"authorizer panics", server.EndPanic, debug, server.WithTiming(server.Timing{Reauthorization: time.Millisecond}), nothing, nil},
		{"log fails", server.EndLogFailed, "ERROR", server.WithTiming(server.Timing{}), publish("", 1), broken},
		{"log is unavailable", server.EndLogUnavailable, warn, server.WithTiming(server.Timing{LogOutage: 50 * time.Millisecond}), publish("", 1), servertest.ErrUnavailable},
	} {
		for _, h2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, http2=%t", test.name, h2), func(t *testing.T) {
				var l logged
				o, events := servertest.NewObserver(), &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
				opts := []server.Option{server.WithObserver(o), debugLog(&l), server.WithLog(events), test.timing}
				switch once := onceOnly(); test.reason {
				case server.EndRevoked:
					opts = append(opts, server.WithAuthorizer(once))
				case server.EndPanic:
					opts = append(opts, server.WithAuthorizer(func(r *http.Request, session string) error {
						if once(r, session) != nil {
							panic("by the application")
						}
						return nil
					}))
				}
				srv := mode.NewServer(t, opts...)
				r, s := followed(t, srv, o, srv, servertest.Quiet, servertest.SmallBuffers, func(ts *httptest.Server) { ts.EnableHTTP2 = h2 })
				events.ReadErr.Store(test.err)
				test.end(t, srv, r)
				if e := s.WantEnd(t, test.reason); e.Duration <= 0 || test.err != nil && !errors.Is(e.Err, test.err) {
					t.Errorf("got %+v", e)
				}
				line := l.lines(t, "stream ended", 1)[0]
				if line["level"] != test.level || line["reason"] != string(test.reason) {
					t.Errorf("logged %v", line)
				}
			})
		}
	}
}

// An event whose write fails does not count.
func TestEndByMiddleware(t *testing.T) { servertest.BothModes(t, testEndByMiddleware) }

func testEndByMiddleware(t *testing.T, mode servertest.Mode) {
	var l logged
	o := servertest.NewObserver()
	srv := mode.NewServer(t, server.WithObserver(o), debugLog(&l))
	r, s := followed(t, srv, o, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		srv.ServeHTTP(&fragile{ResponseWriter: w}, r)
	}))
	last := servertest.Publish(t, srv, "s", "")
	r.WantContents(last)
	servertest.Publish(t, srv, "s", "spoilt")
	r.WantEnd()
	if e := s.WantEnd(t, server.EndWriteFailed); !errors.Is(e.Err, errFragile) || e.Events != 1 || e.Position != last {
		t.Errorf("got %+v", e)
	}
	if line := l.lines(t, "stream ended", 1)[0]; line["level"] != "WARN" || line["reason"] != "write_failed" {
		t.Errorf("logged %v", line)
	}
}

// Nothing is sent before the hook for the first reader returns.
func TestEndByHook(t *testing.T) { servertest.BothModes(t, testEndByHook) }

func testEndByHook(t *testing.T, mode servertest.Mode) {
	o := servertest.NewObserver()
	srv := mode.NewServer(t, servertest.AnySession(), server.WithObserver(o), server.OnFirstReader(func(string) { panic("by the application") }))
	ts := servertest.Serve(t, srv, servertest.Quiet)
	if res, err := servertest.Try(t, ts, servertest.StreamURL(ts, "s")); err == nil {
		t.Errorf("the answer is %s", res.Status)
	}
	servertest.Receive(t, o.Streams).WantEnd(t, server.EndPanic)
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
