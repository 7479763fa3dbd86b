// Package pgstream publishes events in the transactions of an application: an event is published
// if and only if the application's own rows are committed. It is for servers whose log is in
// PostgreSQL (eventlog/pglog), in the same database as the rows.
//
//	srv, err := server.New(api.OrderEvents, server.WithLog(events)) // a *pglog.Log
//	orders, err := pgstream.New(srv)
//	...
//	tx, err := pool.Begin(ctx)
//	_, err = tx.Exec(ctx, "update orders set carrier = $1 where id = $2", "DHL", "order-7")
//	pending, err := orders.PublishTx(ctx, tx, "order-7", &api.OrderShipped{Carrier: "DHL"})
//	err = tx.Commit(ctx)
//	id, err := pending.ID(ctx) // only if the id is of interest
//
// docs/transactions.md says what to mind in such a transaction.
package pgstream
