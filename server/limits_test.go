package server_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

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
	servertest.Until(t, "nothing is counted", func() bool {
		slots, sessions, clients := srv.Counted()
		return slots+sessions+clients == 0
	})
}

// closeAll closes a server and waits for its streams. httptest waits only for attached
// ones.
func closeAll(t *testing.T, ts *httptest.Server, srv *mix.Server) {
	t.Helper()
	ts.Close()
	servertest.Until(t, "the streams have ended", func() bool { slots, _, _ := srv.Counted(); return slots == 0 })
}

// A stream over a limit is refused, costs the log nothing, and is told a time to come back that
// differs from that of others.
func TestMaxStreams(t *testing.T) { servertest.BothModes(t, testMaxStreams) }

func testMaxStreams(t *testing.T, mode servertest.Mode) {
	clientKey := func(r *http.Request) string { return r.FormValue("client") }
	for name, test := range map[string]struct {
		limits  server.Option
		open    []string // sessions and clients
		refused string
		code    int
		kind    gen.RESTErrorType
		message string
	}{
		"in all":       {server.WithLimits(server.Limits{Streams: 2}), []string{"a", "b"}, "a", 503, "unavailable", "too many streams"},
		"of a session": {server.WithLimits(server.Limits{StreamsPerSession: 2}), []string{"a", "a", "b"}, "a", 429, "rate_limited", "too many streams of this session"},
		"of a client": {server.WithLimits(server.Limits{StreamsPerClient: 2, ClientKey: clientKey}), []string{"a&client=x", "b&client=x", "a&client=y", "a", "a", "a"}, "c&client=x",
			429, "rate_limited", "too many streams of this client"},
	} {
		t.Run(name, func(t *testing.T) {
			events := &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
			srv, ts := mode.Start(t, servertest.AnySession(), server.WithLog(events), test.limits)
			target := func(query string) string { return ts.URL + "/stream?sessionId=" + query }
			for range 3 { // the slots are taken, freed, and taken again
				var readers []*servertest.Reader
				for _, query := range test.open {
					readers = append(readers, servertest.OpenURL(t, ts, target(query)))
				}
				events.FollowErr = errors.New("Follow was called") // which the server would answer with a 500
				after := make(map[string]bool)
				for range 30 {
					res := servertest.Get(t, ts, target(test.refused))
					wantLimited(t, res, test.code, test.kind, test.message)
					after[res.Header.Get("Retry-After")] = true
				}
				if len(after) < 3 {
					t.Errorf("Retry-After: %v", after)
				}
				events.FollowErr = nil
				for _, r := range readers {
					r.Close()
				}
				wantFree(t, srv)
			}
		})
	}
}

// A request that is refused, fails or panics holds nothing once it is answered. The server does not
// wait for the end of its context: this one never ends. The client does not learn what has failed,
// and the logger does.
func TestRefusedRequestHoldsNothing(t *testing.T) {
	secret := errors.New("the password is swordfish")
	for name, test := range map[string]struct {
		spoil    func(*servertest.FaultyLog)
		sessions func() (bool, error)
		session  string
		status   int
	}{
		"no session":      {nil, nil, "", 400},
		"unknown session": {nil, func() (bool, error) { return false, nil }, "s", 404},
		"follow":          {func(l *servertest.FaultyLog) { l.FollowErr = secret }, nil, "s", 500},
		"bounds":          {func(l *servertest.FaultyLog) { l.BoundsErr = secret }, nil, "s", 500},
		"lookup":          {func(l *servertest.FaultyLog) { l.LookupErr = secret }, nil, "s", 500},
		"sessions":        {nil, func() (bool, error) { return true, secret }, "s", 500},
		"panic":           {nil, func() (bool, error) { panic("by the application") }, "s", 200},
	} {
		t.Run(name, func(t *testing.T) {
			var l logged
			events := &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
			one := func(*http.Request) string { return "one" }
			opts := []server.Option{l.option(), server.WithLog(events), server.WithLimits(server.Limits{Streams: 1, StreamsPerSession: 1, StreamsPerClient: 1, ClientKey: one})}
			if test.sessions != nil {
				opts = append(opts, server.WithSessions(func(context.Context, string) (bool, error) { return test.sessions() }))
			}
			srv := servertest.NewServer(t, opts...)
			if test.spoil != nil {
				test.spoil(events)
			}
			for range 3 {
				rec := httptest.NewRecorder()
				func() {
					defer func() { _ = recover() }() // as net/http does
					srv.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/stream?sessionId="+test.session, nil))
				}()
				if rec.Code != test.status || strings.Contains(rec.Body.String(), "swordfish") {
					t.Errorf("the answer is %d: %s", rec.Code, rec.Body)
				}
				slots, sessions, clients := srv.Counted()
				if n := events.Readers.Load(); n != 0 || slots+sessions+clients != 0 {
					t.Errorf("%d slots are taken, %d sessions and %d clients are counted, %d readers of the log are open", slots, sessions, clients, n)
				}
			}
			want := 0
			if test.status == http.StatusInternalServerError {
				want = 3
			}
			if l.count("swordfish") != want || l.count("session=s remote=192.0.2.1:") != want {
				t.Errorf("logged %q", l.buf.String())
			}
		})
	}
}

// Streams come and go at random, some are refused and some panic: no limit is exceeded and no slot
// is lost.
func TestNoSlotIsLost(t *testing.T) { servertest.BothModes(t, testNoSlotIsLost) }

func testNoSlotIsLost(t *testing.T, mode servertest.Mode) {
	seed := servertest.Seed(t)
	const all, perSession, perClient = 12, 5, 4
	events := &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	clientKey := func(r *http.Request) string { return r.FormValue("client") }
	srv := mode.NewServer(t, server.WithLog(events),
		server.WithLimits(server.Limits{Streams: all, StreamsPerSession: perSession, StreamsPerClient: perClient, ClientKey: clientKey}),
		server.WithAuthorizer(func(r *http.Request, _ string) error {
			if r.FormValue("fault") == "panic" {
				panic("by the application")
			}
			return map[string]error{"forbidden": server.ErrForbidden}[r.FormValue("fault")]
		}),
		server.WithSessions(func(_ context.Context, id string) (bool, error) {
			if id == "panic" {
				panic("by the application")
			}
			return id != "unknown", nil
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
				fault := []string{"", "", "", "", "panic", "forbidden"}[rng.IntN(6)]
				if res, err := servertest.Try(t, ts, fmt.Sprintf("%s&client=%d&fault=%s", servertest.StreamURL(ts, session), rng.IntN(5), fault)); err == nil {
					answers.Store(res.StatusCode, true)
					held = append(held, res)
				}
				if n := srv.Readers(session); n > perSession {
					t.Errorf("%d readers of one session", n)
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
			t.Errorf("no request was answered with %d", code)
		}
	}
	servertest.Until(t, "no reader of the log is left", func() bool { return events.Readers.Load() == 0 })
	for i := range all { // all slots can be taken again
		servertest.Open(t, ts, strconv.Itoa(i))
	}
	wantLimited(t, servertest.Get(t, ts, servertest.StreamURL(ts, "one more")), http.StatusServiceUnavailable, "unavailable", "too many streams")
}
