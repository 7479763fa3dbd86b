package eventlog

import (
	"fmt"
	"slices"
	"time"

	"github.com/mixstream/mixstream/internal/excerpt"
)

// session is a session's entries and record. Without a record it exists only while it
// has readers.
type session struct {
	list
	id        string
	readers   int
	idlePlace idlePlace

	// The record.
	since   uint64        // the id of the entry that made it; 0: there is no record
	scope   *scope        // nil: the session is its own scope
	deleted uint64        // the id of the session's last entry
	until   time.Duration // when a deleted session is forgotten
}

// scope holds the entries that all sessions of one scope see.
type scope struct {
	list
	name string
	refs int // records and readers
}

// nameOrNone returns the scope's name, or an empty string for nil.
func (s *scope) nameOrNone() string {
	if s == nil {
		return ""
	}
	return s.name
}

// scopeList returns the list that takes the entries of the session's scope.
func (s *session) scopeList() *list {
	if s.scope != nil {
		return &s.scope.list
	}
	return &s.list
}

// record returns the session if it has a record, with ErrSessionDeleted if it takes no
// more entries. Without a record it returns nil and ErrSessionNotFound.
func (m *Memory) record(id string) (*session, error) {
	ss := m.sessions[id]
	switch {
	case ss == nil || ss.since == 0:
		return nil, fmt.Errorf("%w: %s", ErrSessionNotFound, excerpt.Quote(id))
	case ss.deleted != 0:
		return ss, fmt.Errorf("%w: %s", ErrSessionDeleted, excerpt.Quote(id))
	}
	return ss, nil
}

// makeRecord makes the record of a session that has none. The caller must append an entry
// next.
func (m *Memory) makeRecord(s Session) *session {
	ss := m.sessionFor(s.ID)
	ss.since, ss.scope = m.last.Load()+1, m.acquireScope(s.Scope)
	return ss
}

// forget drops the record of a session, and its entries.
func (m *Memory) forget(ss *session) {
	m.drop(&ss.list, len(ss.entries()))
	// The last entry may be in the scope. A session of the same id that is made later need
	// not be in that scope.
	ss.raiseMark(ss.deleted)
	sc := ss.scope
	ss.since, ss.scope, ss.deleted = 0, nil, 0
	m.idle.remove(ss)
	m.releaseScope(sc)
	m.dropIfUnused(ss)
}

// sessionFor returns the session of an id, and makes it if there is none.
func (m *Memory) sessionFor(id string) *session {
	ss := m.sessions[id]
	if ss == nil {
		ss = &session{id: id}
		ss.init(m.forgotten)
		m.sessions[id] = ss
	}
	return ss
}

// dropIfUnused drops a session that has neither a record nor readers. One mark for
// everything that was dropped keeps later readers from missing a gap.
func (m *Memory) dropIfUnused(ss *session) {
	if ss.since != 0 || ss.readers > 0 {
		return
	}
	delete(m.sessions, ss.id)
	m.forgotten = max(m.forgotten, ss.trimmed())
}

// acquireScope returns the scope of a name for one more record or reader; nil for an
// empty name.
func (m *Memory) acquireScope(name string) *scope {
	if name == "" {
		return nil
	}
	sc := m.scopes[name]
	if sc == nil {
		sc = &scope{name: name}
		sc.init(m.forgotten)
		m.scopes[name] = sc
	}
	sc.refs++
	return sc
}

// releaseScope undoes acquireScope, and drops a scope without records and readers.
func (m *Memory) releaseScope(sc *scope) {
	if sc == nil {
		return
	}
	if sc.refs--; sc.refs > 0 {
		return
	}
	m.drop(&sc.list, len(sc.entries()))
	delete(m.scopes, sc.name)
	m.forgotten = max(m.forgotten, sc.trimmed())
}

// deletions are the deleted sessions, in the order in which their grace periods end.
type deletions []*session

func (d *deletions) add(ss *session) {
	i, _ := slices.BinarySearchFunc(*d, ss.until, func(other *session, until time.Duration) int {
		if other.until <= until {
			return -1
		}
		return 1
	})
	*d = slices.Insert(*d, i, ss)
}

// due takes out a session whose grace period is over, and returns it; nil if there is
// none.
func (d *deletions) due(now time.Duration) *session {
	if len(*d) == 0 || now < (*d)[0].until {
		return nil
	}
	ss := (*d)[0]
	(*d)[0] = nil
	if *d = (*d)[1:]; len(*d) == 0 {
		*d = nil
	}
	return ss
}
