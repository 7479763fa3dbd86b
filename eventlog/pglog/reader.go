package pglog

import (
	"bytes"
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/mixstream/mixstream/eventlog"
)

// reader reads the entries of a session and of its scope: what is new from the memory of the
// process, and all else from the database.
type reader struct {
	*store
	watchers *watchers
	own      *watch
	scope    *watch // nil: the session is its own scope
	wake     func()
	closed   bool

	// at is the position up to which it has read, and history what that was read from.
	at      uint64
	history history
	// behind is the beginning of the epoch behind which the reader must go on: the position of
	// its last Read was one that only a lost history had.
	behind uint64
	// size is about how many bytes an entry has, by what was read last.
	size int
}

// openReader implements Log.Follow.
func openReader(ctx context.Context, s *store, w *watchers, session eventlog.Session, wake func()) (*reader, error) {
	own := sessionStream(session.ID)
	r := &reader{store: s, watchers: w, wake: wake, size: 256}
	r.own = w.add(own, r)
	record, err := s.lookup(ctx, own)
	if err != nil {
		w.remove(r.own, r)
		return nil, err
	}
	if record.exists {
		session.Scope = record.scope
		if s.options.Retention.Idle > 0 && s.state.writable() == nil {
			_ = s.keep([]stream{own}) // it is served all the same, and the next one is soon
		}
	}
	if session.Scope != "" {
		// What came to the scope before it was watched is for the first read to find.
		r.scope = w.add(scopeStream(own, session.Scope), r)
	}
	w.begin(position(&record.end))
	return r, nil
}

// Close implements eventlog.Reader.
func (r *reader) Close() {
	if r.closed {
		return
	}
	r.closed = true
	r.watchers.remove(r.own, r)
	if r.scope != nil {
		r.watchers.remove(r.scope, r)
	}
}

// Bounds implements eventlog.Reader.
func (r *reader) Bounds(ctx context.Context) (floor, end uint64, err error) {
	if err := r.state.readable(ctx); err != nil {
		return 0, 0, err
	}
	p, err := r.page(ctx, 0, 0, 0)
	if err != nil {
		return 0, 0, r.public(ctx, err)
	}
	floor = max(p.floor, r.behind)
	end = max(p.end, floor)
	r.at, r.history = end, p.history
	return floor, end, nil
}

// Read implements eventlog.Reader.
func (r *reader) Read(ctx context.Context, after uint64, limit int) (eventlog.Batch, error) {
	if err := r.state.readable(ctx); err != nil {
		return eventlog.Batch{}, err
	}
	if after > maxPosition {
		return eventlog.Batch{}, eventlog.ErrGap
	}
	limit = max(limit, 0)
	if b, ok := r.watchers.read(r, after, limit); ok {
		r.at = b.Position
		return b, nil
	}
	rows := min(max(limit/r.size+1, 2), maxPage)
	p, err := r.page(ctx, after, rows, limit)
	if err != nil {
		return eventlog.Batch{}, r.public(ctx, err)
	}
	r.behind = p.lost
	if p.lost > 0 || after < p.floor || after > p.end {
		return eventlog.Batch{}, eventlog.ErrGap
	}
	b := eventlog.Batch{Entries: p.entries, Position: p.end}
	if n := len(p.entries); n > 0 {
		r.size = max(p.bytes/n, 16)
		if !p.all {
			b.Position = p.entries[n-1].ID
		}
	}
	r.at, r.history = b.Position, p.history
	return b, nil
}

// maxPage is how many entries one query returns at most.
const maxPage = 4096

// page is what one query of the function read returns.
type page struct {
	floor, end uint64
	lost       uint64 // the beginning of the epoch, if the position is lost; otherwise 0
	entries    []eventlog.Entry
	bytes      int
	all        bool // there is nothing more up to the end
	history    history
}

// page reads the bounds, and at most so many entries and bytes after a position, but at least
// one entry. It reads none if rows is 0.
func (r *reader) page(ctx context.Context, after uint64, rows, limit int) (p page, err error) {
	err = r.look(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		// Before the query: what was read is of this connection of the tail or an earlier one.
		p = page{history: history{connection: r.watchers.connection()}}
		var scope stream
		if r.scope != nil {
			scope = r.scope.stream
		}
		result, err := conn.Query(ctx, r.text.read, r.own.stream, scope, after, rows, limit)
		if err != nil {
			return err
		}
		defer result.Close()
		var floor, end, lost, id *int64
		var epoch *int32
		var name, data pgtype.DriverBytes
		var last string
		cut := false
		for result.Next() {
			if err := result.Scan(&floor, &end, &lost, &epoch, &id, &name, &data); err != nil {
				return err
			}
			switch {
			case floor != nil:
				p.floor, p.end, p.lost, p.history.epoch = position(floor), position(end), position(lost), *epoch
			case name == nil:
				cut = true
			default:
				p.entries = append(p.entries, entryOf(id, name, data, &last))
				p.bytes += len(name) + len(data)
			}
		}
		p.all = !cut && len(p.entries) < rows
		return result.Err()
	})
	return p, err
}

// entryOf returns an entry of a row, and keeps nothing of the row. Most names are that of the entry
// before, which is the last one.
func entryOf(id *int64, name, data []byte, last *string) eventlog.Entry {
	if *last != string(name) {
		*last = string(name)
	}
	return eventlog.Entry{ID: position(id), Name: *last, Data: bytes.Clone(data)}
}

// position returns a position of the database; 0 for null.
func position(n *int64) uint64 {
	if n == nil {
		return 0
	}
	return uint64(*n) //nolint:gosec // it is not negative
}
