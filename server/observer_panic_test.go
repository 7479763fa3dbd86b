package server_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
)

// faultyObserver panics in one method, while it is armed.
type faultyObserver struct {
	method string
	armed  atomic.Bool
	ended  atomic.Int32
}

func (o *faultyObserver) call(method string) {
	if o.method == method {
		panicIf(&o.armed)
	}
}

func (o *faultyObserver) PublishStarted(ctx context.Context, _ string) context.Context {
	o.call("PublishStarted")
	return ctx
}

func (o *faultyObserver) PublishEnded(context.Context, server.Publication) { o.call("PublishEnded") }

func (o *faultyObserver) StreamOpened(ctx context.Context, _ server.StreamInfo) (context.Context, server.StreamObserver) {
	o.call("StreamOpened")
	return ctx, o
}

func (o *faultyObserver) StreamRefused(context.Context, server.Refusal) { o.call("StreamRefused") }

func (o *faultyObserver) Delivered(server.Delivery) { o.call("Delivered") }
func (o *faultyObserver) Replayed(int)              { o.call("Replayed") }
func (o *faultyObserver) Gap()                      { o.call("Gap") }
func (o *faultyObserver) Ended(server.End) {
	o.ended.Add(1)
	o.call("Ended")
}

// A panic of the observer costs the request that it is told of, and leaves nothing behind.
func TestObserverPanics(t *testing.T) {
	for _, method := range []string{"StreamOpened", "StreamRefused", "Delivered", "Replayed", "Gap", "Ended"} {
		t.Run(method, func(t *testing.T) {
			o := &faultyObserver{method: method}
			events := &faultyLog{Log: eventlog.NewMemory(eventlog.Retention{Entries: 3})}
			srv := newServer(t, server.WithObserver(o), server.WithLog(events))
			ts := serve(t, srv, func(ts *httptest.Server) { ts.Config.ErrorLog = log.New(io.Discard, "", 0) })
			ids := publishN(t, srv, "s", 10)
			remove(t, srv, "s")
			session, streams := "s", int32(1)
			if method == "StreamRefused" {
				session, streams = "nobody", 0
			}
			if method == "StreamOpened" {
				streams = 0
			}
			o.armed.Store(true)
			if res, err := try(t, ts, streamURL(ts, session), ids[0]); err == nil {
				if _, err := io.ReadAll(res.Body); err == nil && res.StatusCode == http.StatusOK {
					t.Error("the stream ended cleanly")
				}
			}
			closeAll(t, ts, srv)
			if n, open := srv.Readers("s"), events.open.Load(); n != 0 || open != 0 {
				t.Errorf("%d readers of the session and %d of the log are left", n, open)
			}
			if n := o.ended.Load(); n != streams {
				t.Errorf("%d streams ended, want %d", n, streams)
			}
			o.armed.Store(false)
			again := serve(t, srv)
			r := open(t, again, "s", ids[9])
			r.next()
			closeAll(t, again, srv)
			if err := srv.Shutdown(t.Context()); err != nil { // counts streams
				t.Error(err)
			}
		})
	}
}

// The end of a stream is told also if the end of its replay was not taken well.
func TestObserverPanicsAtEnd(t *testing.T) {
	o := &faultyObserver{method: "Replayed"}
	srv := newServer(t, server.WithObserver(o))
	ts := serve(t, srv, func(ts *httptest.Server) { ts.Config.ErrorLog = log.New(io.Discard, "", 0) })
	publish(t, srv, "s", "")
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.armed.Store(true)
	if res, err := try(t, ts, streamURL(ts, "s"), "0"); err == nil {
		_, _ = io.ReadAll(res.Body)
	}
	closeAll(t, ts, srv)
	if n := o.ended.Load(); n != 1 {
		t.Errorf("%d streams ended", n)
	}
}

// The caller of Publish has the panics of its own observer.
func TestObserverPanicsInPublish(t *testing.T) {
	for _, method := range []string{"PublishStarted", "PublishEnded"} {
		o := &faultyObserver{method: method}
		srv := newServer(t, server.WithObserver(o))
		o.armed.Store(true)
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", method)
				}
			}()
			publish(t, srv, "s", "")
		}()
		o.armed.Store(false)
		publish(t, srv, "s", "")
	}
}

// A publication that panics has ended, and not well.
func TestObserverOfPublishThatPanics(t *testing.T) {
	o := newObserver()
	srv := newServer(t, server.WithObserver(o), server.WithScope(func(string) string { panic("by the application") }))
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		publish(t, srv, "s", "")
	}()
	if p := receive(t, o.publications); p.Err == nil {
		t.Errorf("got %+v", p)
	}
}

// An observer may have nothing to tell about a stream.
func TestObserverWithoutStreamObserver(t *testing.T) {
	srv := newServer(t, server.WithObserver(indifferent{}), smallLog(3))
	ts := serve(t, srv)
	ids := publishN(t, srv, "s", 10)
	r := open(t, ts, "s", ids[0])
	r.want("connected", ids[0])
	r.wantGap(ids[6])
	r.wantContents(ids[7:]...)
	r.want("session_deleted", remove(t, srv, "s"))
	r.wantEnd()
}

// indifferent observes nothing.
type indifferent struct{}

func (indifferent) PublishStarted(ctx context.Context, _ string) context.Context { return ctx }
func (indifferent) PublishEnded(context.Context, server.Publication)             {}
func (indifferent) StreamRefused(context.Context, server.Refusal)                {}
func (indifferent) StreamOpened(ctx context.Context, _ server.StreamInfo) (context.Context, server.StreamObserver) {
	return ctx, nil
}
