package pgstream_test

import (
	"context"
	"database/sql"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/examples/orders/api"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/pgtest"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/server/pgstream"
)

// Each way of publishing publishes what is committed, and nothing of what is rolled back.
func TestPublishTx(t *testing.T) {
	s := open(t)
	db, err := sql.Open("pgx", pgtest.Shared(t).URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx := t.Context()
	placed := &api.OrderPlaced{Total: 4200}
	const name, data = "order_placed", ` {"total": 4200} `
	type publish func(order string) (*pgstream.Pending, error)
	inPgx := func(f func(tx pgx.Tx, order string) (*pgstream.Pending, error)) (publish, publish) {
		in := func(end func(tx pgx.Tx) error) publish {
			return func(order string) (*pgstream.Pending, error) {
				tx := s.begin()
				p, err := f(tx, order)
				return p, errors.Join(err, end(tx))
			}
		}
		return in(func(tx pgx.Tx) error { return tx.Commit(ctx) }), in(func(tx pgx.Tx) error { return tx.Rollback(ctx) })
	}
	inSQL := func(f func(tx *sql.Tx, order string) (*pgstream.Pending, error)) (publish, publish) {
		in := func(end func(tx *sql.Tx) error) publish {
			return func(order string) (*pgstream.Pending, error) {
				tx, err := db.BeginTx(ctx, nil)
				if err != nil {
					return nil, err
				}
				p, err := f(tx, order)
				return p, errors.Join(err, end(tx))
			}
		}
		return in((*sql.Tx).Commit), in((*sql.Tx).Rollback)
	}
	type way struct {
		name                  string
		committed, rolledBack publish
	}
	ways := []way{{name: "PublishTx"}, {name: "PublishJSONTx"}, {name: "PublishSQLTx"}, {name: "PublishJSONSQLTx"}}
	ways[0].committed, ways[0].rolledBack = inPgx(func(tx pgx.Tx, order string) (*pgstream.Pending, error) {
		return s.orders.PublishTx(ctx, tx, order, placed)
	})
	ways[1].committed, ways[1].rolledBack = inPgx(func(tx pgx.Tx, order string) (*pgstream.Pending, error) {
		return s.orders.PublishJSONTx(ctx, tx, order, name, []byte(data))
	})
	ways[2].committed, ways[2].rolledBack = inSQL(func(tx *sql.Tx, order string) (*pgstream.Pending, error) {
		return s.orders.PublishSQLTx(ctx, tx, order, placed)
	})
	ways[3].committed, ways[3].rolledBack = inSQL(func(tx *sql.Tx, order string) (*pgstream.Pending, error) {
		return s.orders.PublishJSONSQLTx(ctx, tx, order, name, []byte(data))
	})
	for _, w := range ways {
		undone, err := w.rolledBack(w.name)
		if err != nil {
			t.Fatalf("%s: %v", w.name, err)
		}
		if id, err := undone.ID(ctx); !errors.Is(err, pglog.ErrRolledBack) {
			t.Errorf("%s: ID %q after the rollback, error %v", w.name, id, err)
		}
		done, err := w.committed(w.name)
		if err != nil {
			t.Fatalf("%s: %v", w.name, err)
		}
		id := s.id(done)
		last, err := s.srv.Publish(ctx, w.name, &api.OrderPlaced{Total: 1})
		if err != nil {
			t.Fatal(err)
		}
		events := s.read(w.name, 2)
		if len(events) != 2 || !reflect.DeepEqual(events[0].Data, api.OrderEvent(placed)) || events[0].ID != id || events[1].ID != last {
			t.Errorf("%s: got %+v, want an order that is placed with the id %s, and one event with the id %s", w.name, events, id, last)
		}
	}
}

// What Publish refuses is refused in the same way, and the transaction goes on.
func TestRefusals(t *testing.T) {
	events, pool := openLog(t)
	srv := servertest.NewServer(t, server.WithLog(events), server.WithLimits(server.Limits{EventSize: 1000}))
	publisher, err := pgstream.New(srv.Server)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := srv.CreateSession(t.Context(), "deleted", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := srv.DeleteSession(t.Context(), "deleted"); err != nil {
		t.Fatal(err)
	}
	good := servertest.Content("good")
	err = pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		for _, test := range []struct {
			session string
			event   gen.Event
		}{
			{"s", nil},
			{"s", (*gen.ContentData)(nil)},
			{"s", &gen.UnknownEvent{Name: "new"}},
			{"s", &gen.ConnectedData{SessionID: "s"}},
			{"s", &gen.ErrorData{Type: new("replay_gap")}},
			{"s", servertest.Content("\xff")},
			{"s", servertest.Content(strings.Repeat("x", 1000))},
			{"", good},
			{"a\nb", good},
			{strings.Repeat("x", 257), good},
			{"deleted", good},
		} {
			_, want := srv.Publish(t.Context(), test.session, test.event)
			wantSame(t, test.event, want, func() (*pgstream.Pending, error) {
				return publisher.PublishTx(t.Context(), tx, test.session, test.event)
			})
		}
		for _, data := range []string{"", "null", `{"type":"content"}`, `{"type":"content","content":"a","content":"b"}`} {
			_, want := srv.PublishJSON(t.Context(), "s", "content", []byte(data))
			wantSame(t, data, want, func() (*pgstream.Pending, error) {
				return publisher.PublishJSONTx(t.Context(), tx, "s", "content", []byte(data))
			})
		}
		_, err := publisher.PublishTx(t.Context(), tx, "s", good)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	last := servertest.Publish(t, srv, "s", "last")
	reader, err := events.Follow(t.Context(), eventlog.Session{ID: "s"}, func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	floor, _, err := reader.Bounds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if b, err := reader.Read(t.Context(), floor, 1<<20); err != nil || len(b.Entries) != 2 {
		t.Errorf("the log has %d events up to %s, error %v; want the good one and the last", len(b.Entries), last, err)
	}
}

// wantSame expects a publication to fail with the same error as another.
func wantSame(t *testing.T, what any, want error, publish func() (*pgstream.Pending, error)) {
	t.Helper()
	p, err := publish()
	if want == nil || err == nil || err.Error() != want.Error() || p != nil {
		t.Errorf("%v: got %v, and Publish returns %v", what, err, want)
		return
	}
	of, is := errors.AsType[*server.PublishError](err)
	ofWant, wantIs := errors.AsType[*server.PublishError](want)
	if is != wantIs || is && of.Event != ofWant.Event {
		t.Errorf("%v: got %#v, and Publish returns %#v", what, err, want)
	}
}

// The sentinel of a contract is refused, and so is an entry that is over the limit of the log.
func TestRefusalsOfContractAndLog(t *testing.T) {
	events, pool := openLog(t)
	op := api.OrderEvents
	op.End = contract.End{Data: `{"total":7}`}
	srv, err := server.New(op, server.WithLog(events), server.WithoutEventChecks(), server.WithLimits(server.Limits{EventSize: 64 << 20}))
	if err != nil {
		t.Fatal(err)
	}
	orders, err := pgstream.New(srv)
	if err != nil {
		t.Fatal(err)
	}
	err = pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		_, want := srv.Publish(t.Context(), "a", &api.OrderPlaced{Total: 7})
		wantSame(t, "the sentinel", want, func() (*pgstream.Pending, error) {
			return orders.PublishTx(t.Context(), tx, "a", &api.OrderPlaced{Total: 7})
		})
		_, err := orders.PublishTx(t.Context(), tx, "a", &api.OrderShipped{Carrier: strings.Repeat("x", 33<<20)})
		if !errors.Is(err, server.ErrEventTooLarge) || !errors.Is(err, eventlog.ErrEntryTooLarge) {
			t.Errorf("over the limit of the log: %v", err)
		}
		_, err = orders.PublishTx(t.Context(), tx, "a", &api.OrderPlaced{Total: 8})
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// An event that ends its session does so if and only if it is committed.
func TestEnd(t *testing.T) {
	s := open(t)
	for _, order := range []string{"known", "new"} {
		if order == "known" {
			if _, err := s.srv.Publish(t.Context(), order, &api.OrderPlaced{Total: 1}); err != nil {
				t.Fatal(err)
			}
		}
		tx := s.begin()
		s.publish(tx, order, &api.OrderShipped{Carrier: "never"})
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
		tx = s.begin()
		if order == "known" {
			s.publish(tx, order, &api.OrderPlaced{Total: 2})
		}
		end := s.publish(tx, order, &api.OrderShipped{Carrier: "DHL"})
		_, err := s.orders.PublishTx(t.Context(), tx, order, &api.OrderPlaced{Total: 3})
		if !errors.Is(err, eventlog.ErrSessionDeleted) {
			t.Errorf("%s: behind the end: %v", order, err)
		}
		s.commit(tx)
		if _, err := s.srv.Publish(t.Context(), order, &api.OrderPlaced{Total: 3}); !errors.Is(err, eventlog.ErrSessionDeleted) {
			t.Errorf("%s: Publish after the commit: %v", order, err)
		}
		got := s.read(order, 10) // to its end
		want := []api.OrderEvent{&api.OrderPlaced{Total: 1}, &api.OrderPlaced{Total: 2}, &api.OrderShipped{Carrier: "DHL"}}
		if order == "new" {
			want = want[2:]
		}
		if len(got) != len(want) {
			t.Fatalf("%s: %d events", order, len(got))
		}
		for i, e := range got {
			if !reflect.DeepEqual(e.Data, want[i]) {
				t.Errorf("%s: event %d is %+v, want %+v", order, i, e.Data, want[i])
			}
		}
		if id := s.id(end); id != got[len(got)-1].ID {
			t.Errorf("%s: the end has the id %s, and its publisher got %s", order, got[len(got)-1].ID, id)
		}
	}
}

// A session that the application vouches for can be followed before its first event is committed.
func TestNewSession(t *testing.T) {
	s := open(t, server.WithSessions(func(context.Context, string) (bool, error) { return true, nil }))
	tx := s.begin()
	s.publish(tx, "new", &api.OrderPlaced{Total: 1})
	c, err := client.New(api.OrderEvents, s.url)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := c.Open(t.Context(), api.OrderEventsRequest{OrderID: "new"})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	s.commit(tx)
	if !stream.Next() || !reflect.DeepEqual(stream.Event().Data, api.OrderEvent(&api.OrderPlaced{Total: 1})) {
		t.Errorf("read %+v, %v", stream.Event(), stream.Err())
	}
}

// An observer learns of each publication once: that it is pending, or why it is not.
func TestObserver(t *testing.T) {
	observer := servertest.NewObserver()
	s := open(t, server.WithObserver(observer))
	tx := s.begin()
	s.publish(tx, "a", &api.OrderPlaced{Total: 1})
	_, refused := s.orders.PublishTx(t.Context(), tx, "a", nil)
	_, failed := s.orders.PublishTx(canceled(t), tx, "a", &api.OrderPlaced{Total: 1})
	s.commit(tx)
	for _, want := range []server.Publication{
		{Operation: "orderEvents", SessionID: "a", Event: "order_placed", Bytes: 11, Pending: true},
		{Operation: "orderEvents", SessionID: "a", Err: refused},
		{Operation: "orderEvents", SessionID: "a", Event: "order_placed", Bytes: 11, Err: failed},
	} {
		got := <-observer.Publications
		got.Duration = 0
		if got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if !errors.Is(failed, context.Canceled) || len(observer.Publications) > 0 {
		t.Errorf("%d more publications, error %v", len(observer.Publications), failed)
	}
}

func canceled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// wrapper is a log around another one.
type wrapper struct{ eventlog.Log }

func (w wrapper) Unwrap() eventlog.Log { return w.Log }

// Only a server whose log is in PostgreSQL has a publisher.
func TestNew(t *testing.T) {
	events, _ := openLog(t)
	for _, test := range []struct {
		log  eventlog.Log
		want error
	}{
		{events, nil},
		{wrapper{wrapper{events}}, nil},
		{nil, pgstream.ErrOtherLog},
		{eventlog.NewMemory(eventlog.Retention{}), pgstream.ErrOtherLog},
		{wrapper{eventlog.NewMemory(eventlog.Retention{})}, pgstream.ErrOtherLog},
	} {
		srv, err := mix.NewServer(server.WithLog(test.log))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pgstream.New(srv.Server); !errors.Is(err, test.want) {
			t.Errorf("%T: got %v, want %v", test.log, err, test.want)
		}
	}
}
