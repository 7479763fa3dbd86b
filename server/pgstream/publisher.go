package pgstream

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/server"
)

// ErrOtherLog says that the log of a server is not in PostgreSQL.
var ErrOtherLog = errors.New("pgstream: the log of the server is not a *pglog.Log")

// Publisher publishes the events of a server in transactions of the application. E is the
// interface of the operation's events. All methods are safe for concurrent use, each with a
// transaction of its own.
//
// Each method refuses what the server's Publish or PublishJSON refuses, with the same error: a
// *server.PublishError or eventlog.ErrSessionDeleted. It has written nothing then, and the
// transaction can go on. After any other error the transaction can only be rolled back; see
// pglog.Log.AppendTx for these errors, for the order of events, and for the locks that a
// transaction holds. An event that the End of the operation names ends the session if and only if
// the transaction commits.
//
// The server's observer gets a Publication that is Pending when the event is written. It is not
// told whether the transaction commits.
type Publisher[E any] struct {
	server *server.Server[E]
	log    *pglog.Log
}

// New returns a publisher for a server. Its log ([server.WithLog]) must be a *pglog.Log, or a log
// around one that has the method Unwrap() eventlog.Log. Otherwise New fails with [ErrOtherLog].
func New[E any](s *server.Server[E]) (*Publisher[E], error) {
	for log := s.Log(); ; {
		switch l := log.(type) {
		case *pglog.Log:
			return &Publisher[E]{s, l}, nil
		case interface{ Unwrap() eventlog.Log }:
			log = l.Unwrap()
		default:
			return nil, fmt.Errorf("%w, but a %T", ErrOtherLog, log)
		}
	}
}

// PublishTx publishes an event to a session if and only if the transaction commits. It does not
// keep the event.
func (p *Publisher[E]) PublishTx(ctx context.Context, tx pgx.Tx, session string, event E) (*Pending, error) {
	var pending Pending
	return pending.of(p.server.PublishTo(ctx, session, event, in(&pending, tx, p.log.AppendTx, p.log.DeleteTx)))
}

// PublishJSONTx publishes an event that comes as JSON, as PublishTx does. The data is as for
// [server.Server.PublishJSON].
func (p *Publisher[E]) PublishJSONTx(ctx context.Context, tx pgx.Tx, session, name string, data []byte) (*Pending, error) {
	var pending Pending
	return pending.of(p.server.PublishJSONTo(ctx, session, name, data, in(&pending, tx, p.log.AppendTx, p.log.DeleteTx)))
}

// PublishSQLTx is PublishTx for a transaction of database/sql with the driver
// github.com/jackc/pgx/v5/stdlib.
func (p *Publisher[E]) PublishSQLTx(ctx context.Context, tx *sql.Tx, session string, event E) (*Pending, error) {
	var pending Pending
	return pending.of(p.server.PublishTo(ctx, session, event, in(&pending, tx, p.log.AppendSQLTx, p.log.DeleteSQLTx)))
}

// PublishJSONSQLTx is PublishJSONTx for a transaction of database/sql with the driver
// github.com/jackc/pgx/v5/stdlib.
func (p *Publisher[E]) PublishJSONSQLTx(ctx context.Context, tx *sql.Tx, session, name string, data []byte) (*Pending, error) {
	var pending Pending
	return pending.of(p.server.PublishJSONTo(ctx, session, name, data, in(&pending, tx, p.log.AppendSQLTx, p.log.DeleteSQLTx)))
}
