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

func TestForeignEndOfSession(t *testing.T) { servertest.BothModes(t, testForeignEndOfSession) }

func testForeignEndOfSession(t *testing.T, mode servertest.Mode) {
	o := servertest.NewObserver()
	srv := newForeign(t, mode, orderEvents, server.WithObserver(o))
	ts := servertest.Serve(t, srv)
	first := tell(t, srv, "7", order("a"))
	reader := listen(t, ts, orderSeven, "", servertest.Before(t, first))
	reader.want(":")
	reader.order(first, "2000")
	idle := listen(t, ts, orderSeven, first, first)
	idle.want(":")
	last := end(t, srv, "7")
	reader.end()
	idle.want("retry: 2000") // a comment line must not be the last line
	idle.end()
	for range 2 {
		servertest.Receive(t, o.Streams).WantEnd(t, server.EndSessionDeleted)
	}
	for _, position := range []string{first, last} {
		w := ask(t, ts, orderSeven, position)
		w.status(http.StatusNoContent)
		w.end()
	}
	// A browser that was cut off before its first event has no ID.
	w := listen(t, ts, orderSeven, "", servertest.Before(t, first))
	w.want(":")
	w.order(first, "2000")
	w.end()
}

// A session without any event ends for its readers, too.
func TestForeignEndOfEmptySession(t *testing.T) {
	servertest.BothModes(t, testForeignEndOfEmptySession)
}

func testForeignEndOfEmptySession(t *testing.T, mode servertest.Mode) {
	srv := newForeign(t, mode, orderEvents)
	ts := servertest.Serve(t, srv)
	id, err := srv.CreateSession(t.Context(), "7", "a title that no event has")
	if err != nil {
		t.Fatal(err)
	}
	w := listen(t, ts, orderSeven, "", servertest.Before(t, id))
	w.want(":")
	end(t, srv, "7")
	w.want("retry: 2000")
	w.end()
	ask(t, ts, orderSeven, "").status(http.StatusNoContent)
	ask(t, ts, orderSeven, id).status(http.StatusNoContent)
}

func TestSentinel(t *testing.T) { servertest.BothModes(t, testSentinel) }

func testSentinel(t *testing.T, mode servertest.Mode) {
	srv := newForeign(t, mode, endingWith(orderEvents, "[DONE]"))
	ts := servertest.Serve(t, srv)
	first := tell(t, srv, "7", order("a"))
	w := listen(t, ts, orderSeven, first, first)
	w.want(":")
	end(t, srv, "7")
	w.want("data: [DONE]", "")
	w.end()
	w = listen(t, ts, orderSeven, "", servertest.Before(t, first))
	w.want(":")
	w.order(first, "2000")
	w.want("data: [DONE]", "")
	w.end()
	ask(t, ts, orderSeven, first).status(http.StatusNoContent)
}

// The sentinel comes from the contract, unless an option sets another one.
func TestSentinelOfContract(t *testing.T) { servertest.BothModes(t, testSentinelOfContract) }

func testSentinelOfContract(t *testing.T, mode servertest.Mode) {
	op := orderEvents
	op.End.Data = "[DONE]"
	for sentinel, opts := range map[string][]server.Option{"data: [DONE]\n\n": nil} {
		srv := newForeign(t, mode, op, opts...)
		ts := servertest.Serve(t, srv)
		first := tell(t, srv, "7", order("a"))
		w := listen(t, ts, orderSeven, first, first)
		end(t, srv, "7")
		if got := w.rest(); got != ":\n"+sentinel {
			t.Errorf("got %q, want %q", got, sentinel)
		}
	}
	op.End.Data = "a\nb"
	if _, err := server.New(op); err == nil {
		t.Error("a sentinel of two lines is taken")
	}
}

// A client would take an event whose data is the sentinel for the end, and lose it. So the
// server refuses to publish it.
func TestSentinelIsNoEvent(t *testing.T) {
	op := noted(orderEvents)
	op.End.Events = nil
	other := op
	other.End.Data = `{"id":"a","lines":[]}`
	for name, test := range map[string]struct {
		op    foreignOperation
		event fact
		opts  []server.Option
	}{
		"text": {op, &note{"[DONE]"}, nil},
		"JSON": {other, order("a"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			srv := newForeign(t, servertest.Detached, test.op, append(test.opts, server.WithoutEventChecks())...)
			var invalid *contract.InvalidEventError
			if _, err := srv.Publish(t.Context(), "7", test.event); !errors.As(err, &invalid) {
				t.Errorf("error: %v", err)
			}
			tell(t, srv, "7", &note{"[DONE] "})
		})
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
		w := listen(t, ts, orderSeven, "", servertest.Before(t, first))
		w.want(":")
		w.order(first, "2000")
		last := tell(t, srv, "7", &note{`<bye> "ü"`})
		w.note(last, "", `<bye> "ü"`)

		if _, err := srv.Publish(t.Context(), "7", order("a")); !errors.Is(err, eventlog.ErrSessionDeleted) {
			t.Errorf("publish after the end: %v", err)
		}
		if _, err := srv.Publish(t.Context(), "7", &note{"again"}); !errors.Is(err, eventlog.ErrSessionDeleted) {
			t.Errorf("another end: %v", err)
		}
		if _, err := srv.DeleteSession(t.Context(), "7"); !errors.Is(err, eventlog.ErrSessionDeleted) {
			t.Errorf("delete: %v", err)
		}
		w = listen(t, ts, orderSeven, first, first)
		w.want(":")
		w.note(last, "2000", `<bye> "ü"`)
		later := tell(t, srv, "8", order("a"))
		for _, id := range []string{last, later} {
			ask(t, ts, orderSeven, id).status(http.StatusNoContent)
		}
		w = listen(t, ts, orderSeven, "", servertest.Before(t, first))
		w.want(":")
		w.order(first, "2000")
		w.note(last, "", `<bye> "ü"`)
	})
}

