package pglog

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mixstream/mixstream/eventlog"
)

const probeEvery = time.Second

// probeLoop finds out whether entries can be appended again.
func (l *Log) probeLoop() {
	for sleep(l.life.ctx, probeEvery) {
		if why := l.state.blocked.Load(); why != nil && l.probe() == nil && l.state.blocked.CompareAndSwap(why, nil) {
			l.options.Logger.Info("pglog: entries can be appended again")
		}
	}
}

// probe inserts an entry that takes a page of its own, and takes it back.
func (l *Log) probe() error {
	ctx, cancel := l.life.within(l.life.ctx, l.options.RequestTimeout)
	defer cancel()
	return l.use(ctx, func(conn *pgx.Conn) error {
		tx, err := conn.Begin(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback(ctx) }()
		page := make([]byte, 7000)
		_, _ = rand.Read(page) // never fails
		_, err = tx.Exec(ctx, "insert into "+l.schema.quoted()+".log (id, stream, name, data) values (-1, $1, '', $2)", hash(""), page)
		return err
	})
}

// block notes why nothing can be appended.
func (s *store) block(why error) {
	if s.state.blocked.Swap(&why) == nil && !s.life.over() {
		s.options.Logger.Warn("pglog: nothing can be appended", "error", why)
	}
}

// availability is what a log knows of whether it can be read and written to.
type availability struct {
	lost    atomic.Pointer[error] // why readers cannot learn of new entries; nil: they can
	blocked atomic.Pointer[error] // why nothing can be appended; nil: as far as is known, it can
}

// readable returns an error if the log cannot be reached, as far as is known.
func (a *availability) readable(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if why := a.lost.Load(); why != nil {
		return unavailable(*why)
	}
	return nil
}

// late returns the error of a request that could not be made in time.
func (a *availability) late() error {
	if err := a.writable(); err != nil {
		return err
	}
	return fmt.Errorf("%w: %w", eventlog.ErrUnavailable, ErrSlow)
}

// writable returns an error if nothing can be appended, as far as is known.
func (a *availability) writable() error {
	why := a.blocked.Load()
	if why == nil {
		why = a.lost.Load()
	}
	if why != nil {
		return fmt.Errorf("%w: nothing can be appended: %w", eventlog.ErrUnavailable, describe(*why))
	}
	return nil
}
