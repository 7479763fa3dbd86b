package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
)

const orderSeven = "/orders/7/events"

// The bytes of a stream whose contract has no events for what the server says.
func TestForeignStream(t *testing.T) {
	inModes(t, func(t *testing.T, mode ...server.Option) {
		srv := newForeign(t, orderEvents, append(mode, server.WithHeartbeat(time.Hour))...)
		ts := serve(t, srv)
		first := tell(t, srv, "7", order("a"))
		w := listen(t, ts, orderSeven, "", before(t, first))
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
		w = listen(t, ts, orderSeven, "0", before(t, first))
		w.want(":")
		w.order(first, "2000")
	})
}

// The first event tells the reconnection time, also if its data is text.
func TestForeignRetryWithText(t *testing.T) {
	srv := newForeign(t, orderEvents, server.WithRetry(3*time.Second))
	id := tell(t, srv, "7", &note{"a\nb"})
	w := listen(t, serve(t, srv), orderSeven, "", before(t, id))
	w.want(":", "event: note", "retry: 3000", "data: a", "data: b", "id: "+id, "")
}

func TestForeignSignOfLife(t *testing.T) {
	inModes(t, func(t *testing.T, mode ...server.Option) {
		srv := newForeign(t, orderEvents, append(mode, server.WithHeartbeat(20*time.Millisecond))...)
		first := tell(t, srv, "7", order("a"))
		w := listen(t, serve(t, srv), orderSeven, first, first)
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
	})
}

func TestForeignDrain(t *testing.T) {
	inModes(t, func(t *testing.T, mode ...server.Option) {
		srv := newForeign(t, orderEvents, append(mode, server.WithDrainWindow(time.Millisecond))...)
		ts := serve(t, srv)
		first := tell(t, srv, "7", order("a"))
		idle := listen(t, ts, orderSeven, first, first)
		idle.want(":")
		reader := listen(t, ts, orderSeven, "", before(t, first))
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
	})
}

func TestForeignMaxAge(t *testing.T) {
	inModes(t, func(t *testing.T, mode ...server.Option) {
		o := newObserver()
		srv := newForeign(t, orderEvents, append(mode, server.WithObserver(o), server.WithMaxConnectionAge(10*time.Millisecond))...)
		first := tell(t, srv, "7", order("a"))
		w := listen(t, serve(t, srv), orderSeven, first, first)
		w.want(":")
		w.retryLine(2000)
		w.end()
		s := receive(t, o.streams)
		s.wantEnd(t, server.EndMaxAge)
		if s.info.Operation != "orderEvents" || s.info.SessionID != "7" {
			t.Errorf("the observer is told of %+v", s.info)
		}
		if p := receive(t, o.publications); p.Operation != "orderEvents" || p.SessionID != "7" || p.Event != "placed" {
			t.Errorf("the observer is told of %+v", p)
		}
	})
}

func TestForeignGapAtOpening(t *testing.T) {
	inModes(t, func(t *testing.T, mode ...server.Option) {
		o := newObserver()
		srv := newForeign(t, orderEvents, append(mode, server.WithObserver(o), server.WithLog(shortLog()))...)
		ts := serve(t, srv)
		ids := tellN(t, srv, "7", 6)
		for _, position := range []string{ids[0], "garbage", ids[5] + "0", "1"} {
			w := ask(t, ts, orderSeven, position)
			w.problem(http.StatusGone)
			if got := w.res.Header.Get("Last-Event-ID"); got != ids[2] {
				t.Errorf("after %s: Last-Event-ID: %s, want %s", position, got, ids[2])
			}
			if got := w.res.Header.Get("Cache-Control"); got != "no-store" {
				t.Errorf("after %s: a cache may keep the answer: Cache-Control: %s", position, got)
			}
			if r := receive(t, o.refusals); r.Status != http.StatusGone || r.Operation != "orderEvents" {
				t.Errorf("the observer is told of %+v", r)
			}
		}
		w := listen(t, ts, orderSeven, ids[2], ids[2])
		w.want(":")
		w.order(ids[3], "2000")
	})
}

