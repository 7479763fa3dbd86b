package pglog_test

import (
	"context"
	"fmt"
	"log"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
)

// An order and its event are there together, or not at all.
func ExampleLog_AppendTx() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, "postgres://localhost/shop")
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	if err := pglog.Migrate(ctx, pool, pglog.Options{}); err != nil {
		log.Fatal(err)
	}
	events, err := pglog.Open(ctx, pool, pglog.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer events.Close()

	var pending *pglog.Pending
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "insert into orders (customer, item) values ($1, $2)", "alice", "tea"); err != nil {
			return err
		}
		pending, err = events.AppendTx(ctx, tx, eventlog.Session{ID: "alice"}, []eventlog.Entry{
			{Name: "ordered", Data: []byte(`{"item":"tea"}`)},
		})
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Most callers need no ids. Who does can wait for them after the commit.
	ids, err := pending.IDs(ctx)
	fmt.Println(ids, err)
}
