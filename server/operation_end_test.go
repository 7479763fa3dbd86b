package server_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// A client would take an event whose data is the sentinel for the end, and lose it. So the
// server refuses to publish it.
func TestSentinelIsNoEvent(t *testing.T) {
	op := noted(orderEvents)
	op.End.Events = nil
	other := op
	other.End.Data = `{"id":"a","lines":[]}`
	for _, test := range []struct {
		op    foreignOperation
		event fact
	}{{op, &note{"[DONE]"}}, {other, order("a")}} {
		srv := newForeign(t, servertest.Detached, test.op, server.WithoutEventChecks())
		var invalid *contract.InvalidEventError
		if _, err := srv.Publish(t.Context(), "7", test.event); !errors.As(err, &invalid) {
			t.Errorf("%q: %v", test.op.End.Data, err)
		}
		tell(t, srv, "7", &note{"[DONE] "})
	}
	srv := newForeign(t, servertest.Detached, other)
	if _, err := srv.PublishJSON(t.Context(), "7", "placed", []byte(`{"id": "a", "lines": []}`)); err == nil {
		t.Error("PublishJSON takes the sentinel with spaces")
	}
}

// noted returns an operation whose sessions end with a note and whose streams end with a
// sentinel.
func noted(op foreignOperation) foreignOperation {
	op.End = contract.End{Data: "[DONE]", Events: []string{"note"}}
	return op
}

// onLogs runs a test in both modes, on each kind of log.
func onLogs(t *testing.T, test func(t *testing.T, m servertest.Mode, log server.Option)) {
	servertest.BothModes(t, func(t *testing.T, m servertest.Mode) {
		logs(t, func(t *testing.T, log eventlog.Log) { test(t, m, server.WithLog(log)) })
	})
}

// note expects the event note, the sentinel, and the end. An empty retry expects no
// reconnection time.
func (w *wire) note(id, retry, text string) {
	w.t.Helper()
	w.want("event: note")
	if retry != "" {
		w.want("retry: " + retry)
	}
	w.want("data: "+text, "id: "+id, "", "data: [DONE]", "")
	w.end()
}

// The publication of an event that the contract names ends the session.
func TestEventEndsSession(t *testing.T) {
	onLogs(t, func(t *testing.T, mode servertest.Mode, log server.Option) {
		srv := newForeign(t, mode, noted(orderEvents), log)
		ts := servertest.Serve(t, srv)
		first := tell(t, srv, "7", order("a"))
		w := listen(t, ts, orderSeven, "", servertest.Before(t, first), ":")
		w.order(first, "2000")
		last := tell(t, srv, "7", &note{`<bye> "ü"`})
		w.note(last, "", `<bye> "ü"`)

		for _, event := range []fact{order("a"), &note{"again"}} {
			if _, err := srv.Publish(t.Context(), "7", event); !errors.Is(err, eventlog.ErrSessionDeleted) {
				t.Errorf("publish after the end: %v", err)
			}
		}
		if _, err := srv.DeleteSession(t.Context(), "7"); !errors.Is(err, eventlog.ErrSessionDeleted) {
			t.Errorf("delete: %v", err)
		}
		w = listen(t, ts, orderSeven, first, first, ":")
		w.note(last, "2000", `<bye> "ü"`)
		later := tell(t, srv, "8", &note{"nothing"}) // the first event of a session may end it
		w = ask(t, ts, "/orders/8/events", "")
		w.want(":")
		w.note(later, "2000", "nothing")
		for _, id := range []string{last, later} {
			ask(t, ts, orderSeven, id).status(http.StatusNoContent)
		}
		w = listen(t, ts, orderSeven, "", servertest.Before(t, first), ":")
		w.order(first, "2000")
		w.note(last, "", `<bye> "ü"`)
	})
}

// racedLog is a log in which another server creates a session between two calls of this one.
type racedLog struct{ eventlog.Log }

func (l racedLog) Delete(ctx context.Context, session string, e *eventlog.Entry, grace time.Duration) error {
	err := l.Log.Delete(ctx, session, e, grace)
	if errors.Is(err, eventlog.ErrSessionNotFound) {
		created := eventlog.Entry{Name: "mixstream.session_created", Data: []byte("{}")}
		if err := l.Log.Create(ctx, eventlog.Session{ID: session}, &created); err != nil {
			return err
		}
	}
	return err
}

// The first event of a session ends it, also if another server creates the session meanwhile.
func TestFirstEventEndsSessionOfAnother(t *testing.T) {
	log := racedLog{eventlog.NewMemory(eventlog.Retention{})}
	srv := newForeign(t, servertest.Attached, noted(orderEvents), server.WithLog(log))
	ts := servertest.Serve(t, srv)
	last := tell(t, srv, "7", &note{"nothing"})
	ask(t, ts, orderSeven, last).status(http.StatusNoContent)
}

// The end of a session leaves the other sessions of its scope alone, and their streams do
// not show it. That holds also where the contract has an event for a deletion, which the
// server does not send.
func TestEventEndsSessionInScope(t *testing.T) {
	for name, op := range map[string]foreignOperation{"hidden": noted(orderEvents), "announced": announcing(noted(orderEvents))} {
		t.Run(name, func(t *testing.T) {
			onLogs(t, func(t *testing.T, mode servertest.Mode, log server.Option) {
				srv := newForeign(t, mode, op, log, tenant)
				ts := servertest.Serve(t, srv)
				first, other := tell(t, srv, "7", order("a")), tell(t, srv, "8", order("a"))
				w := listen(t, ts, orderSeven, first, first, ":")
				w8 := listen(t, ts, "/orders/8/events", other, other, ":")
				last := tell(t, srv, "7", &note{"bye"})
				w.note(last, "2000", "bye")
				w8.order(tell(t, srv, "8", order("a")), "2000")
				last = tell(t, srv, "8", &note{"bye, too"})
				w8.note(last, "", "bye, too")
				ask(t, ts, "/orders/8/events", last).status(http.StatusNoContent)
			})
		})
	}
}

