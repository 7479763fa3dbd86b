package pglog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mixstream/mixstream/eventlog"
)

// ErrRolledBack says that entries are not in the log and will not be, since their transaction was
// rolled back: all of it, or to a savepoint before them. It also says so of a transaction that the
// database has lost, with its commit, because a replica without it was promoted.
var ErrRolledBack = errors.New("pglog: the transaction was rolled back")

// Pending is entries that a transaction of the application has published, with AppendTx or
// DeleteTx. They are in the log soon after its commit, and never if it is rolled back. Its method
// is safe for concurrent use.
type Pending struct {
	log         *Log
	session     stream
	count       int
	stream      stream // which gets the entries: the session's, or the scope's for the end of a session
	after       uint64 // the end of the log before them
	first, last int64  // their numbers in the outbox
	xid         string // the transaction
}

// IDs waits until the entries are in the log, and returns their ids. Call it after the commit: as
// long as the transaction goes on, IDs waits until ctx ends. It fails with [ErrRolledBack] if the
// transaction was rolled back, with eventlog.ErrGap if the retention of the log may have deleted
// some of the entries since, and with eventlog.ErrUnavailable while the database cannot be reached.
//
// IDs needs a connection of the pool of the log.
func (p *Pending) IDs(ctx context.Context) ([]uint64, error) {
	if p.count == 0 {
		return nil, nil
	}
	l := p.log
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		l.mover.nudge()
		var ids []int64
		var ended bool
		var lost, trimmed *bool
		err := l.look(ctx, func(ctx context.Context, conn *pgx.Conn) error {
			return conn.QueryRow(ctx, l.text.settled, p.stream, p.session, p.after, p.first, p.last, p.xid).Scan(&ids, &ended, &lost, &trimmed)
		})
		switch {
		case err != nil:
			return nil, l.public(ctx, err)
		case len(ids) == p.count:
			got := make([]uint64, len(ids))
			for i, id := range ids {
				got[i] = uint64(id) //nolint:gosec // it is not negative
			}
			return got, nil
		case ended && (lost == nil || !*lost) && trimmed != nil && *trimmed:
			return nil, fmt.Errorf("%w: the retention may have deleted what the transaction has published", eventlog.ErrGap)
		case ended:
			return nil, ErrRolledBack
		}
		if !sleep(ctx, pause) {
			return nil, context.Cause(ctx)
		}
	}
}
