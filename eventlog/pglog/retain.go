package pglog

import (
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	retainEvery = 2 * time.Second
	retainStep  = 4000
	// A process vacuums the table of entries after it has deleted so many, and this share of what
	// is left: the cost of a vacuum is that of reading the indexes.
	vacuumAfter = 20_000
	vacuumShare = 5
)

// retainLoop deletes what falls due with time and size, in steps that each hold locks only
// briefly, and makes PostgreSQL use their room again. One process at a time does.
func (l *Log) retainLoop() {
	deleted := int64(0)
	for sleep(l.life.ctx, retainEvery) {
		for more := true; more && !l.life.over(); {
			var n int64
			var err error
			if n, more, err = l.retain(); err != nil {
				if !l.life.over() && !transient(err) {
					l.options.Logger.Error("pglog: retention", "error", err)
				}
				break
			}
			if deleted += n; deleted >= vacuumAfter && deleted >= l.entries()/vacuumShare {
				deleted = 0
				l.vacuum()
			}
		}
	}
}

// retain does one step.
func (l *Log) retain() (deleted int64, more bool, err error) {
	ctx, cancel := l.life.within(l.life.ctx, l.options.RequestTimeout)
	defer cancel()
	err = l.use(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, l.text.retain, limit(l.options.Retention.Age.Microseconds()), limit(l.options.Retention.Bytes), retainStep).Scan(&deleted, &more)
	})
	return deleted, more, err
}

// limit returns nil for no limit.
func limit(n int64) *int64 {
	if n < 0 {
		return nil
	}
	return &n
}

// entries returns about how many entries there are, as of the last vacuum; 0 if that is not known.
func (l *Log) entries() (n int64) {
	ctx, cancel := l.life.within(l.life.ctx, l.options.RequestTimeout)
	defer cancel()
	_ = l.use(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, "select reltuples::bigint from pg_class where oid = $1::text::regclass", l.schema.quoted()+".log").Scan(&n)
	})
	return max(n, 0)
}

// vacuum makes the room of deleted entries free for new ones. PostgreSQL does that by itself, but
// perhaps later. It refuses, with no more than a notice, unless the user owns the table.
func (l *Log) vacuum() {
	if l.options.noVacuum {
		return
	}
	ctx, cancel := l.life.within(l.life.ctx, 10*time.Minute)
	defer cancel()
	err := l.use(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "vacuum (skip_locked, truncate off) "+l.schema.quoted()+".log", pgx.QueryExecModeExec)
		return err
	})
	if err != nil && !l.life.over() {
		l.options.Logger.Warn("pglog: vacuum", "error", err)
	}
}
