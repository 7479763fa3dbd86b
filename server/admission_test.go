package server

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/gen"
)

// A request that is wrong in several ways is answered for the first step of its gate that it
// does not pass. Each row mends what the row before it is answered for.
func TestGateOrder(t *testing.T) {
	key := func(*http.Request) string { return "one" }
	for name, ingests := range map[string]bool{"streams": false, "ingest requests": true} {
		t.Run(name, func(t *testing.T) {
			var refused error
			authorize := func(*http.Request, string) error { return refused }
			srv, err := New(gen.StreamEvents, WithAuthorizer(authorize), WithPublishAuthorizer(authorize), WithLimits(Limits{StreamsPerClient: 1, ClientKey: key, PublishesPerClient: 1}))
			if err != nil {
				t.Fatal(err)
			}
			g, closes := &srv.engine.streamGate, map[int]bool{404: true, 405: true}
			if ingests {
				g, closes = &srv.engine.ingestGate, map[int]bool{404: true, 405: true, 400: true, 415: true, 401: true, 429: true}
			}
			taken, err := g.limits.take(nil, "")
			if err != nil {
				t.Fatal(err)
			}
			refused = ErrUnauthorized
			named, session, media := errNoPath, "\n", ""
			for _, step := range []struct {
				status int
				mend   func()
			}{
				{404, func() { named = errMethod }},
				{405, func() { named = errors.New("twice") }},
				{400, func() { named = nil }},
				{415, func() { media = "application/json" }},
				{400, func() { session = "s" }},
				{401, func() { refused = nil }},
				{429, func() { g.limits.free(taken) }},
			} {
				if step.status == 415 && !ingests {
					continue
				}
				w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", strings.NewReader("x"))
				r.Header.Set("Content-Type", media)
				_, err := g.admit(w, r, session, named)
				if e := asRefusal(err); e == nil || e.Status != step.status {
					t.Errorf("got %v, want %d", err, step.status)
				}
				if got := w.Header().Get("Connection") == "close"; got != closes[step.status] {
					t.Errorf("%d: the connection is closed: %v", step.status, got)
				}
				step.mend()
			}
			r := httptest.NewRequest(http.MethodPost, "/", nil)
			r.Header.Set("Content-Type", media)
			p, err := g.admit(httptest.NewRecorder(), r, session, named)
			if err != nil || p == (place{}) {
				t.Errorf("got %v, error %v", p, err)
			}
		})
	}
}

// A server that shuts down sends new streams away without a limit, but not those of strangers.
func TestGateWhileDraining(t *testing.T) {
	refused := ErrUnauthorized
	srv, err := New(gen.StreamEvents, WithAuthorizer(func(*http.Request, string) error { return refused }), WithLimits(Limits{Streams: 1}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := srv.engine.streamGate.limits.take(nil, ""); err != nil {
		t.Fatal(err)
	}
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	admit := func() error {
		_, err := srv.engine.streamGate.admit(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil), "s", nil)
		return err
	}
	if err := admit(); !errors.Is(err, ErrUnauthorized) {
		t.Errorf("a stranger gets %v", err)
	}
	refused = nil
	if err := admit(); err != nil {
		t.Error(err)
	}
}

// What an ingest request is asked before its session: whether there is publishing, whether
// the server takes new requests, and what the body is.
func TestCheckIngestOrder(t *testing.T) {
	on := WithPublishAuthorizer(func(*http.Request, string) error { return nil })
	for _, row := range []struct {
		opts    []Option
		drained bool
		media   string
		status  int
	}{
		{nil, true, "", http.StatusForbidden},
		{[]Option{on}, true, "", http.StatusServiceUnavailable},
		{[]Option{on}, false, "", http.StatusUnsupportedMediaType},
		{[]Option{on}, false, "application/json", http.StatusOK},
	} {
		srv, err := New(gen.StreamEvents, row.opts...)
		if err != nil {
			t.Fatal(err)
		}
		if row.drained {
			if err := srv.Shutdown(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header.Set("Content-Type", row.media)
		status := http.StatusOK
		if e := asRefusal(srv.engine.checkIngest(r)); e != nil {
			status = e.Status
		}
		if status != row.status {
			t.Errorf("got %d, want %d", status, row.status)
		}
	}
}
