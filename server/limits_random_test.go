package server_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
)

// Over any coming and going, refusal and panic, no limit is exceeded, and no slot
// is lost.
func TestNoSlotIsLost(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	const all, perSession, perClient = 12, 5, 4

	events := &faultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	srv := newServer(t, server.WithLog(events), server.WithMaxStreams(all), server.WithMaxStreamsPerSession(perSession),
		server.WithMaxStreamsPerClient(perClient, func(r *http.Request) string { return r.FormValue("client") }),
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
	ts := serve(t, srv, func(ts *httptest.Server) { ts.Config.ErrorLog = log.New(io.Discard, "", 0) })

	var clients sync.WaitGroup
	var answers sync.Map
	for i := range 16 {
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		clients.Go(func() {
			var held []*http.Response
			for range 60 {
				session := []string{"a", "b", "c", "d", "unknown", "panic"}[rng.IntN(6)]
				url := fmt.Sprintf("%s&client=%d&fault=%s", streamURL(ts, session), rng.IntN(5), []string{"", "", "", "", "panic", "forbidden"}[rng.IntN(6)])
				if res, err := try(t, ts, url); err == nil {
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
	if n := events.open.Load(); n != 0 {
		t.Errorf("%d readers of the log are open", n)
	}

	// All slots can be taken again.
	again := serve(t, srv)
	for i := range all {
		openURL(t, again, streamURL(again, strconv.Itoa(i)))
	}
	wantLimited(t, get(t, again, streamURL(again, "one more")), http.StatusServiceUnavailable, "unavailable", "too many streams")
}
