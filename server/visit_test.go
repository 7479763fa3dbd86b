package server_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/server"
)

// wrapping is an implementation that answers with a stream inside an answer of its
// own, after it has called before.
type wrapping struct {
	gen.StrictServerInterface
	before func(ctx context.Context)
	ended  chan error
}

type wrappedStream struct {
	gen.StreamEventsResponseObject
	ctx context.Context
	of  *wrapping
}

func (i *wrapping) StreamEvents(ctx context.Context, request gen.StreamEventsRequestObject) (gen.StreamEventsResponseObject, error) {
	stream, err := i.StrictServerInterface.StreamEvents(ctx, request)
	return wrappedStream{stream, ctx, i}, err
}

func (s wrappedStream) VisitStreamEventsResponse(w http.ResponseWriter) error {
	s.of.before(s.ctx)
	err := s.StreamEventsResponseObject.VisitStreamEventsResponse(w)
	s.of.ended <- err
	return err
}

func newWrapping(t *testing.T, before func(ctx context.Context)) (*server.Server, *faultyLog, *wrapping) {
	t.Helper()
	events := &faultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	w := &wrapping{before: before, ended: make(chan error, 10)}
	srv := newServer(t, anySession(), server.WithLog(events), server.WithMaxStreams(1),
		server.WithOperations(func(s gen.StrictServerInterface) gen.StrictServerInterface {
			w.StrictServerInterface = s
			return w
		}))
	return srv, events, w
}

func TestWrappedStream(t *testing.T) {
	srv, events, w := newWrapping(t, func(context.Context) {})
	ts := serve(t, srv)
	for range 3 {
		r := open(t, ts, "s")
		r.next()
		wantError(t, get(t, ts, streamURL(ts, "s")), http.StatusServiceUnavailable, gen.RESTErrorTypeUnavailable)
		r.wantContents(publish(t, srv, "s", ""))
		r.close()
		if err := receive(t, w.ended); err != nil {
			t.Error(err)
		}
		wantFree(t, srv)
	}
	if n := events.open.Load(); n != 0 {
		t.Errorf("%d readers of the log are open", n)
	}
}

// A stream whose client has left before it begins is closed, and does not begin.
func TestStreamAfterItsRequest(t *testing.T) {
	reached := make(chan struct{})
	var (
		srv    *server.Server
		events *faultyLog
		w      *wrapping
	)
	srv, events, w = newWrapping(t, func(ctx context.Context) {
		close(reached)
		<-ctx.Done()
		wantFree(t, srv)
	})
	ts := serve(t, srv)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, streamURL(ts, "s"), nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		<-reached
		leave()
	}()
	if res, err := ts.Client().Do(req); err == nil {
		res.Body.Close()
		t.Errorf("answered %s", res.Status)
	}
	if err := receive(t, w.ended); err == nil {
		t.Error("the stream has begun")
	}
	if n := events.open.Load(); n != 0 {
		t.Errorf("%d readers of the log are open", n)
	}
}

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

// failing is an implementation that fails with the stream in its hands.
type failing struct{ gen.StrictServerInterface }

func (f failing) StreamEvents(ctx context.Context, request gen.StreamEventsRequestObject) (gen.StreamEventsResponseObject, error) {
	stream, err := f.StrictServerInterface.StreamEvents(ctx, request)
	if err == nil {
		err = io.ErrNoProgress
	}
	return stream, err
}

func TestFailedVisitIsOver(t *testing.T) {
	events := &faultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	srv := newServer(t, anySession(), server.WithLog(events),
		server.WithOperations(func(s gen.StrictServerInterface) gen.StrictServerInterface { return failing{s} }))
	ts := serve(t, srv)
	wantError(t, get(t, ts, streamURL(ts, "s")), http.StatusInternalServerError, gen.RESTErrorTypeInternalError)
	wantFree(t, srv)
	if n := events.open.Load(); n != 0 {
		t.Errorf("%d readers of the log are open", n)
	}
}
