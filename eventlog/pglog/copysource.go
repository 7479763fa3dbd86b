package pglog

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/logcopy"
)

// copySource is a log to copy from. All of it comes from one snapshot. What the outbox has is
// copied behind the entries, as if it had been moved there.
type copySource struct {
	copyEnd

	names  map[stream]logcopy.Stream
	floors map[stream]int64 // what a stream has up to here is trimmed, or of an earlier session
	end    int64            // what the outbox has gets ids after it
	mark   copyMark
}

// copyMark changes when a log gets entries.
type copyMark struct{ last, outbox int64 }

// A batch of entries has so many, or so many bytes.
const (
	copyEntries = 4096
	copyBytes   = 1 << 20
)

// Close implements logcopy.Source.
func (c *copySource) Close() { c.rollback() }

// Sessions implements logcopy.Source.
func (c *copySource) Sessions(ctx context.Context) (all []logcopy.Session, err error) {
	all, err = c.sessions(ctx)
	return all, publicError(ctx, err)
}

func (c *copySource) sessions(ctx context.Context) (all []logcopy.Session, err error) {
	if err := c.begin(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}); err != nil {
		return nil, err
	}
	if c.mark, err = c.newMark(ctx, c.tx); err != nil {
		return nil, err
	}
	if err := c.tx.QueryRow(ctx, c.query("select greatest($1, max(first)) from %s", "epoch"), c.mark.last).Scan(&c.end); err != nil {
		return nil, err
	}
	c.names, c.floors = make(map[stream]logcopy.Stream), make(map[stream]int64)
	known := make(map[stream]int) // where in all it is
	add := func(hash, scopeHash stream, s eventlog.Session) {
		c.names[hash] = logcopy.Stream{Name: s.ID}
		if s.Scope != "" {
			c.names[scopeHash] = logcopy.Stream{Name: s.Scope, Scope: true}
		}
	}
	rows, err := c.tx.Query(ctx, c.query(`select hash, id, scope, scope_hash, floor, coalesce(deleted, 0), coalesce(forget_at, 'epoch'),
		born is not null and coalesce(forget_at > now(), true) from %s`, "session"))
	if err != nil {
		return nil, err
	}
	var hash, scopeHash stream
	var id, scope []byte
	var floor, deleted int64
	var until time.Time
	var exists bool
	_, err = pgx.ForEachRow(rows, []any{&hash, &id, &scope, &scopeHash, &floor, &deleted, &until, &exists}, func() error {
		s := logcopy.Session{Session: eventlog.Session{ID: string(id), Scope: string(scope)}}
		add(hash, scopeHash, s.Session)
		if !exists {
			c.floors[hash] = max(floor, deleted)
			return nil
		}
		c.floors[hash], known[hash] = floor, len(all)
		s.Floor = uint64(floor) //nolint:gosec // it is not negative
		if deleted > 0 {
			s.Deleted, s.Until = uint64(deleted), until
		}
		all = append(all, s)
		return nil
	})
	if err != nil {
		return nil, err
	}
	// The sessions that the outbox will make or end.
	if rows, err = c.tx.Query(ctx, c.outbox(`select distinct on (session) session, id, scope, scope_hash,
		coalesce(max(at) filter (where grace is not null) over same, 0), now() + coalesce(max(grace) over same, 0) * interval '1 microsecond'
		from pending window same as (partition by session) order by session, at`), c.end); err != nil {
		return nil, err
	}
	_, err = pgx.ForEachRow(rows, []any{&hash, &id, &scope, &scopeHash, &deleted, &until}, func() error {
		i, is := known[hash]
		if !is {
			s := eventlog.Session{ID: string(id), Scope: string(scope)}
			add(hash, scopeHash, s)
			i, all = len(all), append(all, logcopy.Session{Session: s, Floor: uint64(c.floors[hash])}) //nolint:gosec // it is not negative
		}
		if deleted > 0 {
			all[i].Deleted, all[i].Until = uint64(deleted), until
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, c.scopes(ctx)
}

// outbox returns the text of a statement that reads what the outbox will put into the log after the
// position $1: as the function drain does, without what comes to sessions that are deleted.
func (c *copySource) outbox(sql string) string {
	return c.query(`with pending as (
		select o.session, o.id, o.scope, coalesce(s.scope_hash, o.scope_hash) as scope_hash, o.name, o.data, o.grace, $1 + row_number() over (order by o.n) as at
		from %s o left join %s s on s.hash = o.session and s.born is not null and coalesce(s.forget_at > now(), true)
		where s.deleted is null
	) `, "outbox", "session") + sql
}

// scopes reads the floors of the scopes.
func (c *copySource) scopes(ctx context.Context) error {
	rows, err := c.tx.Query(ctx, c.query("select hash, floor from %s", "scope"))
	if err != nil {
		return err
	}
	var hash stream
	var floor int64
	_, err = pgx.ForEachRow(rows, []any{&hash, &floor}, func() error {
		c.floors[hash] = max(c.floors[hash], floor)
		return nil
	})
	return err
}

// Above implements logcopy.Source. Ids may be a minute ahead of the clock: see "continue".
func (c *copySource) Above(ctx context.Context) (uint64, error) {
	var ahead int64
	if err := c.tx.QueryRow(ctx, c.query("select greatest($1, %s() + 60000000)", "micros"), c.end).Scan(&ahead); err != nil {
		return 0, publicError(ctx, err)
	}
	return uint64(ahead), nil //nolint:gosec // it is not negative
}

// Entries implements logcopy.Source.
func (c *copySource) Entries(ctx context.Context, f func([]logcopy.Entry) error) error {
	b := copyBatch{full: f}
	err := c.read(ctx, &b, c.query(`select id, stream, name, data from %s where id > (select floor from %s) order by id`, "log", "trimmed"))
	if err == nil {
		err = c.read(ctx, &b, c.outbox("select at, case when grace is null then session else scope_hash end, name, data from pending order by at"), c.end)
	}
	if err == nil {
		err = b.flush()
	}
	if mine, is := errors.AsType[batchError](err); is {
		return mine.error
	}
	return publicError(ctx, err)
}

// read adds the entries of a query that are neither trimmed nor of an earlier session of that id.
func (c *copySource) read(ctx context.Context, b *copyBatch, sql string, args ...any) error {
	// The order is that of the primary key; a sort would copy all of it first.
	if _, err := c.tx.Exec(ctx, "set local enable_seqscan = off"); err != nil {
		return err
	}
	rows, err := c.tx.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	var id int64
	var s stream
	var name, data pgtype.DriverBytes
	var last string
	_, err = pgx.ForEachRow(rows, []any{&id, &s, &name, &data}, func() error {
		if id <= c.floors[s] {
			return nil
		}
		of, known := c.names[s]
		if !known {
			of = logcopy.Stream{Hash: hashKind + string(s.Bytes[:])}
		}
		return b.add(logcopy.Entry{Entry: entryOf(&id, name, data, &last), Stream: of})
	})
	return err
}

// copyBatch collects entries.
type copyBatch struct {
	entries []logcopy.Entry
	bytes   int
	full    func([]logcopy.Entry) error
}

// batchError is an error of whoever takes the entries.
type batchError struct{ error }

func (b *copyBatch) add(e logcopy.Entry) error {
	b.entries = append(b.entries, e)
	b.bytes += len(e.Name) + len(e.Data)
	if len(b.entries) < copyEntries && b.bytes < copyBytes {
		return nil
	}
	return b.flush()
}

func (b *copyBatch) flush() error {
	if len(b.entries) == 0 {
		return nil
	}
	if err := b.full(b.entries); err != nil {
		return batchError{err}
	}
	b.entries, b.bytes = b.entries[:0], 0
	return nil
}

// Keys implements logcopy.Source. The log knows no names of keys.
func (c *copySource) Keys(ctx context.Context) (keys []logcopy.Key, err error) {
	rows, err := c.tx.Query(ctx, c.query(`select s.id, k.key, k.count, k.first, k.last, k.piece, k.digest, k.closed, k.used from %s k
		join %s s on s.hash = k.session and s.born = k.born and coalesce(s.forget_at > now(), true)
		where k.used >= $1`, "key", "session"), time.Now().Add(-eventlog.KeyLife).UnixMicro())
	if err != nil {
		return nil, publicError(ctx, err)
	}
	var session, digest []byte
	var key pgtype.UUID
	var used int64
	var a eventlog.Appended
	_, err = pgx.ForEachRow(rows, []any{&session, &key, &a.Count, &a.First, &a.Last, &a.Piece, &digest, &a.Closed, &used}, func() error {
		copy(a.Digest[:], digest)
		keys = append(keys, logcopy.Key{Session: string(session), Sum: bytes.Clone(key.Bytes[:]), Appended: a, Until: time.UnixMicro(used).Add(eventlog.KeyLife)})
		return nil
	})
	if err != nil {
		return nil, publicError(ctx, err)
	}
	return keys, nil
}

// newMark returns what shows later whether the log has got entries.
func (c *copySource) newMark(ctx context.Context, q querier) (m copyMark, err error) {
	err = q.QueryRow(ctx, c.query(`select coalesce((select max(id) from %s), 0), coalesce((select max(n) from %s), 0)`, "log", "outbox")).Scan(&m.last, &m.outbox)
	return m, err
}

// Moved implements logcopy.Source.
func (c *copySource) Moved(ctx context.Context) (bool, error) {
	now, err := c.newMark(ctx, c.pool)
	return now != c.mark, publicError(ctx, err)
}
