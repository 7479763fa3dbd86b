package server_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/mix"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/server"
)

// anySession vouches for every session.
func anySession() server.Option {
	return server.WithSessions(func(context.Context, string) (bool, error) { return true, nil })
}

// wantLimited expects the answer to a stream over a limit.
func wantLimited(t *testing.T, res *http.Response, code int, kind gen.RESTErrorType, message string) {
	t.Helper()
	if got := wantError(t, res, code, kind); got != message {
		t.Errorf("message %q, want %q", got, message)
	}
	if after, err := strconv.Atoi(res.Header.Get("Retry-After")); err != nil || after < 1 || after > 10 {
		t.Errorf("Retry-After is %q", res.Header.Get("Retry-After"))
	}
}

// wantFree waits until no slot is taken and nothing is counted any more.
func wantFree(t *testing.T, srv *mix.Server) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		slots, sessions, clients := srv.Counted()
		if slots == 0 && sessions == 0 && clients == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d slots are taken, %d sessions and %d clients are counted", slots, sessions, clients)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestMaxStreams(t *testing.T) {
	srv := newServer(t, anySession(), server.WithMaxStreams(2))
	ts := serve(t, srv)
	for range 3 { // the slots are taken, freed, and taken again
		one, two := open(t, ts, "a"), open(t, ts, "b")
		wantLimited(t, get(t, ts, streamURL(ts, "c")), http.StatusServiceUnavailable, gen.RESTErrorTypeUnavailable, "too many streams")
		wantLimited(t, get(t, ts, streamURL(ts, "a")), http.StatusServiceUnavailable, gen.RESTErrorTypeUnavailable, "too many streams")
		one.close()
		two.close()
		wantFree(t, srv)
	}
}

func TestMaxStreamsPerSession(t *testing.T) {
	srv := newServer(t, anySession(), server.WithMaxStreamsPerSession(2))
	ts := serve(t, srv)
	for range 3 {
		one, two, other := open(t, ts, "a"), open(t, ts, "a"), open(t, ts, "b")
		wantLimited(t, get(t, ts, streamURL(ts, "a")), http.StatusTooManyRequests, gen.RESTErrorTypeRateLimited, "too many streams of this session")
		one.close()
		two.close()
		other.close()
		wantFree(t, srv)
	}
}

func TestMaxStreamsPerClient(t *testing.T) {
	srv := newServer(t, anySession(), server.WithMaxStreamsPerClient(2, func(r *http.Request) string { return r.FormValue("client") }))
	ts := serve(t, srv)
	as := func(client, session string) string { return streamURL(ts, session) + "&client=" + client }
	for range 3 {
		readers := []*reader{openURL(t, ts, as("x", "a")), openURL(t, ts, as("x", "b")), openURL(t, ts, as("y", "a"))}
		wantLimited(t, get(t, ts, as("x", "c")), http.StatusTooManyRequests, gen.RESTErrorTypeRateLimited, "too many streams of this client")
		for range 5 { // who cannot be told is not limited
			readers = append(readers, openURL(t, ts, as("", "a")))
		}
		for _, r := range readers {
			r.close()
		}
		wantFree(t, srv)
	}
}

// Clients that are refused together are not sent back together.
func TestRetryAfterIsSpread(t *testing.T) {
	srv := newServer(t, anySession(), server.WithMaxStreams(1))
	ts := serve(t, srv)
	open(t, ts, "s")
	seen := make(map[string]int)
	for range 100 {
		res := get(t, ts, streamURL(ts, "s"))
		wantLimited(t, res, http.StatusServiceUnavailable, gen.RESTErrorTypeUnavailable, "too many streams")
		seen[res.Header.Get("Retry-After")]++
	}
	if len(seen) < 4 {
		t.Errorf("Retry-After: %v", seen)
	}
}

// opened opens streams of one session without sockets, until one is refused, and
// returns how many were not and the answer to that one.
func opened(t *testing.T, srv *mix.Server, session string, atMost int) (n int, refused *http.Response) {
	t.Helper()
	for n = range atMost {
		ctx, cancel := context.WithCancel(t.Context())
		t.Cleanup(cancel)
		began := make(chan struct{})
		rec := httptest.NewRecorder()
		done := make(chan struct{})
		go func() {
			defer close(done)
			w := writes(srv, func([]byte) {
				select {
				case <-began:
				default:
					close(began)
				}
			})
			w.ServeHTTP(rec, httptest.NewRequestWithContext(ctx, http.MethodGet, "/stream?sessionId="+session, nil))
		}()
		t.Cleanup(func() { cancel(); <-done })
		<-began
		if rec.Header().Get("Content-Type") != "text/event-stream" {
			<-done
			return n, rec.Result()
		}
	}
	return atMost, nil
}

func TestDefaultLimits(t *testing.T) {
	srv := newServer(t, anySession())
	n, refused := opened(t, srv, "a", 10_001)
	if n != 10_000 {
		t.Fatalf("%d streams of one session", n)
	}
	wantLimited(t, refused, http.StatusTooManyRequests, gen.RESTErrorTypeRateLimited, "too many streams of this session")
	if n, refused = opened(t, srv, "b", 10_001); n != 10_000 {
		t.Fatalf("%d streams in all", 10_000+n)
	}
	wantLimited(t, refused, http.StatusServiceUnavailable, gen.RESTErrorTypeUnavailable, "too many streams")
}

