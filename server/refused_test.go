package server_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
)

// What a request holds that comes to no stream is free when it is answered, and
// not only when its context ends, which this one never does.
func TestRefusedVisitIsOver(t *testing.T) {
	var armed atomic.Bool
	events := &faultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	srv := newServer(t, server.WithLog(events), server.WithSessions(func(context.Context, string) (bool, error) { panicIf(&armed); return false, nil }))
	request := func() {
		defer func() { _ = recover() }() // as net/http does
		srv.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/stream?sessionId=s", nil))
	}
	wantOver := func(what string) {
		t.Helper()
		if slots, _, _ := srv.Counted(); slots != 0 || events.open.Load() != 0 {
			t.Errorf("%s: %d slots are taken, %d readers of the log are open", what, slots, events.open.Load())
		}
	}
	request()
	wantOver("unknown")
	armed.Store(true)
	request()
	wantOver("panicked")
	events.follow = io.ErrNoProgress
	request()
	wantOver("failed")
}
