package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// wantLimited expects the answer to a stream over a limit.
func wantLimited(t *testing.T, res *http.Response, code int, kind gen.RESTErrorType, message string) {
	t.Helper()
	if got := servertest.WantError(t, res, code, kind); got != message {
		t.Errorf("message %q, want %q", got, message)
	}
	if after, err := strconv.Atoi(res.Header.Get("Retry-After")); err != nil || after < 1 || after > 10 {
		t.Errorf("Retry-After is %q", res.Header.Get("Retry-After"))
	}
}

// wantFree waits until no slot is taken and the server counts nothing any more.
func wantFree(t *testing.T, srv *mix.Server) {
	t.Helper()
	deadline := time.Now().Add(servertest.Patience)
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

// closeAll closes a server and waits for its streams. httptest waits only for attached
// ones.
func closeAll(t *testing.T, ts *httptest.Server, srv *mix.Server) {
	t.Helper()
	ts.Close()
	servertest.Until(t, "the streams have ended", func() bool { slots, _, _ := srv.Counted(); return slots == 0 })
}

func TestMaxStreams(t *testing.T) { servertest.BothModes(t, testMaxStreams) }

func testMaxStreams(t *testing.T, mode servertest.Mode) {
	srv, ts := mode.Start(t, servertest.AnySession(), server.WithLimits(server.Limits{Streams: 2}))
	for range 3 { // the slots are taken, freed, and taken again
		one, two := servertest.Open(t, ts, "a"), servertest.Open(t, ts, "b")
		wantLimited(t, servertest.Get(t, ts, servertest.StreamURL(ts, "c")), http.StatusServiceUnavailable, gen.RESTErrorTypeUnavailable, "too many streams")
		wantLimited(t, servertest.Get(t, ts, servertest.StreamURL(ts, "a")), http.StatusServiceUnavailable, gen.RESTErrorTypeUnavailable, "too many streams")
		one.Close()
		two.Close()
		wantFree(t, srv)
	}
}

func TestMaxStreamsPerSession(t *testing.T) { servertest.BothModes(t, testMaxStreamsPerSession) }

func testMaxStreamsPerSession(t *testing.T, mode servertest.Mode) {
	srv, ts := mode.Start(t, servertest.AnySession(), server.WithLimits(server.Limits{StreamsPerSession: 2}))
	for range 3 {
		one, two, other := servertest.Open(t, ts, "a"), servertest.Open(t, ts, "a"), servertest.Open(t, ts, "b")
		wantLimited(t, servertest.Get(t, ts, servertest.StreamURL(ts, "a")), http.StatusTooManyRequests, gen.RESTErrorTypeRateLimited, "too many streams of this session")
		one.Close()
		two.Close()
		other.Close()
		wantFree(t, srv)
	}
}

func TestMaxStreamsPerClient(t *testing.T) { servertest.BothModes(t, testMaxStreamsPerClient) }

func testMaxStreamsPerClient(t *testing.T, mode servertest.Mode) {
	srv, ts := mode.Start(t, servertest.AnySession(), server.WithLimits(server.Limits{StreamsPerClient: 2, ClientKey: func(r *http.Request) string { return r.FormValue("client") }}))
	as := func(client, session string) string { return servertest.StreamURL(ts, session) + "&client=" + client }
	for range 3 {
		readers := []*servertest.Reader{servertest.OpenURL(t, ts, as("x", "a")), servertest.OpenURL(t, ts, as("x", "b")), servertest.OpenURL(t, ts, as("y", "a"))}
		wantLimited(t, servertest.Get(t, ts, as("x", "c")), http.StatusTooManyRequests, gen.RESTErrorTypeRateLimited, "too many streams of this client")
		for range 5 { // a client without a key has no limit
			readers = append(readers, servertest.OpenURL(t, ts, as("", "a")))
		}
		for _, r := range readers {
			r.Close()
		}
		wantFree(t, srv)
	}
}

// Clients that are refused together get different times to come back.
func TestRetryAfterIsSpread(t *testing.T) { servertest.BothModes(t, testRetryAfterIsSpread) }

func testRetryAfterIsSpread(t *testing.T, mode servertest.Mode) {
	_, ts := mode.Start(t, servertest.AnySession(), server.WithLimits(server.Limits{Streams: 1}))
	servertest.Open(t, ts, "s")
	seen := make(map[string]int)
	for range 100 {
		res := servertest.Get(t, ts, servertest.StreamURL(ts, "s"))
		wantLimited(t, res, http.StatusServiceUnavailable, gen.RESTErrorTypeUnavailable, "too many streams")
		seen[res.Header.Get("Retry-After")]++
	}
	if len(seen) < 4 {
		t.Errorf("Retry-After: %v", seen)
	}
}

// opened opens streams of one session without sockets until the server refuses one. It
// returns their number and the answer to the refused one.
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
			w := servertest.TapWriter(srv, func([]byte) {
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
	srv := servertest.NewServer(t, servertest.AnySession())
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
	srv := servertest.NewServer(t, servertest.AnySession(), server.WithLimits(server.Limits{
		Streams:           server.Unlimited,
		StreamsPerSession: server.Unlimited,
		StreamsPerClient:  server.Unlimited,
		ClientKey:         func(*http.Request) string { return "one" },
	}))
	if n, _ := opened(t, srv, "s", 20_001); n != 20_001 {
		t.Errorf("%d streams", n)
	}
	if _, sessions, clients := srv.Counted(); sessions != 0 || clients != 0 {
		t.Errorf("%d sessions and %d clients are counted for nothing", sessions, clients)
	}
}

// A stream that a limit refuses costs the log nothing.
func TestLimitsComeBeforeTheLog(t *testing.T) { servertest.BothModes(t, testLimitsComeBeforeTheLog) }

func testLimitsComeBeforeTheLog(t *testing.T, mode servertest.Mode) {
	events := &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	_, ts := mode.Start(t, servertest.AnySession(), server.WithLog(events), server.WithLimits(server.Limits{Streams: 1}))
	servertest.Open(t, ts, "s")
	events.FollowErr = errors.New("Follow was called") // which the server would answer with a 500
	wantLimited(t, servertest.Get(t, ts, servertest.StreamURL(ts, "s")), http.StatusServiceUnavailable, gen.RESTErrorTypeUnavailable, "too many streams")
}

// Every other refusal gives the slot back.
func TestRefusalsTakeNoSlot(t *testing.T) {
	events := &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	srv, ts := servertest.Start(t, server.WithLog(events), server.WithLimits(server.Limits{Streams: 1, StreamsPerSession: 1, StreamsPerClient: 1, ClientKey: func(*http.Request) string { return "one" }}))
	for range 3 {
		servertest.WantError(t, servertest.Get(t, ts, servertest.StreamURL(ts, "nobody")), http.StatusNotFound, gen.RESTErrorTypeNotFound)
		servertest.WantError(t, servertest.Get(t, ts, servertest.StreamURL(ts, "")), http.StatusBadRequest, gen.RESTErrorTypeBadRequest)
		wantFree(t, srv)
	}
	for _, spoil := range []*error{&events.FollowErr, &events.BoundsErr, &events.LookupErr} {
		*spoil = io.ErrNoProgress
		servertest.WantError(t, servertest.Get(t, ts, servertest.StreamURL(ts, "s")), http.StatusInternalServerError, gen.RESTErrorTypeInternalError)
		*spoil = nil
		wantFree(t, srv)
	}
	if n := events.Readers.Load(); n != 0 {
		t.Errorf("%d readers of the log are open", n)
	}
}

// The server frees what a refused request holds when it answers, and does not wait for the
// end of the request's context. This context never ends.
func TestRefusedVisitIsOver(t *testing.T) {
	var armed atomic.Bool
	events := &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	srv := servertest.NewServer(t, server.WithLog(events), server.WithSessions(func(context.Context, string) (bool, error) { panicIf(&armed); return false, nil }))
	request := func() {
		defer func() { _ = recover() }() // as net/http does
		srv.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/stream?sessionId=s", nil))
	}
	wantOver := func(what string) {
		t.Helper()
		if slots, _, _ := srv.Counted(); slots != 0 || events.Readers.Load() != 0 {
			t.Errorf("%s: %d slots are taken, %d readers of the log are open", what, slots, events.Readers.Load())
		}
	}
	request()
	wantOver("unknown")
	armed.Store(true)
	request()
	wantOver("panicked")
	events.FollowErr = io.ErrNoProgress
	request()
	wantOver("failed")
}

// Streams come and go at random, some are refused and some panic: no limit is exceeded and
// no slot is lost.
func TestNoSlotIsLost(t *testing.T) { servertest.BothModes(t, testNoSlotIsLost) }

func testNoSlotIsLost(t *testing.T, mode servertest.Mode) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	const all, perSession, perClient = 12, 5, 4

	events := &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	srv := mode.NewServer(t, server.WithLog(events), server.WithLimits(server.Limits{
		Streams:           all,
		StreamsPerSession: perSession,
		StreamsPerClient:  perClient,
		ClientKey:         func(r *http.Request) string { return r.FormValue("client") },
	}),
		server.WithAuthorizer(func(r *http.Request, _ string) error {
			switch r.FormValue("fault") {
			case "panic":
				panic("by the application")
			case "forbidden":
				return server.ErrForbidden
			}
			return nil
		}),
		server.WithSessions(func(_ context.Context, id string) (bool, error) {
			switch id {
			case "panic":
				panic("by the application")
			case "unknown":
				return false, nil
			}
			return true, nil
		}))
	ts := servertest.Serve(t, srv, servertest.Quiet)

	var clients sync.WaitGroup
	var answers sync.Map
	for i := range 16 {
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		clients.Go(func() {
			var held []*http.Response
			for range 60 {
				session := []string{"a", "b", "c", "d", "unknown", "panic"}[rng.IntN(6)]
				url := fmt.Sprintf("%s&client=%d&fault=%s", servertest.StreamURL(ts, session), rng.IntN(5), []string{"", "", "", "", "panic", "forbidden"}[rng.IntN(6)])
				if res, err := servertest.Try(t, ts, url); err == nil {
					answers.Store(res.StatusCode, true)
					held = append(held, res)
					if n := srv.Readers(session); n > perSession {
						t.Errorf("%d readers of one session", n)
					}
				}
				for len(held) > rng.IntN(4) {
					held[0].Body.Close()
					held = held[1:]
				}
			}
			for _, res := range held {
				res.Body.Close()
			}
		})
	}
	clients.Wait()
	wantFree(t, srv)
	for _, code := range []int{200, 403, 404, 429} {
		if _, ok := answers.Load(code); !ok {
			t.Errorf("nobody was answered %d", code)
		}
	}
	ts.Close()
	if n := events.Readers.Load(); n != 0 {
		t.Errorf("%d readers of the log are open", n)
	}

	// All slots can be taken again.
	again := servertest.Serve(t, srv)
	for i := range all {
		servertest.OpenURL(t, again, servertest.StreamURL(again, strconv.Itoa(i)))
	}
	wantLimited(t, servertest.Get(t, again, servertest.StreamURL(again, "one more")), http.StatusServiceUnavailable, "unavailable", "too many streams")
}
