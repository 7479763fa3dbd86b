package natslog

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// idleEvery is how often the idle sessions are looked for, at most and at least.
const (
	idleSoonest = time.Second
	idleLatest  = 10 * time.Minute
)

// idle forgets the sessions that have been idle for Retention.Idle, for as long as the log is
// open. A process that has readers of a session writes its record anew now and then, so the
// others see that it is in use.
func (l *Log) idle() {
	every := min(max(l.options.Retention.Idle/8, idleSoonest), idleLatest)
	for sleep(l.ctx, every) {
		err := cmp.Or(l.touch(l.ctx), l.forgetIdle(l.ctx))
		if err != nil && l.ctx.Err() == nil && !transient(err) {
			l.options.Logger.Error("natslog: forget idle sessions", "error", err)
		}
	}
}

// touch keeps the sessions that have readers here.
func (l *Log) touch(ctx context.Context) (first error) {
	for _, f := range l.openFeeds() {
		if !f.ofSession {
			continue
		}
		r, err := l.load(ctx, f.session)
		if err == nil {
			err = l.keep(ctx, r)
		}
		if errors.Is(err, errMoved) {
			err = nil // somebody else has written it
		}
		if first = cmp.Or(first, err); transient(err) {
			return first
		}
	}
	return first
}

// keep writes a record anew, well before its session is forgotten. With errMoved it is another
// one by now.
func (l *Log) keep(ctx context.Context, r *record) error {
	if idle := l.options.Retention.Idle; idle <= 0 || r.State != open || time.Since(r.at) <= idle/4 {
		return nil
	}
	return l.put(ctx, r)
}

// keepFollowed keeps a session that has got a reader, and returns its record as it is then. A
// reader is served all the same if nothing can be written.
func (l *Log) keepFollowed(ctx context.Context, r *record) (*record, error) {
	if l.Writable(ctx) != nil {
		return r, nil
	}
	limited, cancel := context.WithTimeout(ctx, l.options.RequestTimeout)
	defer cancel()
	if err := l.keep(limited, r); errors.Is(err, errMoved) {
		return l.lookup(ctx, string(r.ID))
	}
	return r, nil
}

// forgetIdle forgets the sessions whose record and whose last entry are older than
// Retention.Idle. It goes on at one that cannot be forgotten, and returns the first error.
func (l *Log) forgetIdle(ctx context.Context) (first error) {
	for seq := uint64(1); ; {
		s, err := l.ask(ctx, l.subjects.records(), get{Seq: seq, NextFor: l.subjects.prefix + ".r.*"})
		if s == nil || err != nil {
			return cmp.Or(first, err)
		}
		if seq = s.Seq + 1; len(s.Data) == 0 || time.Since(s.Time) <= l.options.Retention.Idle {
			continue
		}
		r, err := parseRecord(s)
		if err == nil && r.State == open {
			err = l.forgetIfIdle(ctx, r)
		}
		if first = cmp.Or(first, err); transient(err) {
			return first
		}
	}
}

// forgetIfIdle deletes a session without an entry that anybody would read, and without a grace
// period, if its record is still that one and no entry has come. So of a reader, whose process
// keeps the record, and of an append one comes first: the other finds the session as it is, or
// one made again.
func (l *Log) forgetIfIdle(ctx context.Context, r *record) error {
	id := string(r.ID)
	err := l.change(ctx, id, func(ctx context.Context, w *writer) error {
		b, err := l.bounds.ask(ctx, l)
		if err != nil {
			return err
		}
		last, err := l.ask(ctx, l.subjects.entries(), get{LastFor: w.subject})
		if err != nil || last != nil && time.Since(last.Time) <= l.options.Retention.Idle {
			return err
		}
		if l.options.beforeForgetting != nil {
			l.options.beforeForgetting(id)
		}
		next := *r
		next.State, next.Entry, next.AsOf, next.Idle = deleting, pend(&eventlog.Entry{}), b.Last, true
		if err = l.put(ctx, &next); err == nil {
			_, err = l.appendPending(ctx, w, &next, false)
		}
		if errors.Is(err, errMoved) {
			return nil // it is in use
		}
		return err
	})
	if err != nil {
		return err
	}
	if _, err = l.lookup(ctx, id); errors.Is(err, eventlog.ErrSessionNotFound) {
		err = nil
	}
	return err
}

// errInUse says that a session which was to be forgotten is not idle any more.
var errInUse = errors.New("the session is in use again")

// stillIdle returns errInUse if something has come under a session's subject since it was found
// idle, other than what is written to forget it.
func (l *Log) stillIdle(ctx context.Context, r *record) error {
	m, found, err := l.askEntry(ctx, get{LastFor: l.subjects.session(string(r.ID))})
	if err != nil || !found || m.ID <= r.AsOf || m.msgID == fenceID(r) || m.msgID == pendingID(r) {
		return err
	}
	return errInUse
}