// fallBehind opens a stream at the end, and has it fall behind what the log retains. It
// returns the ids that are published after its position.
func fallBehind(t *testing.T, events *faultyLog, srv *server.Server[fact], ts *httptest.Server) (w *wire, position string, missed []string) {
	position = tell(t, srv, "7", order("a"))
	w = listen(t, ts, orderSeven, position, position)
	w.want(":")
	events.read.Store(errGone)
	missed = tellN(t, srv, "7", 6)
	until(t, "the log is read", func() bool { return events.failed.Load() > 0 })
	events.read.Store(nil)
	return w, position, missed
}

func TestForeignGapInMidStream(t *testing.T) {
	inModes(t, func(t *testing.T, mode ...server.Option) {
		o := newObserver()
		events := &faultyLog{Log: shortLog()}
		srv := newForeign(t, orderEvents, append(mode, server.WithObserver(o), server.WithLog(events))...)
		ts := serve(t, srv)
		w, position, missed := fallBehind(t, events, srv, ts)
		w.retryLine(2000)
		w.end()
		receive(t, o.streams).wantEnd(t, server.EndGap)
		w = ask(t, ts, orderSeven, position)
		w.problem(http.StatusGone)
		if got := w.res.Header.Get("Last-Event-ID"); got != missed[2] {
			t.Errorf("Last-Event-ID: %s, want %s", got, missed[2])
		}
	})
}

func TestSilentGaps(t *testing.T) {
	inModes(t, func(t *testing.T, mode ...server.Option) {
		events := &faultyLog{Log: shortLog()}
		srv := newForeign(t, orderEvents, append(mode, server.WithLog(events), server.WithSilentGaps(), server.WithSentinel("[DONE]"))...)
		ts := serve(t, srv)
		w, position, missed := fallBehind(t, events, srv, ts)
		w.order(missed[3], "2000")
		w.order(missed[4], "")
		w.res.Body.Close()
		w = listen(t, ts, orderSeven, position, position)
		w.want(":")
		w.order(missed[3], "2000")
		w.order(missed[4], "")
		w.order(missed[5], "")

		// The session ends within a gap: it is an end like any other.
		events.read.Store(errGone)
		missed = tellN(t, srv, "7", 6)
		end(t, srv, "7")
		events.read.Store(nil)
		w.order(missed[4], "")
		w.order(missed[5], "")
		w.want("data: [DONE]", "")
		w.end()
	})
}

func TestFreshStart(t *testing.T) {
	srv := newForeign(t, orderEvents, server.WithFreshStart(server.FromEnd))
	ids := tellN(t, srv, "7", 3)
	w := listen(t, serve(t, srv), orderSeven, "", ids[2])
	w.want(":")
	w.order(tell(t, srv, "7", order("a")), "2000")

	own := newServer(t, server.WithFreshStart(server.FromStart))
	ids = publishN(t, own, "s", 3)
	r := open(t, serve(t, own), "s")
	r.want("connected", before(t, ids[0]))
	r.wantContents(ids...)
}