// The first event of a session may end it.
func TestFirstEventEndsSession(t *testing.T) {
	onLogs(t, func(t *testing.T, mode servertest.Mode, log server.Option) {
		srv := newForeign(t, mode, noted(orderEvents), log)
		ts := servertest.Serve(t, srv)
		last := tell(t, srv, "7", &note{"nothing"})
		w := ask(t, ts, orderSeven, "")
		w.want(":")
		w.note(last, "2000", "nothing")
		ask(t, ts, orderSeven, last).status(http.StatusNoContent)
	})
}

// racedLog is a log in which somebody creates a session between two calls of the server.
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
				w := listen(t, ts, orderSeven, first, first)
				w.want(":")
				w8 := listen(t, ts, "/orders/8/events", other, other)
				w8.want(":")
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

// A server whose contract does not name the end still ends a session that another server
// has ended.
func TestEndOfAnotherContract(t *testing.T) { servertest.BothModes(t, testEndOfAnotherContract) }

func testEndOfAnotherContract(t *testing.T, mode servertest.Mode) {
	log := server.WithLog(eventlog.NewMemory(eventlog.Retention{}))
	srv := newForeign(t, mode, noted(orderEvents), log)
	plain := newForeign(t, mode, orderEvents, log)
	ts := servertest.Serve(t, plain)
	first := tell(t, srv, "7", order("a"))
	w := listen(t, ts, orderSeven, first, first)
	w.want(":")
	last := tell(t, srv, "7", &note{"bye"})
	w.want("event: note", "retry: 2000", "data: bye", "id: "+last, "")
	w.end()
	ask(t, ts, orderSeven, last).status(http.StatusNoContent)
	if _, err := plain.Publish(t.Context(), "7", order("a")); !errors.Is(err, eventlog.ErrSessionDeleted) {
		t.Errorf("publish after the end: %v", err)
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
	w8 := listen(t, ts, "/orders/8/events", other, other)
	w8.want(":")
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

// The data of the last event may be nested as deeply as JSON allows.
func TestDeepEnd(t *testing.T) { servertest.BothModes(t, testDeepEnd) }

func testDeepEnd(t *testing.T, mode servertest.Mode) {
	op := noted(orderEvents)
	op.End.Events = []string{""}
	srv := newForeign(t, mode, op)
	ts := servertest.Serve(t, srv)
	const depth = 10_000 // the limit of encoding/json
	data := `{"text":"a","deep":` + strings.Repeat("[", depth-1) + strings.Repeat("]", depth-1) + "}"
	id, err := srv.PublishJSON(t.Context(), "7", "", []byte(data))
	if err != nil {
		t.Skip(err)
	}
	if text := ask(t, ts, orderSeven, "").rest(); !strings.Contains(text, "data: "+data+"\nid: "+id) {
		t.Errorf("the stream is %q", text)
	}
}

// Nothing comes behind the end, even if others publish at the same time.
func TestNothingBehindEnd(t *testing.T) { servertest.BothModes(t, testNothingBehindEnd) }

func testNothingBehindEnd(t *testing.T, mode servertest.Mode) {
	logs(t, func(t *testing.T, log eventlog.Log) {
		srv := newForeign(t, mode, noted(orderEvents), server.WithLog(log))
		ts := servertest.Serve(t, srv)
		first := tell(t, srv, "7", order("a"))
		const publishers, most = 4, 2_000 // fewer events than the log retains
		var published atomic.Int64
		begun := make(chan struct{}, publishers*1000)
		var all sync.WaitGroup
		for range publishers {
			all.Go(func() {
				for range most {
					switch _, err := srv.Publish(t.Context(), "7", order("a")); {
					case errors.Is(err, eventlog.ErrSessionDeleted):
						return
					case err != nil:
						t.Error(err)
						return
					}
					published.Add(1)
					select {
					case begun <- struct{}{}:
					default:
					}
				}
			})
		}
		for range 50 {
			servertest.Receive(t, begun)
		}
		last := tell(t, srv, "7", &note{"bye"})
		all.Wait()
		text := listen(t, ts, orderSeven, first, first).rest()
		if got := strings.Count(text, "event: placed"); int64(got) != published.Load() {
			t.Errorf("%d events are there, and %d were published", got, published.Load())
		}
		if !strings.HasSuffix(text, "event: note\ndata: bye\nid: "+last+"\n\ndata: [DONE]\n\n") {
			t.Errorf("the stream ends with %q", text[max(0, len(text)-100):])
		}
	})
}
