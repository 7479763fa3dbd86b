package natslog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// sessions changes the sessions of a log.
type sessions struct {
	*store
	writers *writers
}

// change calls f with the writer of a session, and repeats that while f fails for a
// reason that passes. It ends with the time for an append, or when the log is closed.
func (s *sessions) change(ctx context.Context, id string, f func(context.Context, *writer) error) error {
	limited, cancel := context.WithTimeout(ctx, s.options.AppendTimeout)
	defer cancel()
	limited, end := context.WithCancelCause(limited)
	defer context.AfterFunc(s.life.ctx, func() { end(errClosed) })()
	if err := s.state.writable(); err != nil && s.server != nil {
		return err // at once, instead of trying in vain
	}
	s.state.use()
	w, err := s.writers.hold(limited, s.subjects.session(id))
	if err != nil {
		return publicError(ctx, err)
	}
	defer w.release()
	for {
		err := s.pinFirst(limited)
		if err == nil {
			err = f(limited, w)
		}
		if err == nil || isPublic(err) {
			return err
		}
		if limited.Err() != nil && ctx.Err() == nil {
			err = fmt.Errorf("%w: %w", context.Cause(limited), err)
		}
		if !transient(err) || !sleep(limited, 100*time.Millisecond) {
			return publicError(ctx, err)
		}
	}
}

// isPublic reports whether an error is one that the caller of the log tells apart.
func isPublic(err error) bool {
	for _, public := range []error{
		eventlog.ErrOutcomeUnknown, eventlog.ErrUnavailable, eventlog.ErrSessionDeleted,
		eventlog.ErrSessionExists, eventlog.ErrSessionNotFound, eventlog.ErrKeyReused, eventlog.ErrEntryTooLarge,
	} {
		if errors.Is(err, public) {
			return true
		}
	}
	return false
}
