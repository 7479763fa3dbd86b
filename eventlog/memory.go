package eventlog

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mixstream/mixstream/internal/excerpt"
)

// Memory is the Log in the memory of the process. Its entries are gone with the process.
// Its ids start at the clock (microseconds since 1970), so an id from before a restart is
// lower than any later one, and is told as a gap. That holds as long as fewer than a
// million entries a second come on average and the clock is not set back.
//
// Memory applies its retention whenever it is written to, looked up or followed. Retention
// apart, it keeps a record until its session is deleted or, with Retention.Idle, idle for
// too long, and a deduplication key for KeyLife, at some hundred bytes each. A session
// that is only followed has no record.
//
// Memory reports a gap falsely in two cases only: to a position from before the latest
// session or scope that was forgotten, if the session had no record at that time; and to
// a position from before its deletion, if the session was deleted, forgotten and made
// again in a scope that lives on.
type Memory struct {
	retention Retention
	began     time.Time // the times below count from here

	// last is the end of the log. It moves past an entry only when the view of the
	// entry's list has it. So a reader that loads the end first finds everything up to it
	// in the views.
	last atomic.Uint64

	// mu guards the fields below and all of the lists but their views and watchers, which
	// have locks of their own. Reading does not take it, so neither publishers nor readers
	// wait for the other.
	mu        sync.Mutex
	forgotten uint64 // the mark of everything that has lost its record; at first the position before the log
	sessions  map[string]*session
	scopes    map[string]*scope
	history   history
	keys      keys
	deletions deletions
	idle      idle
}

var _ Log = (*Memory)(nil)

// NewMemory returns an empty log. The zero Retention is a safe default.
func NewMemory(r Retention) *Memory {
	now := time.Now()
	start := uint64(now.UnixMicro()) - 1
	m := &Memory{
		retention: r.withDefaults(),
		began:     now,
		forgotten: start,
		sessions:  make(map[string]*session),
		scopes:    make(map[string]*scope),
	}
	m.last.Store(start)
	return m
}

// Create implements Log.
func (m *Memory) Create(ctx context.Context, s Session, e *Entry) error {
	if err := cmp.Or(ctx.Err(), e.Check()); err != nil {
		return err
	}
	m.mu.Lock()
	now := m.tidy()
	ss, err := m.record(s.ID)
	switch {
	case err == nil:
		m.mu.Unlock()
		return fmt.Errorf("%w: %s", ErrSessionExists, excerpt.Quote(s.ID))
	case ss != nil:
		m.mu.Unlock()
		return err
	}
	ss = m.makeRecord(s)
	m.noteUse(now, ss)
	l := ss.scopeList()
	m.append(now, l, e)
	m.mu.Unlock()
	l.wake()
	return nil
}

// Append implements Log.
func (m *Memory) Append(ctx context.Context, s Session, key *Key, entries []Entry) error {
	if err := ctx.Err(); err != nil || len(entries) == 0 && key == nil {
		return err
	}
	for i := range entries {
		if err := entries[i].Check(); err != nil {
			return err
		}
	}
	m.mu.Lock()
	now := m.tidy()
	ss, err := m.record(s.ID)
	if err != nil && ss != nil {
		m.mu.Unlock()
		return err
	}
	if key != nil {
		has := m.keys.get(now, ss, key.Name)
		repeated, err := key.Compare(has, entries)
		if repeated {
			m.keys.put(now, ss, key)
		}
		if repeated || err != nil || len(entries) == 0 && has.Count == 0 {
			m.mu.Unlock()
			return err
		}
	}
	if ss == nil {
		ss = m.makeRecord(s)
	}
	m.noteUse(now, ss)
	for i := range entries {
		m.append(now, &ss.list, &entries[i])
	}
	if key != nil {
		key.Appended = key.Appended.Add(entries...)
		key.Appended.Closed = key.Close
		m.keys.put(now, ss, key)
	}
	m.mu.Unlock()
	if len(entries) > 0 {
		ss.wake()
	}
	return nil
}

// Delete implements Log.
func (m *Memory) Delete(ctx context.Context, id string, e *Entry, grace time.Duration) error {
	if err := cmp.Or(ctx.Err(), e.Check()); err != nil {
		return err
	}
	m.mu.Lock()
	now := m.tidy()
	ss, err := m.record(id)
	if err != nil {
		m.mu.Unlock()
		return err
	}
	l := ss.scopeList()
	m.append(now, l, e)
	ss.deleted = e.ID
	ss.until = now + min(max(grace, 0), math.MaxInt64-now)
	m.noteUse(now, ss)
	m.deletions.add(ss)
	m.mu.Unlock()
	l.wake() // the session's own readers watch it as well
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
	return Record{Session: Session{ID: id, Scope: ss.scope.nameOrNone()}, Deleted: ss.deleted}, nil
}

// append gives e the next id and adds it to the end of l.
func (m *Memory) append(now time.Duration, l *list, e *Entry) {
	e.ID = m.last.Load() + 1
	l.push(*e)
	m.last.Store(e.ID)
	m.history.push(now, l, *e)
	m.retain(l)
}

// tidy trims and forgets everything whose time is over. It returns the time since the
// log began.
func (m *Memory) tidy() time.Duration {
	now := time.Since(m.began)
	if m.retention.Age >= 0 {
		for o := m.history.oldest(); o != nil && now-o.at > m.retention.Age; o = m.history.oldest() {
			m.drop(o.list, 1)
		}
	}
	for ss := m.deletions.due(now); ss != nil; ss = m.deletions.due(now) {
		m.forget(ss)
	}
	for ss := m.idle.due(now, m.retention.Idle); ss != nil; ss = m.idle.due(now, m.retention.Idle) {
		m.forget(ss)
	}
	m.keys.expire(now)
	return now
}
