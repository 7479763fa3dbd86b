package eventlog

import (
	"fmt"
	"slices"
	"time"

	"github.com/mixstream/mixstream/internal/excerpt"
)

// session is a session's entries and record. Without a record it stands only for
// as long as it has readers.
type session struct {
	list
	id      string
	readers int
	rest    rest

	// The record.
	since   uint64        // the id of the entry that made it; 0: there is no record
	scope   *scope        // nil: the session is its own scope
	deleted uint64        // the id of the session's last entry
	until   time.Duration // when a deleted session is forgotten
}

// scope is the entries that go to all sessions of one scope.
type scope struct {
	list
	name string
	refs int // records and readers
}

// called returns the scope's name, which is empty for a session's own scope.
func (s *scope) called() string {
	if s == nil {
		return ""
	}
	return s.name
}

// shared returns the list that takes the entries of the session's scope.
func (s *session) shared() *list {
	if s.scope != nil {
		return &s.scope.list
	}
	return &s.list
}

// record returns the session if it has a record: with an error if it takes no
// more entries, and nil with an error if there is no record.
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

// admit makes the record of a session that has none, together with the entry that
// is appended next.
func (m *Memory) admit(s Session) *session {
	ss := m.enter(s.ID)
	ss.since, ss.scope = m.last.Load()+1, m.join(s.Scope)
	return ss
}

// forget drops the record of a session, and its entries.
func (m *Memory) forget(ss *session) {
	m.drop(&ss.list, len(ss.entries()))
	// The last entry may be in the scope, which a session of the same id that is
	// made later need not have.
	ss.raise(ss.deleted)
	sc := ss.scope
	ss.since, ss.scope, ss.deleted = 0, nil, 0
	m.idle.remove(ss)
	m.part(sc)
	m.leave(ss)
}

// enter returns the session, which it makes if it is not there.
func (m *Memory) enter(id string) *session {
	ss := m.sessions[id]
	if ss == nil {
		ss = &session{id: id}
		ss.init(m.forgotten)
		m.sessions[id] = ss
	}
	return ss
}

// leave removes a session that has neither a record nor readers. One mark for
// all that was removed keeps later readers from missing a gap.
func (m *Memory) leave(ss *session) {
	if ss.since != 0 || ss.readers > 0 {
		return
	}
	delete(m.sessions, ss.id)
	m.forgotten = max(m.forgotten, ss.trimmed())
}

// join returns the scope of that name for one more record or reader; it is nil
// without a name.
func (m *Memory) join(name string) *scope {
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

// part undoes a join, and removes a scope that has nobody left.
func (m *Memory) part(sc *scope) {
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

// graves are the deleted sessions, in the order in which they are to be forgotten.
type graves []*session

func (g *graves) add(ss *session) {
	i, _ := slices.BinarySearchFunc(*g, ss.until, func(other *session, until time.Duration) int {
		if other.until <= until {
			return -1
		}
		return 1
	})
	*g = slices.Insert(*g, i, ss)
}

// due takes out one session whose grace period is over, or returns nil.
func (g *graves) due(now time.Duration) *session {
	if len(*g) == 0 || now < (*g)[0].until {
		return nil
	}
	ss := (*g)[0]
	(*g)[0] = nil
	if *g = (*g)[1:]; len(*g) == 0 {
		*g = nil
	}
	return ss
}
