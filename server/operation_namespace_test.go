package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// logs runs a test on each kind of log.
func logs(t *testing.T, test func(t *testing.T, log eventlog.Log)) {
	t.Run("memory", func(t *testing.T) { test(t, eventlog.NewMemory(eventlog.Retention{})) })
	t.Run("NATS", func(t *testing.T) {
		log, err := natslog.Open(t.Context(), natslog.Options{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := log.Close(); err != nil {
				t.Error(err)
			}
		})
		test(t, log)
	})
}

// announcing returns an operation with events for the creation and the deletion of a
// session.
func announcing(op foreignOperation) foreignOperation {
	op.Control = &contract.Control{
		Created: contract.ControlEvent{Name: "made", Session: "session", Title: "title"},
		Deleted: contract.ControlEvent{Name: "gone", Session: "session"},
	}
	return op
}

// Two operations on one log have a session of the same name in the same scope, and neither
// learns of the other's.
func TestOperationsAreApart(t *testing.T) { servertest.BothModes(t, testOperationsAreApart) }

func testOperationsAreApart(t *testing.T, mode servertest.Mode) {
	logs(t, func(t *testing.T, log eventlog.Log) {
		oneTenant := server.WithScope(func(string) string { return "tenant" })
		opts := []server.Option{server.WithLog(log), oneTenant, everyonePublishes, server.WithTiming(server.Timing{Heartbeat: time.Hour, DrainWindow: time.Millisecond})}
		orders := newForeign(t, mode, announcing(orderEvents), append(opts, server.WithLimits(server.Limits{StreamsPerSession: 1}))...)
		stock := newForeign(t, mode, announcing(stockEvents), append(opts, server.WithLimits(server.Limits{StreamsPerSession: 1}))...)
		own := mode.NewServer(t, opts...)
		ofOrders, ofStock := servertest.Serve(t, orders), servertest.Serve(t, stock)

		first := tell(t, orders, "7", order("a"))
		ask(t, ofStock, "/stock?warehouse=7", "").problem(http.StatusNotFound)
		made, err := stock.CreateSession(t.Context(), "7", "not of the orders") // stock knows no such session
		if err != nil {
			t.Fatal(err)
		}
		a := listen(t, ofOrders, orderSeven, first, first)
		b := listen(t, ofStock, "/stock?warehouse=7", servertest.Before(t, made), servertest.Before(t, made))
		a.want(":")
		b.want(":", "event: made", "retry: 2000", `data: {"session":"7","title":"not of the orders"}`, "id: "+made, "")
		if orders.Readers("7") != 1 || stock.Readers("7") != 1 || own.Readers("7") != 0 {
			t.Errorf("%d and %d readers", orders.Readers("7"), stock.Readers("7"))
		}
		ask(t, ofOrders, orderSeven, first).problem(http.StatusTooManyRequests)

		if _, err := own.CreateSession(t.Context(), "7", "of neither"); err != nil {
			t.Fatal(err)
		}
		ofOwn := servertest.Publish(t, own, "7", "of neither")
		inStock := tell(t, stock, "7", order("a"))
		b.order(inStock, "")
		servertest.DeleteSession(t, own, "7")
		gone := end(t, stock, "7")
		b.want("event: gone", `data: {"session":"7"}`, "id: "+gone, "")
		b.end()
		second := tell(t, orders, "7", order("a"))
		a.order(second, "2000") // nothing of the other operations comes before it
		a.res.Body.Close()
		servertest.Until(t, "the reader has left", func() bool { _, sessions, _ := orders.Counted(); return sessions == 0 })

		// A position is one of the log, so the position of another operation is valid.
		a = listen(t, ofOrders, orderSeven, ofOwn, ofOwn, ":")
		a.order(second, "2000")
		if err := stock.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		third := tell(t, orders, "7", order("a"))
		a.order(third, "")
	})
}

// An Idempotency-Key belongs to a session of one operation.
func TestIdempotencyKeysAreApart(t *testing.T) {
	logs(t, func(t *testing.T, log eventlog.Log) {
		orders := newForeign(t, servertest.Detached, orderEvents, server.WithLog(log), everyonePublishes)
		stock := newForeign(t, servertest.Detached, stockEvents, server.WithLog(log), everyonePublishes)
		ofOrders, ofStock := servertest.Serve(t, orders.PublishHandler()), servertest.Serve(t, stock.PublishHandler())
		const placed = `{"event":"placed","data":{"id":"a","lines":[]}}`
		first := postTo(t, ofOrders, orderSeven, jsonType, "key-1", strings.NewReader(placed))
		other := postTo(t, ofStock, "/stock?warehouse=7", jsonType, "key-1", strings.NewReader(`{"event":"note","data":"b"}`))
		again := postTo(t, ofOrders, orderSeven, jsonType, "key-1", strings.NewReader(placed))
		if first.status != 201 || other.status != 201 || first.result != again.result || first.result == other.result {
			t.Errorf("got %v, %v, and again %v", first, other, again)
		}
	})
}

