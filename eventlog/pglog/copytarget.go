package pglog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/mixstream/mixstream/internal/logcopy"
)

// copyTarget is a log to copy to. All of it is one transaction, which holds the lock of the log:
// nothing can be seen of it until it is finished, and nothing is left if it is not.
type copyTarget struct {
	copyEnd
	retention Retention
	start     int64 // the position before the first entry
	last      int64
	bytes     int64
}

// errTargetInUse says that the lock of a log is not to be had.
var errTargetInUse = errors.New("the log to copy to is in use: a server appends to it, or another copy is under way")

// Begin implements logcopy.Target.
func (c *copyTarget) Begin(ctx context.Context, above uint64) (start uint64, err error) {
	if err := c.take(ctx, above); err != nil {
		c.rollback()
		return 0, publicError(ctx, err)
	}
	return uint64(c.start), nil //nolint:gosec // it is not negative
}

// take takes the lock of the log, checks that it is empty, and moves its beginning.
func (c *copyTarget) take(ctx context.Context, above uint64) error {
	if err := c.begin(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadWrite}); err != nil {
		return err
	}
	// Not by the function lock, which waits for as long as it takes.
	_, err := c.tx.Exec(ctx, "set local lock_timeout = '10s'")
	if err == nil {
		_, err = c.tx.Exec(ctx, "select pg_advisory_xact_lock($1)", c.schema.lock())
	}
	if code(err) == codeLockTimeout {
		return errTargetInUse
	}
	if err == nil {
		// The epoch must be that of this server.
		_, err = c.tx.Exec(ctx, c.query("select %s()", "continue"))
	}
	if err != nil {
		return err
	}
	var full bool
	err = c.tx.QueryRow(ctx, c.query(`select exists (select from %s) or exists (select from %s) or exists (select from %s) or exists (select from %s)`,
		"log", "session", "outbox", "scope")).Scan(&full)
	switch {
	case err != nil:
		return err
	case full:
		return fmt.Errorf("the log to copy to is not empty: schema %s has sessions or events", c.schema.name)
	}
	// All ids that a reader may know are at most this position, and so below the floor.
	return c.tx.QueryRow(ctx, c.query(`update %s e set first = greatest(e.first, $1, %s())
		where n = (select max(n) from %s) returning first`, "epoch", "micros", "epoch"), above).Scan(&c.start)
}

// Takes implements logcopy.Target.
func (c *copyTarget) Takes(s logcopy.Stream) bool { return copyStream(s).Valid }

// TakesKey implements logcopy.Target.
func (c *copyTarget) TakesKey(*logcopy.Key) bool { return true }

// Limit implements logcopy.Target.
func (c *copyTarget) Limit() int64 {
	if n := c.retention.Entries; n > 0 {
		return n + c.retention.slack()
	}
	return 0
}

// Append implements logcopy.Target.
func (c *copyTarget) Append(ctx context.Context, entries []logcopy.Entry) error {
	if c.last == 0 {
		c.last = c.start
	}
	rows := make([][]any, len(entries))
	for i := range entries {
		e := &entries[i]
		size := len(e.Name) + len(e.Data)
		if err := e.Check(); err != nil {
			return fmt.Errorf("an entry of %s: %w", e.Stream, err)
		}
		c.bytes += int64(size) + entrySize
		c.last++
		e.ID = uint64(c.last) //nolint:gosec // it is not negative
		rows[i] = []any{c.last, copyStream(e.Stream), []byte(e.Name), e.Data}
	}
	if limit := c.retention.Bytes; limit > 0 && c.bytes > limit {
		return fmt.Errorf("the entries have more than the %d bytes that the new log retains: raise its limit of bytes", limit)
	}
	_, err := c.tx.CopyFrom(ctx, pgx.Identifier{c.schema.name, "log"}, []string{"id", "stream", "name", "data"}, pgx.CopyFromRows(rows))
	return publicError(ctx, err)
}

// Finish implements logcopy.Target.
func (c *copyTarget) Finish(ctx context.Context, sessions []logcopy.Session, keys []logcopy.Key) error {
	return publicError(ctx, c.finish(ctx, sessions, keys))
}

func (c *copyTarget) finish(ctx context.Context, sessions []logcopy.Session, keys []logcopy.Key) error {
	_, err := c.tx.CopyFrom(ctx, pgx.Identifier{c.schema.name, "session"},
		[]string{"hash", "id", "scope", "scope_hash", "born", "floor", "deleted", "forget_at"},
		pgx.CopyFromSlice(len(sessions), func(i int) ([]any, error) {
			s := &sessions[i]
			hash := sessionStream(s.ID)
			var deleted *uint64
			var until *time.Time
			if s.Deleted != 0 {
				deleted, until = &s.Deleted, &s.Until
			}
			return []any{hash, []byte(s.ID), []byte(s.Scope), scopeStream(hash, s.Scope), c.start, s.Floor, deleted, until}, nil
		}))
	if err != nil {
		return err
	}
	now := time.Now().UnixMicro()
	_, err = c.tx.CopyFrom(ctx, pgx.Identifier{c.schema.name, "key"},
		[]string{"session", "key", "born", "count", "first", "last", "piece", "digest", "closed", "used"},
		pgx.CopyFromSlice(len(keys), func(i int) ([]any, error) {
			k := &keys[i]
			return []any{sessionStream(k.Session), keyHash(k), c.start, k.Count, k.First, k.Last, k.Piece, k.Digest[:], k.Closed, now}, nil
		}))
	if err != nil {
		return err
	}
	if _, err := c.tx.Exec(ctx, c.query("update %s set floor = $1", "trimmed"), c.start); err != nil {
		return err
	}
	if _, err := c.tx.Exec(ctx, "select pg_notify($1, '')", c.schema.name); err != nil {
		return err
	}
	err = c.tx.Commit(ctx)
	if err != nil && !refused(err) {
		return fmt.Errorf("the copy may be finished or not, and it is if the next one finds a log that is not empty: %w", err)
	}
	return err
}

// keyHash returns what the log knows a key by.
func keyHash(k *logcopy.Key) pgtype.UUID {
	if k.Name == "" {
		return pgtype.UUID{Bytes: [16]byte(k.Sum), Valid: true}
	}
	return hash(k.Name)
}

// Abort implements logcopy.Target.
func (c *copyTarget) Abort() { c.rollback() }
