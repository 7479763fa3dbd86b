package natslog

import (
	"context"
	"errors"
	"fmt"

	"github.com/mixstream/mixstream/eventlog"
)

// reader is a view of the feeds of a session and of its scope.
type reader struct {
	log    *Log
	own    *feed
	scope  *feed // nil: the session is its own scope
	wakeUp func()
	closed bool

	ahead, aheadOfScope ahead
}

func (r *reader) wake() { r.wakeUp() }

// Follow implements eventlog.Log.
func (l *Log) Follow(ctx context.Context, s eventlog.Session, wake func()) (eventlog.Reader, error) {
	if err := l.usable(ctx); err != nil {
		return nil, err
	}
	own, err := l.follow(ctx, &feed{subject: l.subjects.session(s.ID), session: s.ID, ofSession: true})
	if err != nil {
		return nil, failed(ctx, err)
	}
	r := &reader{log: l, own: own, wakeUp: wake}
	// The record after the feed, so that it is of the session that the feed goes on
	// with, or of a later one.
	record, err := l.lookup(ctx, s.ID)
	if err == nil {
		record, err = l.keepFollowed(ctx, record)
	}
	if err != nil {
		l.unfollow(r.own)
		return nil, err
	}
	r.own.raise(record.Floor)
	if record.exists() {
		s = record.session()
	}
	if s.Scope != "" {
		if r.scope, err = l.follow(ctx, &feed{subject: l.subjects.scope(s)}); err != nil {
			l.unfollow(r.own)
			return nil, failed(ctx, err)
		}
		r.scope.add(r)
	}
	r.own.add(r)
	return r, nil
}

// Close implements eventlog.Reader.
func (r *reader) Close() {
	if r.closed {
		return
	}
	r.closed = true
	for _, f := range r.feeds() {
		f.remove(r)
		r.log.unfollow(f)
	}
}

func (r *reader) feeds() []*feed {
	if r.scope != nil {
		return []*feed{r.own, r.scope}
	}
	return []*feed{r.own}
}

// Bounds implements eventlog.Reader.
func (r *reader) Bounds(ctx context.Context) (floor, end uint64, err error) {
	if err := r.log.usable(ctx); err != nil {
		return 0, 0, err
	}
	for _, f := range r.feeds() {
		of, err := r.log.floorOf(ctx, f)
		if err != nil {
			return 0, 0, failed(ctx, err)
		}
		floor = max(floor, of)
	}
	b, err := r.log.bounds.ask(ctx, r.log)
	if err != nil {
		return 0, 0, failed(ctx, err)
	}
	return floor, max(b.Last, floor), nil
}

// floorOf returns the position from which on everything under a subject can be read.
func (l *Log) floorOf(ctx context.Context, f *feed) (uint64, error) {
	for {
		before := f.end()
		m, found, err := l.askEntry(ctx, get{Seq: 1, NextFor: f.subject})
		if err != nil {
			return 0, err
		}
		if found {
			return f.raise(m.prev), nil // what is told here must hold for what is held
		}
		b, err := l.bounds.ask(ctx, l)
		if err != nil {
			return 0, err
		}
		if err := l.vacate(ctx, f, b.First); err != nil {
			return 0, err
		}
		// What has come since the subject was empty is not before its floor.
		if f.end() == before {
			return before, nil
		}
	}
}

// use notes that the log is used, and not only looked at.
func (l *Log) use() {
	if !l.used.Load() {
		l.used.Store(true)
		l.checkSoon()
	}
}

// usable tells whether the log can be reached, as far as is known.
func (l *Log) usable(ctx context.Context) error {
	l.use()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case l.ctx.Err() != nil:
		return fmt.Errorf("natslog: %w: the log is closed", eventlog.ErrUnavailable)
	case l.lost.Load():
		return fmt.Errorf("natslog: %w: the connection is lost", eventlog.ErrUnavailable)
	case l.strange.Load() != nil:
		return fmt.Errorf("natslog: %w: %w", eventlog.ErrUnavailable, *l.strange.Load())
	case l.stale.Load():
		return fmt.Errorf("natslog: %w: the stream does not answer", eventlog.ErrUnavailable)
	}
	return nil
}

// Read implements eventlog.Reader.
func (r *reader) Read(ctx context.Context, after uint64, limit int) (eventlog.Batch, error) {
	if err := ctx.Err(); err != nil {
		return eventlog.Batch{}, err
	}
	b, err := r.read(ctx, after, limit)
	switch {
	case err == nil && len(b.Entries) == 0:
		// What this process does not know of may be there all the same.
		return b, r.log.usable(ctx)
	case errors.Is(err, eventlog.ErrGap), err == nil:
		return b, err
	}
	return eventlog.Batch{}, failed(ctx, err)
}

func (r *reader) read(ctx context.Context, after uint64, limit int) (eventlog.Batch, error) {
	for {
		own, err := r.part(ctx, r.own, &r.ahead, after)
		if err != nil {
			return eventlog.Batch{}, err
		}
		scope := view{through: own.through}
		if r.scope != nil {
			if scope, err = r.part(ctx, r.scope, &r.aheadOfScope, after); err != nil {
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
		entries, all := merge(own.entries, scope.entries, through, limit)
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
		// Before an entry of the one there may be one of the other that was not
		// delivered.
		lagging, of := r.own, scope.entries
		if len(own.entries) > 0 && (len(of) == 0 || scope.through < own.through) {
			lagging, of = r.scope, own.entries
		}
		if err := r.log.verify(ctx, lagging, of[len(of)-1].ID); err != nil {
			return eventlog.Batch{}, err
		}
	}
}

// reach makes sure that the feeds know of everything up to a position, if it is one
// of this log.
func (r *reader) reach(ctx context.Context, position uint64) error {
	b, err := r.log.bounds.ask(ctx, r.log)
	switch {
	case err != nil:
		return err
	case position > b.Last:
		return eventlog.ErrGap
	}
	for _, f := range r.feeds() {
		if err := r.log.verify(ctx, f, b.Last); err != nil {
			return err
		}
	}
	return nil
}

// merge returns the entries of both up to a position, in the order of their ids, as
// many as fit into limit bytes but at least one, and whether these are all.
func merge(a, b []eventlog.Entry, through uint64, limit int) (entries []eventlog.Entry, all bool) {
	a, b = upTo(a, through), upTo(b, through)
	room := int64(limit)
	if len(b) == 0 { // without a copy
		for i := range a {
			if room -= payload(a[i]); room < 0 && i > 0 {
				return a[:i:i], false
			}
		}
		return a, true
	}
	for len(a) > 0 || len(b) > 0 {
		from := &a
		if len(a) == 0 || len(b) > 0 && b[0].ID < a[0].ID {
			from = &b
		}
		e := (*from)[0]
		if room -= payload(e); room < 0 && len(entries) > 0 {
			return entries, false
		}
		entries = append(entries, e)
		*from = (*from)[1:]
	}
	return entries, true
}

func payload(e eventlog.Entry) int64 { return int64(len(e.Name) + len(e.Data)) }

// upTo returns the entries up to a position.
func upTo(entries []eventlog.Entry, position uint64) []eventlog.Entry {
	n := len(entries)
	for n > 0 && entries[n-1].ID > position {
		n--
	}
	return entries[:n:n]
}
