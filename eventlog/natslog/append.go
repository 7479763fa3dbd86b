package natslog

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nuid"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// append implements Log.Append.
func (s *sessions) append(ctx context.Context, session eventlog.Session, key *eventlog.Key, entries []eventlog.Entry) error {
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
	return s.change(ctx, session.ID, func(ctx context.Context, w *writer) error {
		if len(entries) == 0 {
			return s.renewKey(ctx, w, session.ID, key)
		}
		if w.place.record == nil {
			w.losePlace() // it was found without the session's record
		}
		first, err := w.write(ctx, &draft{id: nuid.Next(), entries: entries, key: key}, s.guardAppend(session))
		if err != nil {
			return err
		}
		for i := range entries {
			entries[i].ID = first + uint64(i)
		}
		return nil
	})
}

// guardAppend returns the guard of a session's own entries. It makes the record of the
// session if there is none.
func (s *sessions) guardAppend(session eventlog.Session) guard {
	return func(ctx context.Context, w *writer) (a admission, err error) {
		for {
			r, err := s.finish(ctx, w, session.ID)
			a.record = r
			switch {
			case err != nil:
				return a, err
			case r.State == stateDeleted:
				return a, fmt.Errorf("%w: %s", eventlog.ErrSessionDeleted, excerpt.Quote(session.ID))
			case r.exists() && r.Written:
				a.mark = mark{position: r.Floor}
				return a, nil
			case !r.exists():
				b, err := s.knownBounds(ctx)
				if err != nil {
					return a, err
				}
				a.record = newRecord(session, stateOpen, r, b)
			}
			a.record.Written = true
			if err = s.putRecord(ctx, a.record); !errors.Is(err, errMoved) {
				a.mark = mark{position: a.record.Floor, exact: true}
				return a, err
			}
		}
	}
}

// renewKey appends nothing under a key: it renews or closes the key if the log knows it.
func (s *sessions) renewKey(ctx context.Context, w *writer, id string, key *eventlog.Key) error {
	for {
		r, err := s.finish(ctx, w, id)
		if err != nil {
			return err
		}
		var has eventlog.Appended
		var subject string
		switch {
		case r.State == stateDeleted:
			return fmt.Errorf("%w: %s", eventlog.ErrSessionDeleted, excerpt.Quote(id))
		case r.exists():
			subject = s.subjects.key(r.Life, key.Name)
			has, err = s.loadKey(ctx, subject)
			if err == nil && has.Count == 0 && key.Appended.Count > 0 {
				has, err = s.loadKeyByID(ctx, w.subject, subject)
			}
			if err != nil {
				return err
			}
		}
		if _, err := key.Compare(has, nil); err != nil || has.Count == 0 {
			return err
		}
		has.Closed = has.Closed || key.Close
		has, err = s.putKey(ctx, subject, has)
		if errors.Is(err, errMoved) {
			continue
		}
		if err == nil {
			key.Appended = has
		}
		return err
	}
}