// No name of a session reaches into the namespace of another server, whatever namespace
// its own server has.
func TestNamespacesCannotBeReached(t *testing.T) {
	log := eventlog.NewMemory(eventlog.Retention{})
	anySession := server.WithSessions(func(context.Context, string) (bool, error) { return true, nil })
	secret := newForeign(t, servertest.Detached, orderEvents, server.WithLog(log))
	tell(t, secret, "7", order("a"))
	for _, namespace := range []string{"", "orderEvents/7", "order"} {
		srv := newForeign(t, servertest.Detached, stockEvents, server.WithLog(log), server.WithNamespace(namespace), anySession, server.WithScope(func(string) string { return "orderEvents/7" }))
		ts := servertest.Serve(t, srv)
		for _, session := range []string{"orderEvents/7", "/7", "Events/7", "7"} {
			tell(t, srv, session, &note{"mine"})
			w := ask(t, ts, "/stock?warehouse="+session, "0")
			w.status(http.StatusOK)
			w.want(":", "event: note")
			w.res.Body.Close()
		}
		for _, session := range []string{"orderEvents\x1f7", "\x1f7"} {
			if _, err := srv.Publish(t.Context(), session, &note{"mine"}); !errors.Is(err, server.ErrInvalidSessionID) {
				t.Errorf("%q: %v", session, err)
			}
		}
	}
}

// WithNamespace keeps earlier sessions: those of an operation that was renamed, and those
// without a namespace.
func TestNamespaceOfBefore(t *testing.T) {
	log := eventlog.NewMemory(eventlog.Retention{})
	first := tell(t, newForeign(t, servertest.Detached, orderEvents, server.WithLog(log)), "7", order("a"))
	renamed := orderEvents
	renamed.ID, renamed.Namespace = "watchOrder", "watchOrder"
	ask(t, servertest.Serve(t, newForeign(t, servertest.Detached, renamed, server.WithLog(log))), orderSeven, "").problem(http.StatusNotFound)
	w := listen(t, servertest.Serve(t, newForeign(t, servertest.Detached, renamed, server.WithLog(log), server.WithNamespace("orderEvents"))), orderSeven, "", servertest.Before(t, first), ":")
	w.order(first, "2000")
}

// Our own contract writes plain names and the same bytes into a log as before other
// contracts existed.
func TestOwnContractInLog(t *testing.T) {
	log := eventlog.NewMemory(eventlog.Retention{})
	srv := servertest.NewServer(t, server.WithLog(log), server.WithScope(func(string) string { return "tenant" }))
	if _, err := srv.CreateSession(t.Context(), "s/<1>", `a "title" & more`); err != nil {
		t.Fatal(err)
	}
	servertest.Publish(t, srv, "s/<1>", "text")
	servertest.DeleteSession(t, srv, "s/<1>")
	record, err := log.Lookup(t.Context(), "s/<1>")
	if err != nil || record.Scope != "tenant" || record.Deleted == 0 {
		t.Errorf("the record is %+v, %v", record, err)
	}
	r, err := log.Follow(t.Context(), eventlog.Session{ID: "s/<1>", Scope: "tenant"}, func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	floor, _, err := r.Bounds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	batch, err := r.Read(t.Context(), floor, 1<<20)
	if err != nil || len(batch.Entries) != 3 {
		t.Fatalf("got %+v, %v", batch, err)
	}
	var made struct{ CreatedAt int64 }
	if err := json.Unmarshal(batch.Entries[0].Data, &made); err != nil || time.Since(time.UnixMilli(made.CreatedAt)) > time.Hour {
		t.Errorf("created at %v, %v", made, err)
	}
	at := strings.NewReplacer("AT", strconv.FormatInt(made.CreatedAt, 10))
	for i, want := range []string{
		`session_created {"createdAt":AT,"sessionId":"s/\u003c1\u003e","title":"a \"title\" \u0026 more","type":"session_created"}`,
		`content {"content":"text","type":"content"}`,
		`session_deleted {"sessionId":"s/\u003c1\u003e","type":"session_deleted"}`,
	} {
		if e := batch.Entries[i]; e.Name+" "+string(e.Data) != at.Replace(want) {
			t.Errorf("the log has %s %s, want %s", e.Name, e.Data, at.Replace(want))
		}
	}
}
