package natslog

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/mixstream/mixstream/eventlog"
)

// finish returns the record of a session, after finishing what was left half done.
func (s *sessions) finish(ctx context.Context, w *writer, id string) (*record, error) {
	for {
		r, err := s.loadRecord(ctx, id)
		if err != nil || !r.unfinished() {
			return r, err
		}
		if r.State == stateDeleted {
			err = s.forget(ctx, w, r)
		} else {
			_, err = s.complete(ctx, w, r, true)
		}
		if err != nil && !errors.Is(err, errMoved) {
			return nil, err
		}
	}
}

// complete appends the entry of a session that is being created or deleted, brings the
// record to its next state, and returns the id of the entry. Late says that another
// process may have begun to. It fails with errMoved if an idle session is in use again.
func (s *sessions) complete(ctx context.Context, w *writer, r *record, late bool) (id uint64, err error) {
	w.losePlace()
	defer w.losePlace()
	next := *r
	next.Entry, next.AsOf, next.Idle = nil, 0, false
	id, err = s.appendPending(ctx, w, r, &next, late)
	if errors.Is(err, errInUse) {
		next.State = stateOpen
		return 0, cmp.Or(s.putRecord(ctx, &next), errMoved)
	}
	if err != nil {
		return 0, err
	}
	if r.State == stateCreating {
		next.State = stateOpen
	} else {
		next.State, next.Deleted, next.Until = stateDeleted, id, time.Now().Add(r.Grace)
		if len(r.Scope) == 0 {
			next.Fence = id
		}
		if err := s.noteExpiry(ctx, string(r.ID), next.Until); err != nil {
			return 0, err
		}
	}
	if err := s.putRecord(ctx, &next); err != nil && !errors.Is(err, errMoved) {
		return 0, err
	}
	return id, nil
}

// appendPending appends the entry of a record to the session's scope, and returns its
// id. It sets the fence of next if it has written one.
func (s *sessions) appendPending(ctx context.Context, w *writer, r, next *record, late bool) (id uint64, err error) {
	d := &draft{id: r.entryID(), entries: []eventlog.Entry{{Name: string(r.Entry.Name), Data: r.Entry.Data}}}
	if late {
		d.late, d.after = true, r.AsOf
	}
	own := s.guardPending(r)
	if len(r.Scope) == 0 {
		return w.write(ctx, d, own)
	}
	if r.State == stateDeleting {
		// An append to the session's own subject that has not seen this record comes too
		// late from here on.
		if next.Fence, err = w.write(ctx, &draft{id: r.fenceID()}, own); err != nil {
			return 0, err
		}
	}
	scope, err := s.writers.hold(ctx, s.subjects.scope(r.session()))
	if err != nil {
		return 0, err
	}
	defer scope.release()
	if late {
		scope.losePlace() // looking for the entry begins with the end of the subject
	}
	return scope.write(ctx, d, unguarded)
}

// guardPending returns the guard of the subject of a session that is being created or
// deleted.
func (s *sessions) guardPending(r *record) guard {
	return func(ctx context.Context, _ *writer) (admission, error) {
		if r.Idle {
			if err := s.stillIdle(ctx, r); err != nil {
				return admission{}, err
			}
		}
		return admission{mark: mark{r.Floor, r.State == stateCreating || !r.Written}}, nil
	}
}

// stillIdle returns errInUse if something has come under a session's subject since the
// session was found idle, other than what is written to forget it.
func (s *sessions) stillIdle(ctx context.Context, r *record) error {
	m, found, err := s.getEntry(ctx, get{LastFor: s.subjects.session(string(r.ID))})
	if err != nil || !found || m.ID <= r.AsOf || m.msgID == r.fenceID() || m.msgID == r.entryID() {
		return err
	}
	return errInUse
}

// noteExpiry stores the time at which the log forgets a deleted session.
func (s *store) noteExpiry(ctx context.Context, id string, due time.Time) error {
	m := &nats.Msg{Subject: s.subjects.expiry(id), Data: append(strconv.AppendInt(nil, due.UnixMilli(), 10), " "+id...)}
	tries := attempts{pause: 10 * time.Millisecond}
	for {
		_, err := s.acknowledged(ctx, m)
		if err == nil || !transient(err) || !tries.wait(ctx) {
			return err
		}
	}
}

// forget drops what a deleted session has. It keeps the last message, by which a reader
// that knows of an earlier one finds that there was more. It keeps the mark too, above
// which a later session of this id has its entries.
func (s *sessions) forget(ctx context.Context, w *writer, r *record) error {
	w.losePlace()
	if err := s.purge(ctx, s.subjects.entries(), w.subject, r.Fence); err != nil {
		return err
	}
	return s.putRecord(ctx, &record{ID: r.ID, State: stateForgotten, Life: r.Life, Floor: max(r.Deleted, r.Fence), rev: r.rev})
}
