package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/eventlog"
)

// An event that ends its session (contract.End.Events) is in the log as the entry of the
// session's deletion, so that it comes and the session ends in one step. The log gives such
// an entry to the whole scope. The entry therefore has a hidden name, and the session in its
// data: the streams of other sessions leave it out.

// lastName is the name of such an entry.
const lastName = hidden + "session_ended"

// lastEvent is what such an entry says.
type lastEvent struct {
	Session string          `json:"sessionId"`
	Event   string          `json:"event"`
	Key     *lastKey        `json:"key,omitempty"`
	Data    json.RawMessage `json:"-"` // the member data, as it was published
}

// dataMember begins the last member of an entry.
const dataMember = `,"data":`

// lastKey is the deduplication key under which the event was published, and what it stood for
// before. The log honours no key of a session that was deleted.
type lastKey struct {
	Name   string          `json:"name"`
	Count  int             `json:"count,omitempty"`
	First  uint64          `json:"first,omitempty"`
	Digest eventlog.Digest `json:"digest"`
}

// entry returns the entry of the event.
func (l *lastEvent) entry() eventlog.Entry {
	head, err := json.Marshal(l)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	head = append(head[:len(head)-1], dataMember...)
	head = append(head, l.Data...)
	return eventlog.Entry{Name: lastName, Data: append(head, '}')}
}

// lastEventOf returns the event of an entry; false if it is none that ended a session.
func lastEventOf(e *eventlog.Entry) (*lastEvent, bool) {
	if e.Name != lastName {
		return nil, false
	}
	// No string has these bytes: its quotes would be escaped. The data may be large, or deeper
	// than encoding/json goes.
	head, data, ok := bytes.Cut(e.Data, []byte(dataMember))
	data, whole := bytes.CutSuffix(data, []byte("}"))
	l := lastEvent{Data: data}
	if !ok || !whole || json.Unmarshal(append(bytes.Clone(head), '}'), &l) != nil {
		return nil, false
	}
	return &l, true
}

// appended returns what the key of the event stands for with it; id is that of its entry.
func (l *lastEvent) appended(id uint64) eventlog.Appended {
	before := eventlog.Appended{Count: l.Key.Count, First: l.Key.First, Digest: l.Key.Digest}
	a := before.Add(eventlog.Entry{ID: id, Name: l.Event, Data: l.Data})
	a.Closed = true
	return a
}

// write appends entries to a session, as the log's Append does. An event that ends the session
// must come alone: see together.
func (s *engine) write(ctx context.Context, session eventlog.Session, id string, key *eventlog.Key, entries []eventlog.Entry) error {
	if len(entries) != 1 || !s.op.end.After(entries[0].Name) {
		return s.repeated(ctx, session, key, s.log.Append(ctx, session, key, entries))
	}
	last := lastEvent{Session: id, Event: entries[0].Name, Data: entries[0].Data}
	if key != nil {
		known := eventlog.Key{Name: key.Name, Appended: key.Appended}
		switch err := s.log.Append(ctx, session, &known, nil); {
		case err != nil:
			return s.repeated(ctx, session, key, err)
		case known.Appended.Closed:
			return &eventlog.KeyError{Key: key.Name, Appended: known.Appended}
		}
		last.Key = &lastKey{key.Name, key.Appended.Count, key.Appended.First, key.Appended.Digest}
	}
	e := last.entry()
	err := s.log.Delete(ctx, session.ID, &e, s.cfg.deleteGrace)
	if errors.Is(err, eventlog.ErrSessionNotFound) {
		// The event is the first of its session.
		known := newEntry(hiddenCreated, contract.ControlValues{Session: id})
		if err = s.log.Create(ctx, session, &known); err == nil || errors.Is(err, eventlog.ErrSessionExists) {
			err = s.log.Delete(ctx, session.ID, &e, s.cfg.deleteGrace)
		}
	}
	if err != nil {
		return s.repeated(ctx, session, key, err)
	}
	entries[0].ID = e.ID
	if key != nil {
		key.Appended = last.appended(e.ID)
	}
	return nil
}

// together returns how many of the entries, at least one, are to be written at once.
func (s *engine) together(entries []eventlog.Entry) int {
	for i := range entries {
		if s.op.end.After(entries[i].Name) {
			return max(i, 1)
		}
	}
	return len(entries)
}

// repeated returns the error of a write that failed with err: a *eventlog.KeyError where the
// session has ended, and by an event that was published under the same key.
func (s *engine) repeated(ctx context.Context, session eventlog.Session, key *eventlog.Key, err error) error {
	if key == nil || !errors.Is(err, eventlog.ErrSessionDeleted) {
		return err
	}
	e, failed := s.lastEntry(ctx, session)
	switch {
	case errors.Is(failed, eventlog.ErrSessionNotFound): // it was forgotten meanwhile
		return err
	case failed != nil:
		return failed
	}
	last, ok := lastEventOf(&e)
	if !ok || last.Key == nil || last.Key.Name != key.Name {
		return err
	}
	if has := last.appended(e.ID); has.Count > key.Appended.Count {
		return &eventlog.KeyError{Key: key.Name, Appended: has}
	}
	return err
}

// lastEntry returns the last entry of a session that was deleted. It is the zero Entry if the
// log does not retain it.
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

// lastEvent returns the event by which the session of the stream has ended, if an entry is
// that.
func (st *stream) lastEvent(e *eventlog.Entry) (*lastEvent, bool) {
	last, ok := lastEventOf(e)
	if !ok || last.Session != st.sessionID {
		return nil, false
	}
	return last, true
}
