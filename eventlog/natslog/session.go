package natslog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nuid"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// Create implements eventlog.Log.
func (l *Log) Create(ctx context.Context, s eventlog.Session, e *eventlog.Entry) error {
	if err := cmp.Or(ctx.Err(), e.Check()); err != nil {
		return err
	}
	return l.change(ctx, s.ID, func(ctx context.Context, w *writer) error {
		for {
			r, err := l.settled(ctx, w, s.ID)
			switch {
			case err != nil:
				return err
			case r.State == deleted:
				return fmt.Errorf("%w: %s", eventlog.ErrSessionDeleted, excerpt.Quote(s.ID))
			case r.exists():
				return fmt.Errorf("%w: %s", eventlog.ErrSessionExists, excerpt.Quote(s.ID))
			}
			b, err := l.bounds.ask(ctx, l)
			if err != nil {
				return err
			}
			r = newRecord(s, creating, r, b)
			r.AsOf, r.Entry, r.Written = b.Last, pend(e), s.Scope == ""
			err = l.put(ctx, r)
			if errors.Is(err, errMoved) {
				continue
			}
			if err != nil {
				return err
			}
			if e.ID, err = l.appendPending(ctx, w, r, false); err != nil {
				return fmt.Errorf("natslog: %w: %w", eventlog.ErrOutcomeUnknown, err)
			}
			return nil
		}
	})
}

// Append implements eventlog.Log. It takes MaxAppend entries at most.
func (l *Log) Append(ctx context.Context, s eventlog.Session, key *eventlog.Key, entries []eventlog.Entry) error {
	if err := ctx.Err(); err != nil || len(entries) == 0 && key == nil {
		return err
	}
	if len(entries) > MaxAppend {
		return fmt.Errorf("natslog: %d entries in one Append; at most %d are possible", len(entries), MaxAppend)
	}
	for i := range entries {
		if err := entries[i].Check(); err != nil {
			return err
		}
	}
	if key != nil && key.Appended.Closed && len(entries) > 0 {
		return &eventlog.KeyError{Key: key.Name, Appended: key.Appended}
	}
	return l.change(ctx, s.ID, func(ctx context.Context, w *writer) error {
		if len(entries) == 0 {
			return l.renewKey(ctx, w, s.ID, key)
		}
		d := &draft{msgID: nuid.Next(), entries: entries, key: key}
		identify := func(r *record) {
			if key != nil {
				d.keySubject = l.subjects.key(r.Life, key.Name)
				d.msgID = d.keySubject
			}
		}
		if w.record != nil {
			identify(w.record)
		} else {
			w.lose() // a place that a copy has found
		}
		first, err := w.write(ctx, d, func(ctx context.Context) (mark, error) {
			r, fresh, err := l.admit(ctx, w, s)
			if err != nil {
				return mark{}, err
			}
			w.record = r
			identify(r)
			return mark{r.Floor, fresh}, nil
		})
		if err != nil {
			return err
		}
		for i := range entries {
			entries[i].ID = first + uint64(i)
		}
		return nil
	})
}

// Delete implements eventlog.Log.
func (l *Log) Delete(ctx context.Context, id string, e *eventlog.Entry, grace time.Duration) error {
	if err := cmp.Or(ctx.Err(), e.Check()); err != nil {
		return err
	}
	return l.change(ctx, id, func(ctx context.Context, w *writer) error {
		for {
			r, err := l.settled(ctx, w, id)
			switch {
			case err != nil:
				return err
			case !r.exists():
				return fmt.Errorf("%w: %s", eventlog.ErrSessionNotFound, excerpt.Quote(id))
			case r.State == deleted:
				return fmt.Errorf("%w: %s", eventlog.ErrSessionDeleted, excerpt.Quote(id))
			}
			b, err := l.bounds.ask(ctx, l)
			if err != nil {
				return err
			}
			r.State, r.Entry, r.AsOf, r.Grace = deleting, pend(e), b.Last, max(grace, 0)
			err = l.put(ctx, r)
			if errors.Is(err, errMoved) {
				continue
			}
			if err != nil {
				return err
			}
			if e.ID, err = l.appendPending(ctx, w, r, false); err != nil {
				return fmt.Errorf("natslog: %w: %w", eventlog.ErrOutcomeUnknown, err)
			}
			return nil
		}
	})
}

// Lookup implements eventlog.Log.
func (l *Log) Lookup(ctx context.Context, id string) (eventlog.Record, error) {
	r, err := l.lookup(ctx, id)
	if err != nil {
		return eventlog.Record{}, err
	}
	if !r.exists() {
		return eventlog.Record{}, fmt.Errorf("%w: %s", eventlog.ErrSessionNotFound, excerpt.Quote(id))
	}
	return eventlog.Record{Session: r.session(), Deleted: r.Deleted}, nil
}

// lookup returns the record of a session, and brings to its end what was left half
// done.
func (l *Log) lookup(ctx context.Context, id string) (r *record, err error) {
	if err := l.usable(ctx); err != nil {
		return nil, err
	}
	r, err = l.load(ctx, id)
	if err != nil {
		return nil, failed(ctx, err)
	}
	if !r.unsettled() {
		return r, nil
	}
	err = l.change(ctx, id, func(ctx context.Context, w *writer) (err error) {
		r, err = l.settled(ctx, w, id)
		return err
	})
	return r, err
}

// change calls f with the writer of a session, within the time for an append and for as
// long as the log is open.
func (l *Log) change(ctx context.Context, id string, f func(context.Context, *writer) error) error {
	limited, cancel := context.WithTimeout(ctx, l.options.AppendTimeout)
	defer cancel()
	limited, end := context.WithCancelCause(limited)
	defer context.AfterFunc(l.ctx, func() { end(errClosed) })()
	if err := l.Writable(ctx); err != nil && l.embedded != nil {
		return err // and not after having tried in vain
	}
	l.use()
	w, err := l.writer(limited, l.subjects.session(id))
	if err != nil {
		return failed(ctx, err)
	}
	defer w.letGo()
	for {
		var err error
		if !l.pinned.Load() && l.strange.Load() == nil {
			err = l.pin(limited, *l.identity.Load())
		}
		if err == nil {
			err = f(limited, w)
		}
		for _, final := range []error{
			nil, eventlog.ErrOutcomeUnknown, eventlog.ErrUnavailable, eventlog.ErrSessionDeleted,
			eventlog.ErrSessionExists, eventlog.ErrSessionNotFound, eventlog.ErrKeyReused,
		} {
			if errors.Is(err, final) {
				return err
			}
		}
		if limited.Err() != nil && ctx.Err() == nil {
			err = fmt.Errorf("%w: %w", context.Cause(limited), err)
		}
		if !transient(err) || !sleep(limited, 100*time.Millisecond) {
			return failed(ctx, err)
		}
	}
}
