package pglog

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/internal/logcopy"
	"github.com/mixstream/mixstream/internal/pgcopy"
)

func init() {
	pgcopy.Register(func(l pgcopy.Log) (logcopy.Source, logcopy.Target, error) {
		o, err := Options{Schema: l.Schema, Retention: Retention{Entries: l.Entries, Bytes: l.Bytes}}.withDefaults()
		if err != nil {
			return nil, nil, err
		}
		c := copyEnd{schema: schema{o.Schema}, pool: l.Pool}
		return &copySource{copyEnd: c}, &copyTarget{copyEnd: c, retention: o.Retention}, nil
	})
}

// copyEnd is one end of a copy: a log, and the transaction in which it is read or written. It needs
// no open Log, which would trim what it is to be copied.
type copyEnd struct {
	schema schema
	pool   *pgxpool.Pool
	tx     pgx.Tx
}

// begin begins the transaction, and checks the schema.
func (c *copyEnd) begin(ctx context.Context, o pgx.TxOptions) (err error) {
	if c.tx, err = c.pool.BeginTx(ctx, o); err != nil {
		return err
	}
	if err := c.schema.check(ctx, c.tx); err != nil {
		return err
	}
	return withoutTimeouts(ctx, c.tx) // copying takes long, and waits for the other log
}

// query returns the text of a statement with the name of a table or a function for each %s.
func (c *copyEnd) query(sql string, names ...string) string {
	named := make([]any, len(names))
	for i, n := range names {
		named[i] = pgx.Identifier{c.schema.name, n}.Sanitize()
	}
	return fmt.Sprintf(sql, named...)
}

// rollback ends the transaction, unless it has ended.
func (c *copyEnd) rollback() {
	if c.tx == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = c.tx.Rollback(ctx) // the connection is closed if it fails
}

// hashKind begins the Stream.Hash of a log in PostgreSQL.
const hashKind = "postgres"

// copyStream is the stream of a logcopy.Stream; not valid for one of another kind of log.
func copyStream(of logcopy.Stream) (s stream) {
	n := len(hashKind)
	switch {
	case len(of.Hash) == n+len(s.Bytes) && of.Hash[:n] == hashKind:
		return stream{Bytes: [16]byte([]byte(of.Hash[n:])), Valid: true}
	case of.Hash != "":
		return s
	case of.Scope:
		return scopeStream(s, of.Name)
	}
	return sessionStream(of.Name)
}
