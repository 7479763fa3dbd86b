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

// touch writes the records anew of the sessions that have readers here.
func (l *Log) touch(ctx context.Context) (first error) {
	for _, f := range l.openFeeds() {
		if !f.ofSession {
			continue
		}
		s, err := l.ask(ctx, l.subjects.records(), get{LastFor: l.subjects.record(f.session)})
		if err == nil && s != nil && len(s.Data) > 0 && time.Since(s.Time) > l.options.Retention.Idle/4 {
			var r *record
			if r, err = parseRecord(s); err == nil && r.State == open {
				err = l.put(ctx, r)
			}
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

// forgetIdle forgets the sessions whose record, which touch keeps young, and whose last entry
// are older than Retention.Idle. It goes on at one that cannot be forgotten, and returns the
// first error.
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
			err = l.forgetIfIdle(ctx, string(r.ID))
		}
		if first = cmp.Or(first, err); transient(err) {
			return first
		}
	}
}

// forgetIfIdle deletes a session without an entry that anybody would read, and without a grace
// period: so another process that appends to it comes before, or to a session made again.
func (l *Log) forgetIfIdle(ctx context.Context, id string) error {
	l.mu.Lock()
	followed := l.feeds[l.subjects.session(id)] != nil
	l.mu.Unlock()
	last, err := l.ask(ctx, l.subjects.entries(), get{LastFor: l.subjects.session(id)})
	if err != nil || followed || last != nil && time.Since(last.Time) <= l.options.Retention.Idle {
		return err
	}
	if err := l.Delete(ctx, id, &eventlog.Entry{}, 0); err != nil {
		return err
	}
	if _, err = l.lookup(ctx, id); errors.Is(err, eventlog.ErrSessionNotFound) {
		err = nil
	}
	return err
}
