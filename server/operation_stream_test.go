package server_test

import (
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
	w := listen(t, ts, orderSeven, "", servertest.Before(t, first), ":")
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

	w = listen(t, ts, orderSeven, first, first, ":")
	w.order(second, "2000")
	id = tell(t, srv, "8", &note{"a\nb"}) // the first event carries the reconnection time, whatever its data
	w = ask(t, ts, "/orders/8/events", "")
	w.want(":", "event: note", "retry: 2000", "data: a", "data: b", "id: "+id, "")
	w = listen(t, ts, orderSeven, "0", servertest.Before(t, first), ":")
	w.order(first, "2000")
}

// A stream ends with a reconnection time, and not with a comment line, over either protocol. A
// server that drains sends new streams away with it, and so does one without its log.
func TestForeignDrain(t *testing.T) { servertest.BothModes(t, testForeignDrain) }

func testForeignDrain(t *testing.T, mode servertest.Mode) {
	for _, h2 := range []bool{false, true} {
		events := &servertest.FaultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
		srv := newForeign(t, mode, orderEvents, server.WithLog(events), server.WithTiming(server.Timing{DrainWindow: time.Millisecond}))
		ts := servertest.Serve(t, srv, func(ts *httptest.Server) { ts.EnableHTTP2 = h2 })
		first := tell(t, srv, "7", order("a"))
		idle := listen(t, ts, orderSeven, first, first)
		if h2 != (idle.res.ProtoMajor == 2) {
			t.Fatalf("the answer is one of %s", idle.res.Proto)
		}
		idle.want(":")
		reader := listen(t, ts, orderSeven, "", servertest.Before(t, first), ":")
		reader.order(first, "2000")

		events.FailLookups.Store(2)
		away := listen(t, ts, orderSeven, first, first)
		w := ask(t, ts, orderSeven, "")
		if w.problem(http.StatusServiceUnavailable); w.res.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		if err := srv.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, w := range []*wire{idle, reader, away, listen(t, ts, orderSeven, first, first)} {
			w.retryLine(2000)
			w.end()
		}
	}
}
