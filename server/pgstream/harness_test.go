package pgstream_test

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/examples/orders/api"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/server/pgstream"
)

// shop is a server of orders whose log is in a database, and its publisher.
type shop struct {
	*testing.T
	srv    *server.Server[api.OrderEvent]
	orders *pgstream.Publisher[api.OrderEvent]
	pool   *pgxpool.Pool
	url    string
}

// open opens a shop. An order that is shipped is over.
func open(t *testing.T, opts ...server.Option) *shop {
	t.Helper()
	events, pool := openLog(t)
	op := api.OrderEvents
	op.End = contract.End{Events: []string{"order_shipped"}}
	srv, err := server.New(op, append([]server.Option{server.WithLog(events)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	orders, err := pgstream.New(srv)
	if err != nil {
		t.Fatal(err)
	}
	ts := httptest.NewServer(srv)
	t.Cleanup(ts.Close)
	return &shop{t, srv, orders, pool, ts.URL}
}

// begin begins a transaction, which is rolled back with the test unless it has ended.
func (s *shop) begin() pgx.Tx {
	s.Helper()
	tx, err := s.pool.Begin(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	return tx
}

// publish publishes an event in a transaction.
func (s *shop) publish(tx pgx.Tx, order string, event api.OrderEvent) *pgstream.Pending {
	s.Helper()
	p, err := s.orders.PublishTx(s.Context(), tx, order, event)
	if err != nil {
		s.Fatalf("PublishTx: %v", err)
	}
	return p
}

func (s *shop) commit(tx pgx.Tx) {
	s.Helper()
	if err := tx.Commit(s.Context()); err != nil {
		s.Fatal(err)
	}
}

// id returns the id of a publication that was committed.
func (s *shop) id(p *pgstream.Pending) string {
	s.Helper()
	id, err := p.ID(s.Context())
	if err != nil {
		s.Fatalf("ID: %v", err)
	}
	return id
}

// read returns the events of an order from the beginning to its end, or at most so many.
func (s *shop) read(order string, atMost int) (events []client.Event[api.OrderEvent]) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 30*time.Second)
	defer cancel()
	c, err := client.New(api.OrderEvents, s.url)
	if err != nil {
		s.Fatal(err)
	}
	stream, err := c.Open(ctx, api.OrderEventsRequest{OrderID: order}, client.FromStart())
	if err != nil {
		s.Fatal(err)
	}
	defer stream.Close()
	for len(events) < atMost && stream.Next() {
		events = append(events, stream.Event())
	}
	if err := stream.Err(); err != nil {
		s.Fatalf("after %d events: %v", len(events), err)
	}
	return events
}
