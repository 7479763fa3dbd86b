package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server/internal/hidden"
)

// writeEnd appends the event e, which ends its session. The log keeps it as the entry of the
// session's deletion (hidden.End), so that the event and the end are one step.
func (s *engine) writeEnd(ctx context.Context, session eventlog.Session, id string, key *eventlog.Key, e *eventlog.Entry) error {
	last := hidden.End{Session: id, Event: e.Name, Data: e.Data}
	if key != nil {
		known := eventlog.Key{Name: key.Name, Appended: key.Appended}
		switch err := s.log.Append(ctx, session, &known, nil); {
		case err != nil:
			return err
		case known.Appended.Closed:
			return &eventlog.KeyError{Key: key.Name, Appended: known.Appended}
		}
		last.Key = &hidden.Key{Name: key.Name, Count: key.Appended.Count, First: key.Appended.First, Digest: key.Appended.Digest}
	}
	entry := last.Entry()
	err := s.log.Delete(ctx, session.ID, &entry, s.cfg.deleteGrace)
	if errors.Is(err, eventlog.ErrSessionNotFound) {
		// The event is the first of its session.
		known := newEntry(hidden.Created, contract.ControlValues{Session: id})
		if err = s.log.Create(ctx, session, &known); err == nil || errors.Is(err, eventlog.ErrSessionExists) {
			err = s.log.Delete(ctx, session.ID, &entry, s.cfg.deleteGrace)
		}
	}
	if err != nil {
		return err
	}
	e.ID = entry.ID
	if key != nil {
		key.Appended = last.Appended(entry.ID)
	}
	return nil
}

// together returns how many of the entries one write takes: at least one.
func (s *engine) together(entries []eventlog.Entry) int {
	for i := range entries {
		if s.op.end.After(entries[i].Name) {
			return max(i, 1)
		}
	}
	return len(entries)
}

// repeated returns the error of a write that returned err, which may be nil. It returns a
// *eventlog.KeyError if an event under the same key has ended the session.
func (s *engine) repeated(ctx context.Context, session eventlog.Session, key *eventlog.Key, err error) error {
	if key == nil || !errors.Is(err, eventlog.ErrSessionDeleted) {
		return err
	}
	e, failed := s.lastEntry(ctx, session)
	switch {
	case errors.Is(failed, eventlog.ErrSessionNotFound): // the log has forgotten it meanwhile
		return err
	case failed != nil:
		return failed
	}
	last, ok := hidden.EndOf(&e)
	if !ok || last.Key == nil || last.Key.Name != key.Name {
		return err
	}
	if has := last.Appended(e.ID); has.Count > key.Appended.Count {
		return &eventlog.KeyError{Key: key.Name, Appended: has}
	}
	return err
}

// lastEntry returns the last entry of a deleted session; the zero Entry if the log no longer
// retains it.
func (s *engine) lastEntry(ctx context.Context, session eventlog.Session) (eventlog.Entry, error) {
	record, err := s.log.Lookup(ctx, session.ID)
	if err != nil {
		return eventlog.Entry{}, fmt.Errorf("looking up the end of the session: %w", err)
	}
	reader, err := s.log.Follow(ctx, session, func() {})
	if err != nil {
		return eventlog.Entry{}, fmt.Errorf("reading the end of the session: %w", err)
	}
	defer reader.Close()
	batch, err := reader.Read(ctx, record.Deleted-1, 1)
	switch {
	case errors.Is(err, eventlog.ErrGap):
		return eventlog.Entry{}, nil
	case err != nil:
		return eventlog.Entry{}, fmt.Errorf("reading the end of the session: %w", err)
	case len(batch.Entries) == 0 || batch.Entries[0].ID != record.Deleted:
		return eventlog.Entry{}, nil
	}
	return batch.Entries[0], nil
}

func newEntry(e contract.ControlEvent, v contract.ControlValues) eventlog.Entry {
	return eventlog.Entry{Name: e.Name, Data: e.Data(v)}
}
