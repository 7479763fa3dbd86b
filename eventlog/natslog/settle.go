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

// unsettled tells whether something is to be done for the session.
func (r *record) unsettled() bool {
	return r.State == creating || r.State == deleting || r.State == deleted && !time.Now().Before(r.Until)
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
			return nil, false, fmt.Errorf("%w: %s", eventlog.ErrSessionDeleted, excerpt.Quote(s.ID))
		case r.exists() && r.Written:
			return r, false, nil
		case !r.exists():
			b, err := l.bounds.ask(ctx, l)
			if err != nil {
				return nil, false, err
			}
			r = newRecord(s, open, r, b)
		}
		r.Written = true
		if err = l.put(ctx, r); !errors.Is(err, errMoved) {
			return r, true, err
		}
	}
}

// newRecord returns a record in the place of one of which nothing is left but its mark,
// or not even that: then what an earlier session had is trimmed by now.
func newRecord(s eventlog.Session, state state, before *record, b bounds) *record {
	floor := before.Floor
	if floor == 0 {
		floor = b.First - 1
	}
	return &record{ID: []byte(s.ID), Scope: []byte(s.Scope), State: state, Life: nuid.Next(), Floor: floor, rev: before.rev}
}

// appendPending appends the entry of a session that is being created or deleted,
// and brings the record to its next state. Late says that another may have begun
// to. It returns the id of the entry.
func (l *Log) appendPending(ctx context.Context, w *writer, r *record, late bool) (id uint64, err error) {
	d := &draft{msgID: pendingID(r), entries: []eventlog.Entry{{Name: string(r.Entry.Name), Data: r.Entry.Data}}}
	if late {
		d.late, d.after = true, r.AsOf
	}
	known := func(ctx context.Context) (mark, error) {
		if r.Idle {
			if err := l.stillIdle(ctx, r); err != nil {
				return mark{}, err
			}
		}
		return mark{r.Floor, r.State == creating || !r.Written}, nil
	}
	defer func() {
		if errors.Is(err, errInUse) {
			next := *r
			next.State, next.Entry, next.AsOf, next.Idle = open, nil, 0, false
			err = cmp.Or(l.put(ctx, &next), errMoved)
		}
	}()
	w.lose()
	defer w.lose()
	to := w
	if len(r.Scope) > 0 {
		if r.State == deleting {
			// From here on, whoever appends to the session's own subject without having
			// seen this record comes too late.
			if r.Fence, err = w.write(ctx, &draft{msgID: fenceID(r)}, known); err != nil {
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
	next.Entry, next.AsOf, next.Idle = nil, 0, false
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

// pendingID and fenceID are the message ids of what is written to create or delete a session.
func pendingID(r *record) string { return string(r.State) + "." + r.Life }
func fenceID(r *record) string   { return "fence." + r.Life }

func pend(e *eventlog.Entry) *pending { return &pending{Name: []byte(e.Name), Data: e.Data} }
