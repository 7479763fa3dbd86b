package pglog

import (
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	retainEvery = 2 * time.Second
	// Appends that trim wait for a step, which deletes no more rows of a table than this.
	retainStep = 1000
)

// retainLoop deletes what falls due with time and size, in steps that each hold locks only
// briefly. One process at a time does.
func (l *Log) retainLoop() {
	for sleep(l.life.ctx, retainEvery) {
		for more := true; more && !l.life.over(); {
			var err error
			if more, err = l.retain(); err != nil && !l.life.over() && !transient(err) {
				l.options.Logger.Error("pglog: retention", "error", err)
			}
		}
	}
}

// retain does one step. It also trims the streams to which other processes have appended too much,
// and makes PostgreSQL use the room of deleted rows again.
func (l *Log) retain() (more bool, err error) {
	ctx, cancel := l.life.within(l.life.ctx, l.options.RequestTimeout)
	defer cancel()
	keep := &l.options.Retention
	var grown []stream
	var u unused
	err = l.use(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, l.text.retain,
			limit(keep.Age, time.Microsecond), limit(keep.Bytes, 1), limit(keep.Entries, 1), retainStep, vacuumed[:],
		).Scan(&more, &grown, &u.dead, &u.live)
	})
	if err != nil {
		return false, err
	}
	l.trimmer.trim(grown, keep.slack())
	l.vacuumer.look(u)
	return more, nil
}

// limit returns a limit in a unit; nil for no limit.
func limit[T ~int64](n, unit T) *int64 {
	if n < 0 {
		return nil // before the division, by which -1 ns would become 0
	}
	return new(int64(n / unit))
}
