package natslog

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// The log looks for idle sessions every eighth of Retention.Idle, within these limits.
const (
	idleShortest = time.Second
	idleLongest  = 10 * time.Minute
)

// idleLoop forgets the sessions that have been idle for Retention.Idle, until the log
// is closed. It rewrites the records of sessions that have readers in this process now
// and then, so that other processes see that they are in use.
func (s *sessions) idleLoop(cs *caches) {
	every := min(max(s.options.Retention.Idle/8, idleShortest), idleLongest)
	for sleep(s.life.ctx, every) {
		err := cmp.Or(s.keepRead(s.life.ctx, cs), s.forgetIdle(s.life.ctx))
		if err != nil && !s.life.over() && !transient(err) {
			s.options.Logger.Error("natslog: forget idle sessions", "error", err)
		}
	}
}

// keepRead keeps the sessions that have readers in this process.
func (s *sessions) keepRead(ctx context.Context, cs *caches) (first error) {
	for _, c := range cs.opened() {
		if !c.ofSession {
			continue
		}
		r, err := s.loadRecord(ctx, c.session)
		if err == nil {
			err = s.keep(ctx, r)
		}
		if errors.Is(err, errMoved) {
			err = nil // another process has written it
		}
		if first = cmp.Or(first, err); transient(err) {
			return first
		}
	}
	return first
}

// keep rewrites a record well before its session would be forgotten. It fails with
// errMoved if another one is there by now.
func (s *sessions) keep(ctx context.Context, r *record) error {
	if idle := s.options.Retention.Idle; idle <= 0 || r.State != stateOpen || time.Since(r.at) <= idle/4 {
		return nil
	}
	return s.putRecord(ctx, r)
}

// keepFollowed keeps a session that has got a reader, and returns its record as it is
// then. A reader is served all the same if nothing can be written.
func (s *sessions) keepFollowed(ctx context.Context, r *record) (*record, error) {
	if s.state.writable() != nil {
		return r, nil
	}
	limited, cancel := context.WithTimeout(ctx, s.options.RequestTimeout)
	defer cancel()
	if err := s.keep(limited, r); errors.Is(err, errMoved) {
		return s.lookup(ctx, string(r.ID))
	}
	return r, nil
}

// forgetIdle forgets the sessions whose record and whose last entry are older than
// Retention.Idle. It goes on past one that cannot be forgotten, and returns the first
// error.
func (s *sessions) forgetIdle(ctx context.Context) (first error) {
	for seq := uint64(1); ; {
		got, err := s.getOne(ctx, s.subjects.records(), get{Seq: seq, NextFor: s.subjects.prefix + ".r.*"})
		if got == nil || err != nil {
			return cmp.Or(first, err)
		}
		if seq = got.Seq + 1; len(got.Data) == 0 || time.Since(got.Time) <= s.options.Retention.Idle {
			continue
		}
		r, err := parseRecord(got)
		if err == nil && r.State == stateOpen {
			err = s.forgetIfIdle(ctx, r)
		}
		if first = cmp.Or(first, err); transient(err) {
			return first
		}
	}
}

// forgetIfIdle deletes a session without an entry that a reader gets, and without a
// grace period, if its record is still that one and no entry has come. The process of a
// reader rewrites the record, and so does an append. One comes first: the other finds
// the session as it is, or one made again.
func (s *sessions) forgetIfIdle(ctx context.Context, r *record) error {
	id := string(r.ID)
	err := s.change(ctx, id, func(ctx context.Context, w *writer) error {
		b, err := s.knownBounds(ctx)
		if err != nil {
			return err
		}
		last, err := s.getOne(ctx, s.subjects.entries(), get{LastFor: w.subject})
		if err != nil || last != nil && time.Since(last.Time) <= s.options.Retention.Idle {
			return err
		}
		if s.options.beforeForgetting != nil {
			s.options.beforeForgetting(id)
		}
		next := *r
		next.State, next.Entry, next.AsOf, next.Idle = stateDeleting, newPending(&eventlog.Entry{}), b.Last, true
		if err = s.putRecord(ctx, &next); err == nil {
			_, err = s.complete(ctx, w, &next, false)
		}
		if errors.Is(err, errMoved) {
			return nil // it is in use
		}
		return err
	})
	if err != nil {
		return err
	}
	if _, err = s.lookup(ctx, id); errors.Is(err, eventlog.ErrSessionNotFound) {
		err = nil
	}
	return err
}
