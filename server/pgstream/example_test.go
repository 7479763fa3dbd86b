package pgstream_test

import (
	"context"
	"fmt"
	"log"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/examples/orders/api"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/server/pgstream"
)

// An order is shipped and its readers learn it, or neither.
func ExamplePublisher_PublishTx() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, "postgres://localhost/shop")
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	events, err := pglog.Open(ctx, pool, pglog.Options{}) // see pglog.Migrate
	if err != nil {
		log.Fatal(err)
	}
	defer events.Close()
	srv, err := server.New(api.OrderEvents, server.WithLog(events))
	if err != nil {
		log.Fatal(err)
	}
	orders, err := pgstream.New(srv)
	if err != nil {
		log.Fatal(err)
	}

	var pending *pgstream.Pending
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "update orders set carrier = 'DHL' where id = 'order-7'"); err != nil {
			return err
		}
		pending, err = orders.PublishTx(ctx, tx, "order-7", &api.OrderShipped{Carrier: "DHL"})
		return err
	})
	if err != nil {
		log.Fatal(err) // nothing has happened
	}
	// Most callers need no id. One that does waits for it, after the commit.
	id, err := pending.ID(ctx)
	fmt.Println(id, err)
}
