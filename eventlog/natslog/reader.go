package natslog

import (
	"context"
	"errors"

	"github.com/mixstream/mixstream/eventlog"
)

// reader reads the caches of a session and of its scope, and the stream where they do
// not reach.
type reader struct {
	caches  *caches
	own     *cache
	scope   *cache // nil: the session is its own scope
	watcher watcher
	closed  bool

	ahead, aheadOfScope readAhead
}

// openReader implements Log.Follow.
func openReader(ctx context.Context, ss *sessions, cs *caches, session eventlog.Session, wake func()) (*reader, error) {
	if err := cs.usable(ctx); err != nil {
		return nil, err
	}
	own, err := cs.follow(ctx, &cache{subject: cs.subjects.session(session.ID), session: session.ID, ofSession: true})
	if err != nil {
		return nil, publicError(ctx, err)
	}
	r := &reader{caches: cs, own: own, watcher: watcher{wake}}
	// The record after the cache, so that it is of the session with which the cache goes
	// on, or of a later one.
	record, err := ss.lookup(ctx, session.ID)
	if err == nil {
		record, err = ss.keepFollowed(ctx, record)
	}
	if err != nil {
		cs.unfollow(r.own)
		return nil, err
	}
	r.own.raiseFloor(record.Floor)
	if record.exists() {
		session = record.session()
	}
	if session.Scope != "" {
		if r.scope, err = cs.follow(ctx, &cache{subject: cs.subjects.scope(session)}); err != nil {
			cs.unfollow(r.own)
			return nil, publicError(ctx, err)
		}
		r.scope.watch(&r.watcher)
	}
	r.own.watch(&r.watcher)
	return r, nil
}

// Close implements eventlog.Reader.
func (r *reader) Close() {
	if r.closed {
		return
	}
	r.closed = true
	for _, c := range r.both() {
		c.unwatch(&r.watcher)
		r.caches.unfollow(c)
	}
}

// both returns the caches of the session and of its scope, if it has one.
func (r *reader) both() []*cache {
	if r.scope != nil {
		return []*cache{r.own, r.scope}
	}
	return []*cache{r.own}
}

// Bounds implements eventlog.Reader.
func (r *reader) Bounds(ctx context.Context) (floor, end uint64, err error) {
	if err := r.caches.usable(ctx); err != nil {
		return 0, 0, err
	}
	for _, c := range r.both() {
		of, err := r.caches.findFloor(ctx, c)
		if err != nil {
			return 0, 0, publicError(ctx, err)
		}
		floor = max(floor, of)
	}
	b, err := r.caches.knownBounds(ctx)
	if err != nil {
		return 0, 0, publicError(ctx, err)
	}
	return floor, max(b.Last, floor), nil
}

// Read implements eventlog.Reader.
func (r *reader) Read(ctx context.Context, after uint64, limit int) (eventlog.Batch, error) {
	if err := ctx.Err(); err != nil {
		return eventlog.Batch{}, err
	}
	b, err := r.read(ctx, after, limit)
	switch {
	case err == nil && len(b.Entries) == 0:
		// There may be entries that this process does not know of.
		return b, r.caches.usable(ctx)
	case errors.Is(err, eventlog.ErrGap), err == nil:
		return b, err
	}
	return eventlog.Batch{}, publicError(ctx, err)
}

func (r *reader) read(ctx context.Context, after uint64, limit int) (eventlog.Batch, error) {
	for {
		own, err := r.caches.entriesOf(ctx, r.own, &r.ahead, after)
		if err != nil {
			return eventlog.Batch{}, err
		}
		scope := view{through: own.through}
		if r.scope != nil {
			if scope, err = r.caches.entriesOf(ctx, r.scope, &r.aheadOfScope, after); err != nil {
				return eventlog.Batch{}, err
			}
		}
		through := min(own.through, scope.through)
		if through < after {
			if err := r.reach(ctx, after); err != nil {
				return eventlog.Batch{}, err
			}
			continue
		}
		entries, all := mergeUpTo(through, limit, own.entries, scope.entries)
		if len(entries) == 0 && through > after && (own.behind || scope.behind) {
			after = through // what was read from the stream were no entries
			continue
		}
		if len(entries) > 0 || len(own.entries)+len(scope.entries) == 0 {
			if all {
				return eventlog.Batch{Entries: entries, Position: through}, nil
			}
			return eventlog.Batch{Entries: entries, Position: entries[len(entries)-1].ID}, nil
		}
		// One subject has entries beyond what is known of the other, which may have one
		// before them that was not delivered.
		lagging, beyond := r.own, scope.entries
		if len(own.entries) > 0 && (len(beyond) == 0 || scope.through < own.through) {
			lagging, beyond = r.scope, own.entries
		}
		if err := r.caches.catchUp(ctx, lagging, beyond[len(beyond)-1].ID); err != nil {
			return eventlog.Batch{}, err
		}
	}
}

// reach makes sure that the caches know everything up to a position, and fails with
// ErrGap if it is beyond the end of the log.
func (r *reader) reach(ctx context.Context, position uint64) error {
	b, err := r.caches.knownBounds(ctx)
	switch {
	case err != nil:
		return err
	case position > b.Last:
		return eventlog.ErrGap
	}
	for _, c := range r.both() {
		if err := r.caches.catchUp(ctx, c, b.Last); err != nil {
			return err
		}
	}
	return nil
}
