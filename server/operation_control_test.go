package server_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// A contract may have the name of an event in its data. Then its events have no SSE field
// for the name, and the events of the server have none either.
func TestNameInData(t *testing.T) { servertest.BothModes(t, testNameInData) }

func testNameInData(t *testing.T, mode servertest.Mode) {
	op := orderEvents
	events := facts
	events.NameIn = "type"
	events.Check = nil
	op.Events = &events
	op.Control = &contract.Control{Connected: contract.ControlEvent{Name: "hello", Session: "order"}, Deleted: contract.ControlEvent{Name: "bye"}}
	srv := newForeign(t, mode, op)
	id, err := srv.PublishJSON(t.Context(), "7", "placed", []byte(`{"type":"placed","id":"a"}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := srv.PublishJSON(t.Context(), "7", "placed", []byte(`{"type":"note"}`)); err == nil {
		t.Error("an event is published under the name of another")
	}
	w := ask(t, servertest.Serve(t, srv), orderSeven, servertest.Before(t, id))
	w.want("retry: 2000", `data: {"order":"7","type":"hello"}`, "id: "+servertest.Before(t, id), "")
	w.want(`data: {"type":"placed","id":"a"}`, "id: "+id, "")
	last := end(t, srv, "7")
	w.want(`data: {"type":"bye"}`, "id: "+last, "")
	w.end()
}

// A contract may have an event for one thing that the server says and none for another.
func TestPartOfTheControlEvents(t *testing.T) { servertest.BothModes(t, testPartOfTheControlEvents) }

func testPartOfTheControlEvents(t *testing.T, mode servertest.Mode) {
	event := func(name string) contract.ControlEvent { return contract.ControlEvent{Name: name, Session: "order"} }
	said := func(name, id, retry string) []string {
		lines := []string{"event: " + name, `data: {"order":"7"}`, "id: " + id, ""}
		if retry != "" {
			lines = append(lines[:1], append([]string{"retry: " + retry}, lines[1:]...)...)
		}
		return lines
	}
	start := func(t *testing.T, c contract.Control, opts ...server.Option) (*server.Server[fact], *httptest.Server, string) {
		op := orderEvents
		op.Control = &c
		srv := newForeign(t, mode, op, append(opts, server.WithTiming(server.Timing{DrainWindow: time.Millisecond}))...)
		return srv, servertest.Serve(t, srv), tell(t, srv, "7", order("a"))
	}
	t.Run("connected", func(t *testing.T) {
		srv, ts, id := start(t, contract.Control{Connected: event("hello")}, server.WithTiming(server.Timing{Heartbeat: 20 * time.Millisecond}))
		w := ask(t, ts, orderSeven, "") // from the end, because the event tells the position
		if got, ok := w.res.Header["Last-Event-Id"]; ok {
			t.Errorf("the header has the position as well: %s", got)
		}
		w.want(said("hello", id, "2000")...)
		w.want(":")
		if err := srv.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		line := w.line()
		for line == ":" {
			line = w.line()
		}
		if line < "retry: 2000" {
			t.Errorf("got %q", line)
		}
		w.end()
		w = ask(t, ts, orderSeven, "")
		w.want("event: hello")
		w.retryLine(2000)
		w.want(`data: {"order":"7"}`, "id: "+id, "")
		w.end()
	})
	t.Run("heartbeat", func(t *testing.T) {
		srv, ts, id := start(t, contract.Control{Heartbeat: event("beat")}, server.WithTiming(server.Timing{Heartbeat: 20 * time.Millisecond}))
		w := listen(t, ts, orderSeven, id, id)
		w.want(":")
		w.want(said("beat", id, "2000")...)
		w.want(said("beat", id, "")...)
		last := end(t, srv, "7")
		if rest := w.rest(); rest != "" && rest[:12] != "event: beat\n" {
			t.Errorf("got %q at the end %s", rest, last)
		}
	})
	t.Run("gap", func(t *testing.T) {
		srv, ts, _ := start(t, contract.Control{Gap: event("missed")}, server.WithLog(shortLog()))
		ids := tellN(t, srv, "7", 6)
		w := listen(t, ts, orderSeven, ids[0], ids[0])
		w.want(":")
		w.want(said("missed", ids[2], "2000")...)
		w.order(ids[3], "")
	})
	t.Run("deleted", func(t *testing.T) {
		srv, ts, id := start(t, contract.Control{Deleted: event("gone")})
		w := listen(t, ts, orderSeven, id, id)
		w.want(":")
		last := end(t, srv, "7")
		w.want(said("gone", last, "2000")...)
		w.end()
		w = listen(t, ts, orderSeven, id, id)
		w.want(":")
		w.want(said("gone", last, "2000")...)
		w.end()
		ask(t, ts, orderSeven, last).status(http.StatusNoContent)
	})
	t.Run("deleted without a session", func(t *testing.T) {
		srv, ts, id := start(t, contract.Control{Deleted: contract.ControlEvent{Name: "gone"}}, server.WithScope(func(string) string { return "tenant" }))
		w := listen(t, ts, orderSeven, id, id)
		w.want(":")
		tell(t, srv, "other", order("a"))
		other := end(t, srv, "other")
		w.want("event: gone", "retry: 2000", "data: {}", "id: "+other, "")
		last := end(t, srv, "7")
		w.want("event: gone", "data: {}", "id: "+last, "")
		w.end()
	})
}
