package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// The bytes of a stream whose contract has no events for what the server says.
func TestForeignStream(t *testing.T) { servertest.BothModes(t, testForeignStream) }

func testForeignStream(t *testing.T, mode servertest.Mode) {
	srv := newForeign(t, mode, orderEvents, server.WithTiming(server.Timing{Heartbeat: time.Hour}))
	ts := servertest.Serve(t, srv)
	first := tell(t, srv, "7", order("a"))
	w := listen(t, ts, orderSeven, "", servertest.Before(t, first))
	w.want(":")
	w.order(first, "2000")
	second := tell(t, srv, "7", order("a"))
	w.order(second, "")
	id := tell(t, srv, "7", &note{"one\ntwo"})
	w.want("event: note", "data: one", "data: two", "id: "+id, "")
	id = tell(t, srv, "7", &note{""})
	w.want("event: note", "data: ", "id: "+id, "")
	id = tell(t, srv, "7", &nameless{"x"})
	w.want(`data: {"text":"x"}`, "id: "+id, "")
	w.res.Body.Close()

	w = listen(t, ts, orderSeven, first, first)
	w.want(":")
	w.order(second, "2000")
	w = listen(t, ts, orderSeven, "0", servertest.Before(t, first))
	w.want(":")
	w.order(first, "2000")
}

// The first event carries the reconnection time, even if its data is text.
func TestForeignRetryWithText(t *testing.T) { servertest.BothModes(t, testForeignRetryWithText) }

func testForeignRetryWithText(t *testing.T, mode servertest.Mode) {
	srv := newForeign(t, mode, orderEvents, server.WithTiming(server.Timing{Retry: 3 * time.Second}))
	id := tell(t, srv, "7", &note{"a\nb"})
	w := listen(t, servertest.Serve(t, srv), orderSeven, "", servertest.Before(t, id))
	w.want(":", "event: note", "retry: 3000", "data: a", "data: b", "id: "+id, "")
}

func TestForeignSignOfLife(t *testing.T) { servertest.BothModes(t, testForeignSignOfLife) }

func testForeignSignOfLife(t *testing.T, mode servertest.Mode) {
	srv := newForeign(t, mode, orderEvents, server.WithTiming(server.Timing{Heartbeat: 20 * time.Millisecond}))
	first := tell(t, srv, "7", order("a"))
	w := listen(t, servertest.Serve(t, srv), orderSeven, first, first)
	w.want(":", ":", ":", ":")
	second := tell(t, srv, "7", order("a"))
	line := w.line()
	for line == ":" {
		line = w.line()
	}
	if line != "event: placed" {
		t.Fatalf("got %q", line)
	}
	w.want("retry: 2000", `data: {"id":"a","lines":[]}`, "id: "+second, "")
}

func TestForeignDrain(t *testing.T) { servertest.BothModes(t, testForeignDrain) }

func testForeignDrain(t *testing.T, mode servertest.Mode) {
	srv := newForeign(t, mode, orderEvents, server.WithTiming(server.Timing{DrainWindow: time.Millisecond}))
	ts := servertest.Serve(t, srv)
	first := tell(t, srv, "7", order("a"))
	idle := listen(t, ts, orderSeven, first, first)
	idle.want(":")
	reader := listen(t, ts, orderSeven, "", servertest.Before(t, first))
	reader.want(":")
	reader.order(first, "2000")
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, w := range []*wire{idle, reader} {
		w.retryLine(2000)
		w.end()
	}
	late := listen(t, ts, orderSeven, first, first)
	late.retryLine(2000)
	late.end()
}

func TestForeignMaxAge(t *testing.T) { servertest.BothModes(t, testForeignMaxAge) }

func testForeignMaxAge(t *testing.T, mode servertest.Mode) {
	o := servertest.NewObserver()
	srv := newForeign(t, mode, orderEvents, server.WithObserver(o), server.WithTiming(server.Timing{MaxConnectionAge: 10 * time.Millisecond}))
	first := tell(t, srv, "7", order("a"))
	w := listen(t, servertest.Serve(t, srv), orderSeven, first, first)
	w.want(":")
	w.retryLine(2000)
	w.end()
	s := servertest.Receive(t, o.Streams)
	s.WantEnd(t, server.EndMaxAge)
	if s.Info.Operation != "orderEvents" || s.Info.SessionID != "7" {
		t.Errorf("the observer is told of %+v", s.Info)
	}
	if p := servertest.Receive(t, o.Publications); p.Operation != "orderEvents" || p.SessionID != "7" || p.Event != "placed" {
		t.Errorf("the observer is told of %+v", p)
	}
}

