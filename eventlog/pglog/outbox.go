package pglog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/mixstream/mixstream/eventlog"
)

// ErrOtherDatabase says that a transaction is on a database that does not have the log, or has
// another one under the same name of the schema.
var ErrOtherDatabase = errors.New("pglog: the transaction is on another database than the log")

// AppendTx appends the entries to the session if and only if the transaction commits. It does not
// set their IDs: they get them when they are moved into the log, by whichever process is the
// first to look after the commit, which takes some milliseconds. [Pending.IDs] waits for that.
// AppendTx does not keep the entries.
//
// The entries of a session stand in the order in which their transactions commit. So that they
// can, AppendTx holds a lock of the session until the transaction ends, and another AppendTx to
// the session waits for it. Call it late in the transaction. Transactions that publish to several
// sessions should do so in the order of their ids: otherwise two of them can wait for each other,
// and PostgreSQL makes one fail with the error 40P01. What a rollback to a savepoint undoes is not
// published.
//
// The isolation level may be any. At repeatable read and above, AppendTx fails with the error
// 40001 if the session's record has changed since the transaction's first statement: the
// application must begin the transaction again, as after any other such error.
//
// The transaction may have any role that has usage of the schema, select on its tables, and insert
// on the table outbox; at repeatable read and above also insert and update on the table session.
// Its search_path does not matter.
//
// AppendTx fails with eventlog.ErrSessionDeleted if the session was deleted, and with
// [ErrOtherDatabase] if the transaction is on a database with another log. The transaction can go
// on after these errors, and after eventlog.ErrInvalidEntry and eventlog.ErrEntryTooLarge. Any
// other error is one of PostgreSQL, with which it can only be rolled back: [ErrReadOnly], say, for
// a transaction that is read-only.
func (l *Log) AppendTx(ctx context.Context, tx pgx.Tx, s eventlog.Session, entries []eventlog.Entry) (*Pending, error) {
	return l.publish(ctx, pgxQuery(tx), newRequest(appendEntries, s, entries))
}

// AppendSQLTx is AppendTx for a transaction of database/sql with the driver
// github.com/jackc/pgx/v5/stdlib.
func (l *Log) AppendSQLTx(ctx context.Context, tx *sql.Tx, s eventlog.Session, entries []eventlog.Entry) (*Pending, error) {
	return l.publish(ctx, sqlQuery(tx), newRequest(appendEntries, s, entries))
}

// DeleteTx deletes the session, as [Log.Delete] does, if and only if the transaction commits. The
// entry is the last one of the session. Unlike Delete, it makes the session's record if there is
// none. All that is said of AppendTx holds for it, and [Pending.IDs] returns the id of the entry.
func (l *Log) DeleteTx(ctx context.Context, tx pgx.Tx, s eventlog.Session, e eventlog.Entry, grace time.Duration) (*Pending, error) {
	return l.publish(ctx, pgxQuery(tx), newDeletion(s, e, grace))
}

// DeleteSQLTx is DeleteTx for a transaction of database/sql with the driver
// github.com/jackc/pgx/v5/stdlib.
func (l *Log) DeleteSQLTx(ctx context.Context, tx *sql.Tx, s eventlog.Session, e eventlog.Entry, grace time.Duration) (*Pending, error) {
	return l.publish(ctx, sqlQuery(tx), newDeletion(s, e, grace))
}

// scanner is a row of pgx or of database/sql.
type scanner interface{ Scan(into ...any) error }

// query queries a row within a transaction. It is nil if there is none.
type query func(ctx context.Context, text string, args ...any) scanner

func pgxQuery(tx pgx.Tx) query {
	if tx == nil {
		return nil
	}
	return func(ctx context.Context, text string, args ...any) scanner { return tx.QueryRow(ctx, text, args...) }
}

func sqlQuery(tx *sql.Tx) query {
	if tx == nil {
		return nil
	}
	return func(ctx context.Context, text string, args ...any) scanner {
		return tx.QueryRowContext(ctx, text, args...)
	}
}

// publish writes the entries of a request into the outbox, within a transaction.
func (l *Log) publish(ctx context.Context, q query, r *request) (*Pending, error) {
	if err := check(ctx, r); err != nil {
		return nil, err
	}
	if q == nil {
		return nil, errNoTx
	}
	p := &Pending{log: l, session: r.session, count: len(r.entries)}
	if p.count == 0 {
		return p, nil
	}
	names, data := make([][]byte, p.count), make([][]byte, p.count)
	for i, e := range r.entries {
		names[i], data[i] = []byte(e.Name), notNull(e.Data)
	}
	var grace *int64
	if r.kind == deleteSession {
		grace = new(r.grace.Microseconds())
	}
	id, err := l.identity(ctx, pgtype.UUID{})
	for err == nil {
		var verdict int16
		var first, last, after *int64
		var xid, in *string
		err = q(ctx, l.text.publish, id, r.session, []byte(r.of.ID), []byte(r.of.Scope), r.scope, names, data, grace).
			Scan(&verdict, &first, &last, &xid, &after, &in)
		switch {
		case err != nil:
		case verdict == verdictDeleted:
			return nil, r.refusal(verdict)
		case verdict == verdictOtherLog:
			// The schema of this log may have been made again.
			stale := id
			if id, err = l.identity(ctx, stale); err == nil && id == stale {
				return nil, ErrOtherDatabase
			}
		default:
			p.first, p.last, p.xid, p.after = *first, *last, *xid, position(after)
			err = p.stream.Scan(*in)
			l.trimmer.add(r, 0)
			l.mover.expect(r.session)
			return p, err
		}
	}
	return nil, publishError(ctx, err)
}

// verdictOtherLog is a verdict of the function publish.
const verdictOtherLog = 8

var (
	errNoTx = errors.New("pglog: the transaction is nil")
	errBusy = errors.New("pglog: the connection of the transaction is in use: read or close its rows first, and use it in one goroutine at a time")
)

// publishError returns the error of a publication that has failed by err.
func publishError(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, pgx.ErrTxClosed), errors.Is(err, sql.ErrTxDone):
		return fmt.Errorf("pglog: %w", err) // the caller's mistake
	case strings.Contains(err.Error(), "conn busy"): // also the caller's
		return fmt.Errorf("%w: %w", errBusy, err)
	case missing(err):
		return fmt.Errorf("%w: %w", ErrOtherDatabase, err)
	}
	return publicError(ctx, err)
}

// identity returns what tells the log from any other. It asks the database unless it knows, or
// what it knows is stale.
func (l *Log) identity(ctx context.Context, stale pgtype.UUID) (id pgtype.UUID, err error) {
	if known := l.knownIdentity.Load(); known != nil && *known != stale {
		return *known, nil
	}
	err = l.look(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, l.text.identity).Scan(&id)
	})
	if err == nil {
		l.knownIdentity.Store(&id)
	}
	return id, err
}

// newDeletion returns a request that deletes a session.
func newDeletion(s eventlog.Session, e eventlog.Entry, grace time.Duration) *request {
	r := newRequest(deleteSession, s, []eventlog.Entry{e})
	r.grace = min(max(grace, 0), 100*365*24*time.Hour)
	return r
}
