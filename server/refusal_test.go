package server_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
)

func TestObserverOfRefusals(t *testing.T) {
	o := newObserver()
	events := &faultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	srv := newServer(t, server.WithObserver(o), server.WithLog(events))
	h := below(t, srv, "/api")
	ts := serve(t, h)
	publish(t, srv, "s", "")
	end := func() string { publish(t, srv, "gone", ""); return remove(t, srv, "gone") }()
	for _, test := range []struct {
		name, method, query, resume string
		status                      int
		session                     string
	}{
		{"no session", "GET", "", "", 400, ""},
		{"bad session", "GET", "?sessionId=%00", "", 400, ""},
		{"two sessions", "GET", "?sessionId=s&sessionId=t", "", 400, "s"},
		{"bad query", "GET", "?sessionId=s&%zz", "", 400, "s"},
		{"unknown session", "GET", "?sessionId=nobody", "", 404, "nobody"},
		{"session over", "GET", "?sessionId=gone", end, 204, "gone"},
		{"method", "POST", "?sessionId=s", "", 405, "s"},
		{"log", "GET", "?sessionId=s", "", 500, "s"},
	} {
		t.Run(test.name, func(t *testing.T) {
			events.follow = nil
			if test.status == http.StatusInternalServerError {
				events.follow = errors.New("broken")
			}
			req, err := http.NewRequestWithContext(t.Context(), test.method, ts.URL+"/api/stream"+test.query, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Last-Event-ID", test.resume)
			res, err := ts.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			r := receive(t, o.refusals)
			if r.Status != test.status || res.StatusCode != test.status || r.SessionID != test.session || !strings.HasPrefix(r.RemoteAddr, "127.0.0.1:") {
				t.Errorf("got %+v for %s, want %+v", r, res.Status, test)
			}
		})
	}
	t.Run("no flush", func(t *testing.T) {
		events.follow = nil
		h.ServeHTTP(hidden{httptest.NewRecorder()}, httptest.NewRequest(http.MethodGet, "/api/stream?sessionId=s", nil))
		if r := receive(t, o.refusals); r.Status != http.StatusInternalServerError {
			t.Errorf("got %+v", r)
		}
	})
	get(t, ts, ts.URL+"/elsewhere").Body.Close()
	openURL(t, ts, ts.URL+"/api/stream?sessionId=s").next()
	if len(o.refusals) != 0 || len(o.streams) != 1 {
		t.Errorf("%d more refusals, %d streams", len(o.refusals), len(o.streams))
	}
}
