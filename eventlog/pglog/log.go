package pglog

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// Log is an eventlog.Log in a PostgreSQL database. All methods are safe for concurrent use.
type Log struct {
	*store
	committer *committer
	trimmer   *trimmer
	vacuumer  *vacuumer
	mover     *mover
	watchers  *watchers
	tail      *tail
	closing   sync.Once
}

var (
	_ eventlog.Log      = (*Log)(nil)
	_ eventlog.Writable = (*Log)(nil)
)

// Open opens the log in the database of a pool. The pool stays the caller's, who closes it after
// the log; besides it, the log has one connection of its own. A few connections of the pool are
// enough: appends need one at a time, and a reader one while it reads the database. Open fails with a
// *SchemaError if Migrate has to be called, and with eventlog.ErrUnavailable if the database does
// not answer.
func Open(ctx context.Context, pool *pgxpool.Pool, o Options) (*Log, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	s := newStore(ctx, pool, o)
	l := &Log{store: s, watchers: newWatchers(), vacuumer: &vacuumer{store: s}}
	l.trimmer = newTrimmer(s)
	l.committer = newCommitter(s, l.watchers, l.trimmer)
	l.mover = newMover(s, l.committer)
	l.tail = newTail(s, l.watchers, l.mover)
	if err := l.start(ctx); err != nil {
		s.life.end()
		return nil, err
	}
	return l, nil
}

func (l *Log) start(ctx context.Context) error {
	err := l.look(ctx, func(ctx context.Context, conn *pgx.Conn) error { return l.schema.check(ctx, conn) })
	if err == nil {
		limited, cancel := l.life.within(ctx, l.options.RequestTimeout)
		defer cancel()
		err = l.continueEpoch(limited)
	}
	if err == nil {
		// AppendTx must not need a connection besides that of its transaction.
		_, err = l.identity(ctx, pgtype.UUID{})
	}
	if err != nil {
		return publicError(ctx, err)
	}
	l.life.wg.Go(l.committer.run)
	l.life.wg.Go(l.trimmer.run)
	l.life.wg.Go(l.mover.run)
	l.life.wg.Go(l.tail.run)
	l.life.wg.Go(l.retainLoop)
	l.life.wg.Go(l.expireLoop)
	l.life.wg.Go(l.probeLoop)
	if l.options.Retention.Idle > 0 {
		l.life.wg.Go(l.idleLoop)
	}
	select {
	case <-l.tail.connected:
		return nil
	case <-time.After(l.options.RequestTimeout):
		err = errLost
	case <-ctx.Done():
		err = ctx.Err()
	}
	if why := l.state.lost.Load(); why != nil {
		err = *why
	}
	return publicError(ctx, err)
}

// Close ends the goroutines of the log and its connection, but not the pool. Calls under way
// fail. Close may be called more than once.
func (l *Log) Close() error {
	l.closing.Do(l.life.end)
	return nil
}

// Create implements eventlog.Log.
func (l *Log) Create(ctx context.Context, s eventlog.Session, e *eventlog.Entry) error {
	r := newRequest(createSession, s, []eventlog.Entry{*e})
	if err := l.do(ctx, r); err != nil {
		return err
	}
	e.ID = r.first
	return nil
}

// Append implements eventlog.Log. It takes at most 50,000 entries, and 32 MiB of names and data.
func (l *Log) Append(ctx context.Context, s eventlog.Session, key *eventlog.Key, entries []eventlog.Entry) error {
	if len(entries) == 0 && key == nil {
		return ctx.Err()
	}
	// The caller may use the slice again while a request that was cancelled goes on.
	own := slices.Clone(entries)
	for {
		r := newRequest(appendEntries, s, own)
		r.setKey(key)
		switch err := l.do(ctx, r); {
		case errors.Is(err, errKey):
			again, err := l.compare(ctx, r, key, entries)
			if again {
				continue
			}
			return err
		case err != nil:
			return err
		}
		for i := range entries {
			entries[i].ID = r.first + uint64(i)
		}
		if key != nil && !r.nothing {
			key.Appended = key.Appended.Add(entries...)
			key.Appended.Closed = key.Close
		}
		return nil
	}
}

// Delete implements eventlog.Log. It waits for the transactions that are publishing to the
// session with AppendTx.
func (l *Log) Delete(ctx context.Context, id string, e *eventlog.Entry, grace time.Duration) error {
	r := newDeletion(eventlog.Session{ID: id}, *e, grace)
	if err := check(ctx, r); err != nil {
		return err
	}
	if err := l.remove(ctx, r); err != nil {
		return err
	}
	e.ID = r.first
	return nil
}

// do checks a request, and makes it.
func (l *Log) do(ctx context.Context, r *request) error {
	if err := check(ctx, r); err != nil {
		return err
	}
	return l.committer.do(ctx, r)
}

func check(ctx context.Context, r *request) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if n := len(r.entries); n > maxEntries {
		return fmt.Errorf("%w: %d entries in one step, of at most %d", eventlog.ErrEntryTooLarge, n, maxEntries)
	}
	size := 0
	for i := range r.entries {
		if err := r.entries[i].Check(); err != nil {
			return err
		}
		size += len(r.entries[i].Name) + len(r.entries[i].Data)
	}
	if size > maxAppend {
		return fmt.Errorf("%w: %d bytes in one step, of at most %d", eventlog.ErrEntryTooLarge, size, maxAppend)
	}
	return nil
}

// Lookup implements eventlog.Log.
func (l *Log) Lookup(ctx context.Context, id string) (eventlog.Record, error) {
	if ctx.Err() != nil {
		return eventlog.Record{}, context.Cause(ctx)
	}
	r, err := l.lookup(ctx, sessionStream(id))
	switch {
	case err != nil:
		return eventlog.Record{}, l.public(ctx, err)
	case !r.exists:
		return eventlog.Record{}, fmt.Errorf("%w: %s", eventlog.ErrSessionNotFound, excerpt.Quote(id))
	}
	return eventlog.Record{Session: eventlog.Session{ID: id, Scope: r.scope}, Deleted: r.deleted}, nil
}

// record is what the function lookup returns.
type record struct {
	exists  bool
	scope   string
	deleted uint64
	end     int64 // of the log, at that time
}

// lookup returns the record of a session.
func (s *store) lookup(ctx context.Context, session stream) (r record, err error) {
	err = s.look(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		var scope []byte
		if err := conn.QueryRow(ctx, s.text.lookup, session).Scan(&scope, &r.deleted, &r.end); err != nil {
			return err
		}
		r.exists, r.scope = scope != nil, string(scope)
		return nil
	})
	return r, err
}

// Follow implements eventlog.Log.
func (l *Log) Follow(ctx context.Context, s eventlog.Session, wake func()) (eventlog.Reader, error) {
	if err := l.state.readable(ctx); err != nil {
		return nil, err
	}
	r, err := openReader(ctx, l.store, l.watchers, s, wake)
	if err != nil {
		return nil, l.public(ctx, err)
	}
	return r, nil
}

// Writable implements eventlog.Writable. It does not ask the database: it returns what the last
// append has shown. While appends fail, the log tries each second whether they still do.
func (l *Log) Writable(context.Context) error { return l.state.writable() }

// maxPosition is the highest number that a position of a log can be.
const maxPosition = math.MaxInt64