func TestZeroIsNoLimit(t *testing.T) {
	if os.Getenv("MIXSTREAM_SLOW") == "" {
		t.Skip("slow: run with MIXSTREAM_SLOW=1")
	}
	srv := newServer(t, anySession(), server.WithMaxStreams(0), server.WithMaxStreamsPerSession(0),
		server.WithMaxStreamsPerClient(0, func(*http.Request) string { return "one" }))
	if n, _ := opened(t, srv, "s", 20_001); n != 20_001 {
		t.Errorf("%d streams", n)
	}
	if _, sessions, clients := srv.Counted(); sessions != 0 || clients != 0 {
		t.Errorf("%d sessions and %d clients are counted for nothing", sessions, clients)
	}
}

// A browser never comes back after a 503, so nobody gets one from a server that
// sends all away.
func TestDrainIsNotLimited(t *testing.T) {
	leaving, left := make(chan struct{}, 1), make(chan struct{})
	srv := newServer(t, anySession(), server.WithMaxStreams(1), server.OnLastReader(func(string) {
		leaving <- struct{}{}
		<-left // meanwhile the slot is taken
	}))
	ts := serve(t, srv)
	open(t, ts, "s").next()
	done := make(chan error, 1)
	go func() { done <- srv.Shutdown(context.Background()) }()
	receive(t, leaving)
	if slots, _, _ := srv.Counted(); slots != 1 {
		t.Fatalf("%d slots are taken", slots)
	}
	for range 3 {
		r := open(t, ts, "s")
		wantRetry(t, r.next(), "connected", 5000)
		r.wantEnd()
	}
	close(left)
	if err := receive(t, done); err != nil {
		t.Error(err)
	}
	wantFree(t, srv)
}

// Who is refused for a limit costs the log nothing.
func TestLimitsComeBeforeTheLog(t *testing.T) {
	events := &faultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	srv := newServer(t, anySession(), server.WithLog(events), server.WithMaxStreams(1))
	ts := serve(t, srv)
	open(t, ts, "s")
	events.follow = errors.New("Follow was called") // which would be a 500
	wantLimited(t, get(t, ts, streamURL(ts, "s")), http.StatusServiceUnavailable, gen.RESTErrorTypeUnavailable, "too many streams")
}

// Whatever else refuses a request gives the slot back.
func TestRefusalsTakeNoSlot(t *testing.T) {
	events := &faultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	srv := newServer(t, server.WithLog(events), server.WithMaxStreams(1), server.WithMaxStreamsPerSession(1),
		server.WithMaxStreamsPerClient(1, func(*http.Request) string { return "one" }))
	ts := serve(t, srv)
	for range 3 {
		wantError(t, get(t, ts, streamURL(ts, "nobody")), http.StatusNotFound, gen.RESTErrorTypeNotFound)
		wantError(t, get(t, ts, streamURL(ts, "")), http.StatusBadRequest, gen.RESTErrorTypeBadRequest)
		wantFree(t, srv)
	}
	for _, spoil := range []*error{&events.follow, &events.bounds, &events.lookup} {
		*spoil = io.ErrNoProgress
		wantError(t, get(t, ts, streamURL(ts, "s")), http.StatusInternalServerError, gen.RESTErrorTypeInternalError)
		*spoil = nil
		wantFree(t, srv)
	}
	if n := events.open.Load(); n != 0 {
		t.Errorf("%d readers of the log are open", n)
	}
}

func TestPanicsFreeSlots(t *testing.T) {
	quiet := func(ts *httptest.Server) { ts.Config.ErrorLog = log.New(io.Discard, "", 0) }
	var armed atomic.Bool
	for name, option := range map[string]server.Option{
		"sessions":   server.WithSessions(func(context.Context, string) (bool, error) { panicIf(&armed); return true, nil }),
		"scope":      server.WithScope(func(string) string { panicIf(&armed); return "" }),
		"first hook": server.OnFirstReader(func(string) { panicIf(&armed) }),
		"last hook":  server.OnLastReader(func(string) { panicIf(&armed) }),
		"authorizer": server.WithAuthorizer(func(*http.Request, string) error { panicIf(&armed); return nil }),
		"client key": server.WithMaxStreamsPerClient(1, func(*http.Request) string { panicIf(&armed); return "one" }),
	} {
		t.Run(name, func(t *testing.T) {
			events := &faultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
			srv := newServer(t, anySession(), server.WithLog(events), server.WithMaxStreams(1), option)
			ts := serve(t, srv, quiet)
			for range 3 {
				armed.Store(true)
				if res, err := try(t, ts, streamURL(ts, "s")); err == nil {
					res.Body.Close()
				}
				wantFree(t, srv)
				armed.Store(false)
				open(t, ts, "s").close()
				wantFree(t, srv)
			}
			ts.Close()
			if n := events.open.Load(); n != 0 {
				t.Errorf("%d readers of the log are open", n)
			}
		})
	}
}
