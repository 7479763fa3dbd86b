// Command ordertable shows a table of orders and its events in one transaction: an event is
// published if and only if its order is committed. Two replicas of a shop share a database. A
// client follows the orders of a customer while its connection is cut, and while a replica dies
// just after a commit: it reads every order once and in order, and none that was declined.
//
// Run it on a database in which it may make a schema and a table, orders; it ends by itself:
//
//	go run ./examples/ordertable postgres://localhost/shop
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/examples/ordertable/api"
)

//go:generate go tool eventgen -o api openapi.yaml

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: ordertable DATABASE, such as postgres://localhost/shop")
	}
	if err := run(context.Background(), os.Stdout, os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

const (
	total      = 24
	cutAfter   = 8  // the client's connection is cut behind this order
	deathAfter = 16 // replica A dies behind this one

	pause = 15 * time.Millisecond // between two orders
)

// run places orders, and follows them.
func run(ctx context.Context, out io.Writer, database string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	db, err := setUp(ctx, database)
	if err != nil {
		return err
	}
	defer db.Close()
	a, err := startReplica(ctx, database)
	if err != nil {
		return err
	}
	defer a.stop()
	b, err := startReplica(ctx, database)
	if err != nil {
		return err
	}
	defer b.stop()
	front := startFront(a.site.URL, b.site.URL)
	defer stopSite(front)

	say := log.New(out, "", 0)
	customer := fmt.Sprint("alice-", time.Now().UnixNano())
	c, err := client.New(api.CustomerEvents, front.URL,
		client.WithRetryPolicy(client.RetryPolicy{InitialInterval: 20 * time.Millisecond}),
		client.WithHooks(client.Hooks{Retrying: func(r client.Retry) { say.Printf("-- reconnection, to go on after %s", r.LastEventID) }}))
	if err != nil {
		return err
	}
	if _, err := a.server.CreateSession(ctx, customer, ""); err != nil { // so that it can be followed before its first order
		return err
	}
	stream, err := c.Open(ctx, api.CustomerEventsRequest{CustomerID: customer}, client.FromStart())
	if err != nil {
		return err
	}
	defer stream.Close()

	var placing sync.WaitGroup
	defer placing.Wait()
	placing.Go(func() {
		for n := 1; n <= total; n++ {
			r := []*replica{a, b}[n%2]
			if n > deathAfter {
				r = b
			}
			if err := r.place(ctx, customer, 100*n); err != nil && !errors.Is(err, errDeclined) {
				cancel(err) // ends the stream, which would wait forever
				return
			}
			switch n {
			case cutAfter:
				say.Print("-- a cut")
				front.CloseClientConnections()
			case deathAfter:
				say.Print("-- replica A dies, perhaps before its last event is in the log")
				a.stop()
			}
			time.Sleep(pause)
		}
		if _, err := b.server.DeleteSession(ctx, customer); err != nil { // the stream ends after its last event
			cancel(err)
		}
	})
	var read []int64
	for event, err := range stream.All() {
		if err != nil {
			return cmp.Or(context.Cause(ctx), err)
		}
		if placed, ok := event.Data.(*api.OrderPlaced); ok {
			say.Printf("order %d, for %d", placed.Order, placed.Total)
			read = append(read, placed.Order)
		}
	}
	return compare(ctx, say, db, customer, read)
}

// setUp makes the tables of the log and of the shop.
func setUp(ctx context.Context, database string) (*pgxpool.Pool, error) {
	db, err := pgxpool.New(ctx, database)
	if err != nil {
		return nil, err
	}
	err = pglog.Migrate(ctx, db, pglog.Options{})
	if err == nil {
		_, err = db.Exec(ctx, "create table if not exists orders (id bigint generated always as identity, customer text, total int)")
	}
	if err != nil {
		db.Close()
	}
	return db, err
}

// compare returns an error unless the orders that were read are those of the table.
func compare(ctx context.Context, say *log.Logger, db *pgxpool.Pool, customer string, read []int64) error {
	rows, err := db.Query(ctx, "select id from orders where customer = $1 order by id", customer)
	if err != nil {
		return err
	}
	table, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return err
	}
	if !slices.Equal(read, table) {
		return fmt.Errorf("the table has the orders %d, and the events tell of %d", table, read)
	}
	say.Printf("%d of %d orders are in the table, and each was read once and in order", len(table), total)
	return nil
}
