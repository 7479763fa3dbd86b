package natslog

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nuid"

	"github.com/mixstream/mixstream/eventlog"
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
				return fmt.Errorf("%w: %q", eventlog.ErrSessionDeleted, s.ID)
			case r.exists():
				return fmt.Errorf("%w: %q", eventlog.ErrSessionExists, s.ID)
			}
			b, err := l.bounds.ask(ctx, l)
			if err != nil {
				return err
			}
			r = newRecord(s, creating, r)
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
func (l *Log) Append(ctx context.Context, s eventlog.Session, key string, entries []eventlog.Entry) error {
	if err := ctx.Err(); err != nil || len(entries) == 0 {
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
	return l.change(ctx, s.ID, func(ctx context.Context, w *writer) error {
		if w.last == 0 {
			w.lose() // an empty subject does not tell that the session has been deleted
		}
		d := &draft{msgID: nuid.Next(), entries: entries, keyed: key != ""}
		identify := func(r *record) {
			if key != "" {
				d.msgID = keyID(r.Life, key)
			}
		}
		if w.record != nil {
			identify(w.record)
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
		for i := range entries {
			entries[i].ID = first + uint64(i)
		}
		return err
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
				return fmt.Errorf("%w: %q", eventlog.ErrSessionNotFound, id)
			case r.State == deleted:
				return fmt.Errorf("%w: %q", eventlog.ErrSessionDeleted, id)
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
		return eventlog.Record{}, fmt.Errorf("%w: %q", eventlog.ErrSessionNotFound, id)
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

// unsettled tells whether something is to be done for the session.
func (r *record) unsettled() bool {
	return r.State == creating || r.State == deleting || r.State == deleted && !time.Now().Before(r.Until)
}

// change calls f with the writer of a session, within the time for an append.
func (l *Log) change(ctx context.Context, id string, f func(context.Context, *writer) error) error {
	limited, cancel := context.WithTimeout(ctx, l.options.AppendTimeout)
	defer cancel()
	w, err := l.writer(limited, l.subjects.session(id))
	if err != nil {
		return failed(ctx, err)
	}
	defer w.letGo()
	for {
		err := f(limited, w)
		for _, final := range []error{
			nil, eventlog.ErrOutcomeUnknown, eventlog.ErrUnavailable, eventlog.ErrSessionDeleted,
			eventlog.ErrSessionExists, eventlog.ErrSessionNotFound, eventlog.ErrKeyReused,
		} {
			if errors.Is(err, final) {
				return err
			}
		}
		if !transient(err) || !sleep(limited, 100*time.Millisecond) {
			return failed(ctx, err)
		}
	}
}

// settled returns the record of a session of which nothing is left half done.
func (l *Log) settled(ctx context.Context, w *writer, id string) (*record, error) {
	for {
		r, err := l.load(ctx, id)
		if err != nil || !r.unsettled() {
			return r, err
		}
		if r.State == deleted {
			err = l.forget(ctx, w, r)
		} else {
			_, err = l.appendPending(ctx, w, r, true)
		}
		if err != nil && !errors.Is(err, errMoved) {
			return nil, err
		}
	}
}

// admit returns the record of a session that takes entries, and makes it if there
// is none. Fresh says that there were none before.
func (l *Log) admit(ctx context.Context, w *writer, s eventlog.Session) (r *record, fresh bool, err error) {
	for {
		r, err = l.settled(ctx, w, s.ID)
		switch {
		case err != nil:
			return nil, false, err
		case r.State == deleted:
			return nil, false, fmt.Errorf("%w: %q", eventlog.ErrSessionDeleted, s.ID)
		case r.exists() && r.Written:
			return r, false, nil
		case !r.exists():
			r = newRecord(s, open, r)
		}
		r.Written = true
		if err = l.put(ctx, r); !errors.Is(err, errMoved) {
			return r, true, err
		}
	}
}

// newRecord returns a record in the place of one of which nothing is left but its
// mark.
func newRecord(s eventlog.Session, state state, before *record) *record {
	return &record{ID: []byte(s.ID), Scope: []byte(s.Scope), State: state, Life: nuid.Next(), Floor: before.Floor, rev: before.rev}
}

// appendPending appends the entry of a session that is being created or deleted,
// and brings the record to its next state. Late says that another may have begun
// to. It returns the id of the entry.
func (l *Log) appendPending(ctx context.Context, w *writer, r *record, late bool) (id uint64, err error) {
	d := &draft{msgID: string(r.State) + "." + r.Life, entries: []eventlog.Entry{{Name: string(r.Entry.Name), Data: r.Entry.Data}}}
	if late {
		d.seek = r.AsOf
	}
	known := func(context.Context) (mark, error) {
		return mark{r.Floor, r.State == creating || !r.Written}, nil
	}
	w.lose()
	defer w.lose()
	to := w
	if len(r.Scope) > 0 {
		if r.State == deleting {
			// From here on, whoever appends to the session's own subject without having
			// seen this record comes too late.
			if r.Fence, err = w.write(ctx, &draft{msgID: "fence." + r.Life}, known); err != nil {
				return 0, err
			}
		}
		if to, err = l.writer(ctx, l.subjects.scope(r.session())); err != nil {
			return 0, err
		}
		defer to.letGo()
		known = func(context.Context) (mark, error) { return mark{}, nil }
		if late {
			to.lose() // the seeking begins with the end
		}
	}
	if id, err = to.write(ctx, d, known); err != nil {
		return 0, err
	}
	next := *r
	next.Entry, next.AsOf = nil, 0
	if r.State == creating {
		next.State = open
	} else {
		next.State, next.Deleted, next.Until = deleted, id, time.Now().Add(r.Grace)
		if len(r.Scope) == 0 {
			next.Fence = id
		}
		if err := l.dig(ctx, string(r.ID), next.Until); err != nil {
			return 0, err
		}
	}
	if err := l.put(ctx, &next); err != nil && !errors.Is(err, errMoved) {
		return 0, err
	}
	return id, nil
}

func pend(e *eventlog.Entry) *pending { return &pending{Name: []byte(e.Name), Data: e.Data} }

// keyID returns the message id of a deduplication key, which is known to one session
// only.
func keyID(life, key string) string {
	sum := sha256.Sum256([]byte(life + " " + key))
	return "key." + base64.RawURLEncoding.EncodeToString(sum[:])
}
