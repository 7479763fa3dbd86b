package pglog

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// Pending is entries that a transaction of the application has published with AppendTx. They are
// in the log soon after its commit, and never if it is rolled back.
type Pending struct {
	log         *Log
	session     stream
	after       uint64 // the end of the log before them
	first, last int64  // their numbers in the outbox
}

// AppendTx appends the entries to the session if and only if the transaction commits. It does not
// set their IDs: they get them when they are moved into the log, by whichever process is the
// first to look after the commit, which takes some milliseconds. [Pending.IDs] waits for that.
//
// The entries of a session stand in the order in which their transactions commit. So that they
// can, AppendTx holds a lock of the session until the transaction ends, and another AppendTx to
// the session waits for it. Call it late in the transaction. Transactions that publish to several
// sessions should do so in the order of their ids: otherwise two of them can wait for each other,
// and PostgreSQL makes one fail with the error 40P01.
//
// It fails with eventlog.ErrSessionDeleted if the session was deleted. The transaction can go on
// after that error, and after eventlog.ErrInvalidEntry and eventlog.ErrEntryTooLarge. Any other
// error is one of PostgreSQL, with which it can only be rolled back.
func (l *Log) AppendTx(ctx context.Context, tx pgx.Tx, s eventlog.Session, entries []eventlog.Entry) (*Pending, error) {
	return l.publish(ctx, s, entries, func(args ...any) scanner { return tx.QueryRow(ctx, l.text.publish, args...) })
}

// AppendSQLTx is AppendTx for a transaction of database/sql with the driver
// github.com/jackc/pgx/v5/stdlib.
func (l *Log) AppendSQLTx(ctx context.Context, tx *sql.Tx, s eventlog.Session, entries []eventlog.Entry) (*Pending, error) {
	return l.publish(ctx, s, entries, func(args ...any) scanner { return tx.QueryRowContext(ctx, l.text.publish, args...) })
}

// scanner is a row of pgx or of database/sql.
type scanner interface{ Scan(into ...any) error }

func (l *Log) publish(ctx context.Context, s eventlog.Session, entries []eventlog.Entry, query func(args ...any) scanner) (*Pending, error) {
	r := newRequest(appendEntries, s, entries)
	if err := check(ctx, r); err != nil {
		return nil, err
	}
	p := &Pending{log: l, session: r.session}
	if len(entries) == 0 {
		return p, nil
	}
	names, data := make([][]byte, len(entries)), make([][]byte, len(entries))
	for i, e := range entries {
		names[i], data[i] = []byte(e.Name), notNull(e.Data)
	}
	var first, last, after *int64
	err := query(r.session, []byte(s.ID), []byte(s.Scope), r.scope, names, data).Scan(&first, &last, &after)
	switch {
	case err != nil:
		return nil, publicError(ctx, err)
	case first == nil:
		return nil, fmt.Errorf("%w: %s", eventlog.ErrSessionDeleted, excerpt.Quote(s.ID))
	}
	p.first, p.last, p.after = *first, *last, position(after)
	l.mover.nudge()
	return p, nil
}

// IDs waits until the entries are in the log, and returns their ids. Call it after the commit: as
// long as the transaction goes on, or if it is rolled back, IDs waits until ctx ends. It fails
// with eventlog.ErrUnavailable while the database cannot be reached.
func (p *Pending) IDs(ctx context.Context) ([]uint64, error) {
	if p.last == 0 {
		return nil, nil
	}
	l := p.log
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		l.mover.nudge()
		var ids []int64
		err := l.look(ctx, func(ctx context.Context, conn *pgx.Conn) error {
			return conn.QueryRow(ctx, l.text.placed, p.session, p.after, p.first, p.last).Scan(&ids)
		})
		if err != nil {
			return nil, publicError(ctx, err)
		}
		if len(ids) > 0 {
			got := make([]uint64, len(ids))
			for i, id := range ids {
				got[i] = uint64(id) //nolint:gosec // it is not negative
			}
			return got, nil
		}
		if !sleep(ctx, pause) {
			return nil, context.Cause(ctx)
		}
	}
}
