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
// briefly, and makes PostgreSQL use their room again. One process at a time does.
func (l *Log) retainLoop() {
	v := &vacuumer{store: l.store}
	for sleep(l.life.ctx, retainEvery) {
		for more := true; more && !l.life.over(); {
			var u unused
			var err error
			if more, u, err = l.retain(); err != nil {
				if !l.life.over() && !transient(err) {
					l.options.Logger.Error("pglog: retention", "error", err)
				}
				break
			}
			v.look(u)
		}
	}
}

// retain does one step.
func (l *Log) retain() (more bool, u unused, err error) {
	ctx, cancel := l.life.within(l.life.ctx, l.options.RequestTimeout)
	defer cancel()
	err = l.use(ctx, func(conn *pgx.Conn) error {
		var deleted int64
		return conn.QueryRow(ctx, l.text.retain,
			limit(l.options.Retention.Age, time.Microsecond), limit(l.options.Retention.Bytes, 1), retainStep, vacuumed[:],
		).Scan(&deleted, &more, &u.dead, &u.live)
	})
	return more, u, err
}

// limit returns a limit in a unit; nil for no limit.
func limit[T ~int64](n, unit T) *int64 {
	if n < 0 {
		return nil // before the division, by which -1 ns would become 0
	}
	return new(int64(n / unit))
}