// end ends a session, and returns the position of its end.
func end(t testing.TB, srv *server.Server[fact], session string) (id string) {
	t.Helper()
	id, err := srv.DeleteSession(t.Context(), session)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestForeignEndOfSession(t *testing.T) {
	inModes(t, func(t *testing.T, mode ...server.Option) {
		o := newObserver()
		srv := newForeign(t, orderEvents, append(mode, server.WithObserver(o))...)
		ts := serve(t, srv)
		first := tell(t, srv, "7", order("a"))
		reader := listen(t, ts, orderSeven, "", before(t, first))
		reader.want(":")
		reader.order(first, "2000")
		idle := listen(t, ts, orderSeven, first, first)
		idle.want(":")
		last := end(t, srv, "7")
		reader.end()
		idle.want("retry: 2000") // a comment line is not the last one
		idle.end()
		for range 2 {
			receive(t, o.streams).wantEnd(t, server.EndSessionDeleted)
		}
		for _, position := range []string{first, last} {
			w := ask(t, ts, orderSeven, position)
			w.status(http.StatusNoContent)
			w.end()
		}
		// A browser that was cut before its first event has no id.
		w := listen(t, ts, orderSeven, "", before(t, first))
		w.want(":")
		w.order(first, "2000")
		w.end()
	})
}

// A session that never had an event ends for its readers, too.
func TestForeignEndOfEmptySession(t *testing.T) {
	inModes(t, func(t *testing.T, mode ...server.Option) {
		srv := newForeign(t, orderEvents, mode...)
		ts := serve(t, srv)
		id, err := srv.CreateSession(t.Context(), "7", "a title that no event has")
		if err != nil {
			t.Fatal(err)
		}
		w := listen(t, ts, orderSeven, "", before(t, id))
		w.want(":")
		end(t, srv, "7")
		w.want("retry: 2000")
		w.end()
		ask(t, ts, orderSeven, "").status(http.StatusNoContent)
		ask(t, ts, orderSeven, id).status(http.StatusNoContent)
	})
}

func TestSentinel(t *testing.T) {
	inModes(t, func(t *testing.T, mode ...server.Option) {
		srv := newForeign(t, orderEvents, append(mode, server.WithSentinel("[DONE]"))...)
		ts := serve(t, srv)
		first := tell(t, srv, "7", order("a"))
		w := listen(t, ts, orderSeven, first, first)
		w.want(":")
		end(t, srv, "7")
		w.want("data: [DONE]", "")
		w.end()
		w = listen(t, ts, orderSeven, "", before(t, first))
		w.want(":")
		w.order(first, "2000")
		w.want("data: [DONE]", "")
		w.end()
		ask(t, ts, orderSeven, first).status(http.StatusNoContent)
	})
}

// What the log keeps of other sessions of the scope is not written, and nothing is written in
// its place: an empty chunk would be the end of the body.
func TestHiddenEntriesInScope(t *testing.T) {
	inModes(t, func(t *testing.T, mode ...server.Option) {
		srv := newForeign(t, orderEvents, append(mode, server.WithScope(func(string) string { return "tenant" }))...)
		ts := serve(t, srv)
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
	})
}

// An event of a contract whose data names it has no SSE field for it, and neither have those
// of the server.
func TestNameInData(t *testing.T) {
	op := orderEvents
	events := facts
	events.NameIn = "type"
	events.Check = nil
	op.Events = &events
	op.Control = &contract.Control{Connected: contract.ControlEvent{Name: "hello", Session: "order"}, Deleted: contract.ControlEvent{Name: "bye"}}
	srv := newForeign(t, op)
	id, err := srv.PublishJSON(t.Context(), "7", "placed", []byte(`{"type":"placed","id":"a"}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := srv.PublishJSON(t.Context(), "7", "placed", []byte(`{"type":"note"}`)); err == nil {
		t.Error("an event is published under the name of another")
	}
	w := ask(t, serve(t, srv), orderSeven, before(t, id))
	w.want("retry: 2000", `data: {"order":"7","type":"hello"}`, "id: "+before(t, id), "")
	w.want(`data: {"type":"placed","id":"a"}`, "id: "+id, "")
	last := end(t, srv, "7")
	w.want(`data: {"type":"bye"}`, "id: "+last, "")
	w.end()
}

// A contract may have an event for one thing that the server says and none for another.
func TestPartOfTheControlEvents(t *testing.T) {
	event := func(name string) contract.ControlEvent { return contract.ControlEvent{Name: name, Session: "order"} }
	said := func(name, id, retry string) []string {
		lines := []string{"event: " + name, `data: {"order":"7"}`, "id: " + id, ""}
		if retry != "" {
			lines = append(lines[:1], append([]string{"retry: " + retry}, lines[1:]...)...)
		}
		return lines
	}
	start := func(t *testing.T, mode []server.Option, c contract.Control, opts ...server.Option) (*server.Server[fact], *httptest.Server, string) {
		op := orderEvents
		op.Control = &c
		srv := newForeign(t, op, append(append(mode, server.WithDrainWindow(time.Millisecond)), opts...)...)
		return srv, serve(t, srv), tell(t, srv, "7", order("a"))
	}
	inModes(t, func(t *testing.T, mode ...server.Option) {
		t.Run("connected", func(t *testing.T) {
			srv, ts, id := start(t, mode, contract.Control{Connected: event("hello")}, server.WithHeartbeat(20*time.Millisecond))
			w := ask(t, ts, orderSeven, "") // from the end, since a client learns the position
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
			srv, ts, id := start(t, mode, contract.Control{Heartbeat: event("beat")}, server.WithHeartbeat(20*time.Millisecond))
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
			srv, ts, _ := start(t, mode, contract.Control{Gap: event("missed")}, server.WithLog(shortLog()))
			ids := tellN(t, srv, "7", 6)
			w := listen(t, ts, orderSeven, ids[0], ids[0])
			w.want(":")
			w.want(said("missed", ids[2], "2000")...)
			w.order(ids[3], "")
		})
		t.Run("deleted", func(t *testing.T) {
			srv, ts, id := start(t, mode, contract.Control{Deleted: event("gone")})
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
			srv, ts, id := start(t, mode, contract.Control{Deleted: contract.ControlEvent{Name: "gone"}}, server.WithScope(func(string) string { return "tenant" }))
			w := listen(t, ts, orderSeven, id, id)
			w.want(":")
			tell(t, srv, "other", order("a"))
			other := end(t, srv, "other")
			w.want("event: gone", "retry: 2000", "data: {}", "id: "+other, "")
			last := end(t, srv, "7")
			w.want("event: gone", "data: {}", "id: "+last, "")
			w.end()
		})
	})
}

func TestForeignOutage(t *testing.T) {
	inModes(t, func(t *testing.T, mode ...server.Option) {
		o := newObserver()
		events := &faultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
		srv := newForeign(t, orderEvents, append(mode, server.WithObserver(o), server.WithLog(events), server.WithLogOutage(time.Millisecond))...)
		ts := serve(t, srv)
		first := tell(t, srv, "7", order("a"))
		w := listen(t, ts, orderSeven, first, first)
		w.want(":")
		events.read.Store(errGone)
		tell(t, srv, "7", order("a"))
		w.retryLine(2000)
		w.end()
		receive(t, o.streams).wantEnd(t, server.EndLogUnavailable)

		events.failLookup.Store(1)
		w = listen(t, ts, orderSeven, first, first)
		w.retryLine(2000)
		w.end()
		events.failLookup.Store(1)
		w = ask(t, ts, orderSeven, "")
		w.problem(http.StatusServiceUnavailable)
		if w.res.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	})
}

// A stream that ends because something fails does not end with a comment line either.
func TestForeignFailure(t *testing.T) {
	inModes(t, func(t *testing.T, mode ...server.Option) {
		events := &faultyLog{Log: eventlog.NewMemory(eventlog.Retention{})}
		srv := newForeign(t, orderEvents, append(mode, server.WithLog(events))...)
		ts := serve(t, srv)
		first := tell(t, srv, "7", order("a"))
		w := listen(t, ts, orderSeven, first, first)
		w.want(":")
		events.read.Store(fmt.Errorf("broken"))
		tell(t, srv, "7", order("a"))
		w.want("retry: 2000")
		w.end()
	})
	inModes(t, func(t *testing.T, mode ...server.Option) {
		srv := newForeign(t, orderEvents, append(mode, server.WithReauthorization(time.Millisecond), server.WithAuthorizer(onceOnly()))...)
		first := tell(t, srv, "7", order("a"))
		w := listen(t, serve(t, srv), orderSeven, first, first)
		w.want(":", "retry: 2000")
		w.end()
	})
}

func TestForeignOverHTTP2(t *testing.T) {
	srv := newForeign(t, orderEvents, server.WithHeartbeat(time.Hour), server.WithDrainWindow(time.Millisecond))
	ts := serve(t, srv, func(ts *httptest.Server) { ts.EnableHTTP2 = true })
	first := tell(t, srv, "7", order("a"))
	w := listen(t, ts, orderSeven, "", before(t, first))
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