// tenant puts all sessions into one scope.
var tenant = server.WithScope(func(string) string { return "tenant" })

// A server whose contract does not name the end shows the end only to its session, even if
// it shows every other entry of the log.
func TestEndOfAnotherContractIsHidden(t *testing.T) {
	servertest.BothModes(t, testEndOfAnotherContractIsHidden)
}

func testEndOfAnotherContractIsHidden(t *testing.T, mode servertest.Mode) {
	log := server.WithLog(eventlog.NewMemory(eventlog.Retention{}))
	srv := newForeign(t, mode, noted(orderEvents), log, tenant)
	op := announcing(orderEvents)
	op.Events = named(facts)
	plain := newForeign(t, mode, op, log, tenant)
	ts := servertest.Serve(t, plain)
	other := tell(t, plain, "8", order("a"))
	w8 := listen(t, ts, "/orders/8/events", other, other, ":")
	w7 := tell(t, srv, "7", &note{"bye"}) // this is also the first event of its session
	w8.order(tell(t, plain, "8", order("a")), "2000")
	w := ask(t, ts, orderSeven, servertest.Before(t, w7))
	w.want(":", "event: note", "retry: 2000", `data: "bye"`, "id: "+w7, "")
	w.end()
}

// named returns the events without text events, so that the log has their data as it goes
// out.
func named(e contract.Events[fact]) *contract.Events[fact] {
	e.Text = nil
	return &e
}

// A session ends for its readers, with the sentinel of the contract if that has one, and also if
// it never had an event.
func TestForeignEndOfSession(t *testing.T) { servertest.BothModes(t, testForeignEndOfSession) }

func testForeignEndOfSession(t *testing.T, mode servertest.Mode) {
	for sentinel, last := range map[string][]string{"": {"retry: 2000"}, "[DONE]": {"data: [DONE]", ""}} { // a comment line must not be the last line
		op := orderEvents
		op.End.Data = sentinel
		o := servertest.NewObserver()
		srv := newForeign(t, mode, op, server.WithObserver(o))
		ts := servertest.Serve(t, srv)
		first := tell(t, srv, "7", order("a"))
		created, err := srv.CreateSession(t.Context(), "8", "a title that no event has")
		if err != nil {
			t.Fatal(err)
		}
		reader := listen(t, ts, orderSeven, "", servertest.Before(t, first), ":")
		reader.order(first, "2000")
		idle := listen(t, ts, orderSeven, first, first)
		empty := ask(t, ts, "/orders/8/events", "")
		gone := []string{end(t, srv, "7"), end(t, srv, "8")}
		if sentinel != "" {
			reader.want(last...)
		}
		reader.end()
		for _, w := range []*wire{idle, empty} {
			w.want(append([]string{":"}, last...)...)
			w.end()
		}
		for range 3 {
			servertest.Receive(t, o.Streams).WantEnd(t, server.EndSessionDeleted)
		}
		for _, position := range append(gone, first) {
			ask(t, ts, orderSeven, position).status(http.StatusNoContent)
		}
		for _, position := range []string{"", created} {
			ask(t, ts, "/orders/8/events", position).status(http.StatusNoContent)
		}
		// A browser that was cut off before its first event has no ID.
		w := listen(t, ts, orderSeven, "", servertest.Before(t, first), ":")
		w.order(first, "2000")
	}
	op := orderEvents
	op.End.Data = "a\nb"
	if _, err := server.New(op); err == nil {
		t.Error("a sentinel of two lines is taken")
	}
}

// Nothing comes behind the end, even if others publish at the same time.
func TestNothingBehindEnd(t *testing.T) {
	onLogs(t, func(t *testing.T, mode servertest.Mode, log server.Option) {
		srv := newForeign(t, mode, noted(orderEvents), log)
		first := tell(t, srv, "7", order("a"))
		const publishers, most = 4, 2_000 // fewer events than the log retains
		var published atomic.Int64
		var all sync.WaitGroup
		for range publishers {
			all.Go(func() {
				for range most {
					if _, err := srv.Publish(t.Context(), "7", order("a")); err != nil {
						if !errors.Is(err, eventlog.ErrSessionDeleted) {
							t.Error(err)
						}
						return
					}
					published.Add(1)
				}
			})
		}
		servertest.Until(t, "some are published", func() bool { return published.Load() > 50 })
		last := tell(t, srv, "7", &note{"bye"})
		all.Wait()
		text := listen(t, servertest.Serve(t, srv), orderSeven, first, first).rest()
		if got := strings.Count(text, "event: placed"); int64(got) != published.Load() {
			t.Errorf("%d events are there, and %d were published", got, published.Load())
		}
		if !strings.HasSuffix(text, "event: note\ndata: bye\nid: "+last+"\n\ndata: [DONE]\n\n") {
			t.Errorf("the stream ends with %q", text[max(0, len(text)-100):])
		}
	})
}
