package server_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
)

// noted returns an operation whose sessions end with a note, and whose streams with a sentinel.
func noted(op foreignOperation) foreignOperation {
	op.End = contract.End{Data: "[DONE]", Events: []string{"note"}}
	return op
}

// onLogs runs a test with attached and with detached streams, on each kind of log.
func onLogs(t *testing.T, test func(t *testing.T, opts ...server.Option)) {
	inModes(t, func(t *testing.T, mode ...server.Option) {
		logs(t, func(t *testing.T, log eventlog.Log) { test(t, append(mode, server.WithLog(log))...) })
	})
}

// note expects the event note, with a reconnection time if that is not empty, the sentinel,
// and the end.
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
	onLogs(t, func(t *testing.T, opts ...server.Option) {
		srv := newForeign(t, noted(orderEvents), opts...)
		ts := serve(t, srv)
		first := tell(t, srv, "7", order("a"))
		w := listen(t, ts, orderSeven, "", before(t, first))
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
		w = listen(t, ts, orderSeven, "", before(t, first))
		w.want(":")
		w.order(first, "2000")
		w.note(last, "", `<bye> "ü"`)
	})
}

// The end may be the first event of a session, and its only one.
func TestFirstEventEndsSession(t *testing.T) {
	onLogs(t, func(t *testing.T, opts ...server.Option) {
		srv := newForeign(t, noted(orderEvents), opts...)
		ts := serve(t, srv)
		last := tell(t, srv, "7", &note{"nothing"})
		w := ask(t, ts, orderSeven, "")
		w.want(":")
		w.note(last, "2000", "nothing")
		ask(t, ts, orderSeven, last).status(http.StatusNoContent)
	})
}

