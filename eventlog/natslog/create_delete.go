package natslog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// create implements Log.Create.
func (s *sessions) create(ctx context.Context, session eventlog.Session, e *eventlog.Entry) error {
	if err := cmp.Or(ctx.Err(), e.Check()); err != nil {
		return err
	}
	return s.change(ctx, session.ID, func(ctx context.Context, w *writer) error {
		for {
			r, err := s.finish(ctx, w, session.ID)
			switch {
			case err != nil:
				return err
			case r.State == stateDeleted:
				return fmt.Errorf("%w: %s", eventlog.ErrSessionDeleted, excerpt.Quote(session.ID))
			case r.exists():
				return fmt.Errorf("%w: %s", eventlog.ErrSessionExists, excerpt.Quote(session.ID))
			}
			b, err := s.knownBounds(ctx)
			if err != nil {
				return err
			}
			r = newRecord(session, stateCreating, r, b)
			r.AsOf, r.Written = b.Last, session.Scope == ""
			if moved, err := s.carryOut(ctx, w, r, e); !moved {
				return err
			}
		}
	})
}

// delete implements Log.Delete.
func (s *sessions) delete(ctx context.Context, id string, e *eventlog.Entry, grace time.Duration) error {
	if err := cmp.Or(ctx.Err(), e.Check()); err != nil {
		return err
	}
	return s.change(ctx, id, func(ctx context.Context, w *writer) error {
		for {
			r, err := s.finish(ctx, w, id)
			switch {
			case err != nil:
				return err
			case !r.exists():
				return fmt.Errorf("%w: %s", eventlog.ErrSessionNotFound, excerpt.Quote(id))
			case r.State == stateDeleted:
				return fmt.Errorf("%w: %s", eventlog.ErrSessionDeleted, excerpt.Quote(id))
			}
			b, err := s.knownBounds(ctx)
			if err != nil {
				return err
			}
			r.State, r.AsOf, r.Grace = stateDeleting, b.Last, max(grace, 0)
			if moved, err := s.carryOut(ctx, w, r, e); !moved {
				return err
			}
		}
	})
}

// carryOut writes down a change of a session and completes it. Moved reports that the
// session has changed meanwhile: start over.
func (s *sessions) carryOut(ctx context.Context, w *writer, r *record, e *eventlog.Entry) (moved bool, err error) {
	r.Entry = newPending(e)
	if err := s.putRecord(ctx, r); err != nil {
		return errors.Is(err, errMoved), err
	}
	if e.ID, err = s.complete(ctx, w, r, false); err != nil {
		return false, fmt.Errorf("natslog: %w: %w", eventlog.ErrOutcomeUnknown, err)
	}
	return false, nil
}