func TestForeignOutage(t *testing.T) { servertest.BothModes(t, testForeignOutage) }

func testForeignOutage(t *testing.T, mode servertest.Mode) {
	o := servertest.NewObserver()
	events := &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
	srv := newForeign(t, mode, orderEvents, server.WithObserver(o), server.WithLog(events), server.WithTiming(server.Timing{LogOutage: time.Millisecond}))
	ts := servertest.Serve(t, srv)
	first := tell(t, srv, "7", order("a"))
	w := listen(t, ts, orderSeven, first, first)
	w.want(":")
	events.ReadErr.Store(servertest.ErrUnavailable)
	tell(t, srv, "7", order("a"))
	w.retryLine(2000)
	w.end()
	servertest.Receive(t, o.Streams).WantEnd(t, server.EndLogUnavailable)

	events.FailLookups.Store(1)
	w = listen(t, ts, orderSeven, first, first)
	w.retryLine(2000)
	w.end()
	events.FailLookups.Store(1)
	w = ask(t, ts, orderSeven, "")
	w.problem(http.StatusServiceUnavailable)
	if w.res.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

// A stream that ends for a failure does not end with a comment line either.
func TestForeignFailure(t *testing.T) {
	servertest.BothModes(t, func(t *testing.T, mode servertest.Mode) {
		events := &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
		srv := newForeign(t, mode, orderEvents, server.WithLog(events))
		ts := servertest.Serve(t, srv)
		first := tell(t, srv, "7", order("a"))
		w := listen(t, ts, orderSeven, first, first)
		w.want(":")
		events.ReadErr.Store(fmt.Errorf("broken"))
		tell(t, srv, "7", order("a"))
		w.want("retry: 2000")
		w.end()
	})
}

// A stream whose reader is cut off does not end with a comment line either.
func TestForeignRevoked(t *testing.T) {
	servertest.BothModes(t, func(t *testing.T, mode servertest.Mode) {
		srv := newForeign(t, mode, orderEvents, server.WithTiming(server.Timing{Reauthorization: time.Millisecond}), server.WithAuthorizer(onceOnly()))
		first := tell(t, srv, "7", order("a"))
		w := listen(t, servertest.Serve(t, srv), orderSeven, first, first)
		w.want(":", "retry: 2000")
		w.end()
	})
}

func TestForeignOverHTTP2(t *testing.T) {
	srv := newForeign(t, servertest.Detached, orderEvents, server.WithTiming(server.Timing{Heartbeat: time.Hour, DrainWindow: time.Millisecond}))
	ts := servertest.Serve(t, srv, func(ts *httptest.Server) { ts.EnableHTTP2 = true })
	first := tell(t, srv, "7", order("a"))
	w := listen(t, ts, orderSeven, "", servertest.Before(t, first))
	if w.res.ProtoMajor != 2 {
		t.Fatalf("the answer is one of %s", w.res.Proto)
	}
	w.want(":")
	w.order(first, "2000")
	idle := listen(t, ts, orderSeven, first, first)
	idle.want(":")
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, w := range []*wire{w, idle} {
		w.retryLine(2000)
		w.end()
	}
}

// The server writes nothing for entries of the log that belong to other sessions of the
// scope: an empty chunk would end the body.
func TestHiddenEntriesInScope(t *testing.T) { servertest.BothModes(t, testHiddenEntriesInScope) }

func testHiddenEntriesInScope(t *testing.T, mode servertest.Mode) {
	srv := newForeign(t, mode, orderEvents, server.WithScope(func(string) string { return "tenant" }))
	ts := servertest.Serve(t, srv)
	first := tell(t, srv, "7", order("a"))
	w := listen(t, ts, orderSeven, first, first)
	w.want(":")
	for i := range 200 {
		other := fmt.Sprint("other-", i)
		if _, err := srv.CreateSession(t.Context(), other, ""); err != nil {
			t.Fatal(err)
		}
		end(t, srv, other)
	}
	second := tell(t, srv, "7", order("a"))
	w.order(second, "2000")
	if _, err := srv.CreateSession(t.Context(), "another", ""); err != nil {
		t.Fatal(err)
	}
	end(t, srv, "7")
	w.end()
	ask(t, ts, orderSeven, second).status(http.StatusNoContent)
}
