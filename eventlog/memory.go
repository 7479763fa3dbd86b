package eventlog

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Memory is the Log in the memory of the process. What it holds ends with the
// process; its ids start at the clock (microseconds since 1970), so an id from
// before a restart is lower than any later one and is told as a gap, as long as
// entries come at less than a million a second on average.
//
// Its retention is applied whenever the log is written to or a reader is opened.
// A gap is reported falsely in one case only: to a position from before the
// latest session or scope that was forgotten, for a session that had no record
// at that time.
type Memory struct {
	retention Retention

	// mu guards everything below, the lists' entries and marks included; the
	// lists' watchers have locks of their own.
	mu        sync.RWMutex
	last      uint64 // the end of the log
	forgotten uint64 // the mark of what has no record any more, at first the position before the log
	sessions  map[string]*session
	scopes    map[string]*scope
	history   history
	keys      keys
	graves    graves
}

var _ Log = (*Memory)(nil)

// session is a session's entries and record. Without a record it stands only for
// as long as it has readers.
type session struct {
	list
	id       string
	recorded bool
	deleted  uint64
	until    time.Time // when a deleted session is forgotten
	readers  int
	scope    *scope // nil: the session is its own scope
}

// scope is the entries that go to all sessions of one scope.
type scope struct {
	list
	name string
	refs int // records and readers
}

// NewMemory returns an empty log. The zero Retention is a safe default.
func NewMemory(r Retention) *Memory {
	start := uint64(time.Now().UnixMicro()) - 1
	return &Memory{
		retention: r.withDefaults(),
		last:      start,
		forgotten: start,
		sessions:  make(map[string]*session),
		scopes:    make(map[string]*scope),
	}
}

// Create implements Log.
func (m *Memory) Create(ctx context.Context, s Session, e *Entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	now := m.tidy()
	ss, err := m.record(s.ID)
	switch {
	case err == nil:
		m.mu.Unlock()
		return fmt.Errorf("%w: %q", ErrSessionExists, s.ID)
	case ss != nil:
		m.mu.Unlock()
		return err
	}
	ss = m.enter(s)
	ss.recorded = true
	l := ss.shared()
	m.append(now, l, e)
	m.mu.Unlock()
	l.wake()
	return nil
}

// Append implements Log.
func (m *Memory) Append(ctx context.Context, s Session, key string, entries []Entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(entries) == 0 {
		return nil
	}
	m.mu.Lock()
	now := m.tidy()
	ss, err := m.record(s.ID)
	if err != nil && ss != nil {
		m.mu.Unlock()
		return err
	}
	if key != "" {
		if done, err := m.keys.repeat(s.ID, key, entries); done {
			m.mu.Unlock()
			return err
		}
	}
	if ss == nil {
		ss = m.enter(s)
		ss.recorded = true
	}
	for i := range entries {
		m.append(now, &ss.list, &entries[i])
	}
	if key != "" {
		m.keys.add(now, s.ID, key, entries)
	}
	m.mu.Unlock()
	ss.wake()
	return nil
}

// Delete implements Log.
func (m *Memory) Delete(ctx context.Context, id string, e *Entry, grace time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	now := m.tidy()
	ss, err := m.record(id)
	if err != nil {
		m.mu.Unlock()
		return err
	}
	l := ss.shared()
	m.append(now, l, e)
	ss.deleted, ss.until = e.ID, now.Add(grace)
	m.graves.add(ss)
	m.mu.Unlock()
	l.wake() // which the session's own readers watch as well
	return nil
}

// Lookup implements Log.
func (m *Memory) Lookup(ctx context.Context, id string) (Record, error) {
	if err := ctx.Err(); err != nil {
		return Record{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tidy()
	ss, err := m.record(id)
	if ss == nil {
		return Record{}, err
	}
	r := Record{Session: Session{ID: id}, Deleted: ss.deleted}
	if ss.scope != nil {
		r.Scope = ss.scope.name
	}
	return r, nil
}

// record returns the session if it has a record: with an error if it takes no
// more entries, and nil with an error if there is no record.
func (m *Memory) record(id string) (*session, error) {
	ss := m.sessions[id]
	switch {
	case ss == nil || !ss.recorded:
		return nil, fmt.Errorf("%w: %q", ErrSessionNotFound, id)
	case ss.deleted != 0:
		return ss, fmt.Errorf("%w: %q", ErrSessionDeleted, id)
	}
	return ss, nil
}

// enter returns the session, which it makes if it is not there.
func (m *Memory) enter(s Session) *session {
	if ss := m.sessions[s.ID]; ss != nil {
		return ss
	}
	ss := &session{id: s.ID, list: list{trimmed: m.forgotten}}
	if s.Scope != "" {
		sc := m.scopes[s.Scope]
		if sc == nil {
			sc = &scope{name: s.Scope, list: list{trimmed: m.forgotten}}
			m.scopes[s.Scope] = sc
		}
		sc.refs++
		ss.scope = sc
	}
	m.sessions[s.ID] = ss
	return ss
}

// shared returns the list that takes the entries of the session's scope.
func (s *session) shared() *list {
	if s.scope != nil {
		return &s.scope.list
	}
	return &s.list
}

// append gives e the next id and puts it at the end of l.
func (m *Memory) append(now time.Time, l *list, e *Entry) {
	m.last++
	e.ID = m.last
	l.push(*e)
	m.history.push(now, l, *e)
	m.retain(now, l)
}