// Other sessions of the scope live on, and their streams do not show the end. They do so also
// where the contract has an event for a deletion, which is not sent.
func TestEventEndsSessionInScope(t *testing.T) {
	for name, op := range map[string]foreignOperation{"hidden": noted(orderEvents), "announced": announcing(noted(orderEvents))} {
		t.Run(name, func(t *testing.T) {
			onLogs(t, func(t *testing.T, opts ...server.Option) {
				srv := newForeign(t, op, append(opts, server.WithScope(func(string) string { return "tenant" }))...)
				ts := serve(t, srv)
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

// A server of the same sessions whose contract does not name the end keeps to it all the same.
func TestEndOfAnotherContract(t *testing.T) {
	log := server.WithLog(eventlog.NewMemory(eventlog.Retention{}))
	srv := newForeign(t, noted(orderEvents), log)
	plain := newForeign(t, orderEvents, log)
	ts := serve(t, plain)
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

// The sentinel is that of the contract, unless an option says otherwise.
func TestSentinelOfContract(t *testing.T) {
	op := orderEvents
	op.End.Data = "[DONE]"
	for sentinel, opts := range map[string][]server.Option{"data: [DONE]\n\n": nil, "data: bye\n\n": {server.WithSentinel("bye")}, "retry: 2000\n": {server.WithSentinel("")}} {
		srv := newForeign(t, op, opts...)
		ts := serve(t, srv)
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

// Nothing comes behind the end, whoever publishes at the same time.
func TestNothingBehindEnd(t *testing.T) {
	logs(t, func(t *testing.T, log eventlog.Log) {
		srv := newForeign(t, noted(orderEvents), server.WithLog(log))
		ts := serve(t, srv)
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
			receive(t, begun)
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

// lineOf is an event of the foreign contract in a body of lines.
func lineOf(name, data string) string { return fmt.Sprintf("{\"event\":%q,\"data\":%s}\n", name, data) }

var (
	orderLine = lineOf("placed", `{"id":"a","lines":[]}`)
	noteLine  = lineOf("note", `"bye"`)
)

func postOrder(t *testing.T, ts *httptest.Server, contentType, key, body string) publication {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, ts.URL+orderSeven, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	return send(t, ts, r)
}

// newPublishedOrders returns a server that takes orders over HTTP.
func newPublishedOrders(t *testing.T, log eventlog.Log) (*server.Server[fact], *httptest.Server) {
	srv := newForeign(t, noted(orderEvents), server.WithLog(log), everyonePublishes)
	return srv, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			srv.Publisher().ServeHTTP(w, r)
			return
		}
		srv.ServeHTTP(w, r)
	}))
}

// A body of lines ends the session in its middle, and the rest is refused.
func TestLinesEndSession(t *testing.T) {
	for _, key := range []string{"", "k"} {
		_, ts := newPublishedOrders(t, eventlog.NewMemory(eventlog.Retention{}))
		got := postOrder(t, ts, ndjsonType, key, orderLine+orderLine+noteLine+orderLine)
		if got.status != http.StatusNotFound || got.Count == nil || *got.Count != 3 {
			t.Fatalf("key %q: %+v", key, got)
		}
		text := ask(t, ts, orderSeven, "").rest()
		if strings.Count(text, "event: placed") != 2 || !strings.HasSuffix(text, "id: "+got.lastID()+"\n\ndata: [DONE]\n\n") {
			t.Errorf("key %q: %q", key, text)
		}
	}
}

// A body under a key that has ended its session can be repeated, however it was cut.
func TestRepeatedEnd(t *testing.T) {
	logs(t, func(t *testing.T, log eventlog.Log) {
		_, ts := newPublishedOrders(t, log)
		body := orderLine + orderLine + noteLine
		first := postOrder(t, ts, ndjsonType, "k", body)
		if first.status != http.StatusCreated || first.result.Count != 3 {
			t.Fatalf("%+v", first)
		}
		for range 2 {
			if again := postOrder(t, ts, ndjsonType, "k", body); again.status != http.StatusCreated || again.result != first.result {
				t.Errorf("repeated: %+v, want %+v", again, first.result)
			}
		}
		if got := postOrder(t, ts, ndjsonType, "k", orderLine+noteLine); got.status != http.StatusUnprocessableEntity {
			t.Errorf("another body: %+v", got)
		}
		if got := postOrder(t, ts, ndjsonType, "other", body); got.status != http.StatusNotFound || got.Count != nil && *got.Count != 0 {
			t.Errorf("another key: %+v", got)
		}
		if got := postOrder(t, ts, jsonType, "k", noteLine); got.status != http.StatusUnprocessableEntity {
			t.Errorf("another kind: %+v", got)
		}
		if text := ask(t, ts, orderSeven, "").rest(); strings.Count(text, "event: ") != 3 {
			t.Errorf("the stream is %q", text)
		}
	})
}

func TestRepeatedEndAlone(t *testing.T) {
	logs(t, func(t *testing.T, log eventlog.Log) {
		srv, ts := newPublishedOrders(t, log)
		first := postOrder(t, ts, jsonType, "k", noteLine)
		if first.status != http.StatusCreated || first.result.Count != 1 {
			t.Fatalf("%+v", first)
		}
		if again := postOrder(t, ts, jsonType, "k", noteLine); again.status != http.StatusCreated || again.result != first.result {
			t.Errorf("repeated: %+v, want %+v", again, first.result)
		}
		if _, err := srv.Publish(t.Context(), "7", order("a")); !errors.Is(err, eventlog.ErrSessionDeleted) {
			t.Errorf("publish after the end: %v", err)
		}
	})
}

// What a request that was cut has published is not published again by one that brings the end.
func TestEndAfterCutBody(t *testing.T) {
	logs(t, func(t *testing.T, log eventlog.Log) {
		_, ts := newPublishedOrders(t, log)
		// The second line is refused, so that the first is published and the key stays open.
		if got := postOrder(t, ts, ndjsonType, "k", orderLine+"nonsense\n"); got.status != http.StatusBadRequest || *got.Count != 1 {
			t.Fatalf("%+v", got)
		}
		got := postOrder(t, ts, ndjsonType, "k", orderLine+noteLine)
		if got.status != http.StatusCreated || got.result.Count != 2 {
			t.Fatalf("%+v", got)
		}
		text := ask(t, ts, orderSeven, "").rest()
		if strings.Count(text, "event: placed") != 1 || !strings.HasSuffix(text, "id: "+got.lastID()+"\n\ndata: [DONE]\n\n") {
			t.Errorf("the stream is %q", text)
		}
	})
}
