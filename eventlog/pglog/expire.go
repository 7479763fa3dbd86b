package pglog

import (
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	expireEvery = 20 * time.Second
	expireStep  = 5000 // rows of a table that one transaction deletes
	// expireAll is how often a process begins with the oldest: a row may have been too late for
	// its time, because of a clock that was wrong or a commit that took minutes.
	expireAll = time.Hour
)

// expired says up to when keys and calls were deleted, in microseconds since 1970.
type expired struct{ keys, calls int64 }

// expireLoop deletes the keys and calls whose life is over.
func (l *Log) expireLoop() {
	var e expired
	began := time.Now()
	for sleep(l.life.ctx, expireEvery) {
		if time.Since(began) > expireAll {
			e, began = expired{}, time.Now()
		}
		if err := l.expire(&e); err != nil && !l.life.over() && !transient(err) {
			l.options.Logger.Error("pglog: delete keys and calls", "error", err)
		}
	}
}

// expire deletes all that is due.
func (l *Log) expire(e *expired) error {
	for more := true; more; {
		ctx, cancel := l.life.within(l.life.ctx, l.options.RequestTimeout)
		err := l.use(ctx, func(conn *pgx.Conn) error {
			return conn.QueryRow(ctx, l.text.expire, e.keys, e.calls, expireStep).Scan(&e.keys, &e.calls, &more)
		})
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}
