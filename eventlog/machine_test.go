package eventlog_test

import (
	"errors"
	"slices"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// refusal is what becomes of a write to the session.
func (m *machine) refusal(id string, needed bool) error {
	switch r := m.model.records[id]; {
	case r == nil && needed:
		return eventlog.ErrSessionNotFound
	case r != nil && r.deleted != 0:
		return eventlog.ErrSessionDeleted
	}
	return nil
}

func (m *machine) check(call string, err, want error) (ok bool) {
	m.Helper()
	if !errors.Is(err, want) {
		m.Errorf("%s: error %v, want %v", call, err, want)
	}
	return err == nil
}

func (m *machine) append(key *eventlog.Key) {
	s := m.session()
	entries := make([]eventlog.Entry, 1+m.next(3)*m.next(4)) // at times more than the log retains
	for i := range entries {
		entries[i] = m.entry()
	}
	m.tidy()
	want := m.refusal(s.ID, false)
	var name string
	var before modelKey
	var known bool
	if key != nil {
		name = s.ID + "/" + key.Name
		before, known = m.model.keys[name]
	}
	repeated := known && m.next(2) == 0
	switch {
	case repeated:
		entries = slices.Clone(before.entries)
	case known && want == nil:
		want = eventlog.ErrKeyReused
	}
	if !m.check("Append", m.log.Append(m.Context(), s, key, entries), want) {
		return
	}
	var ids []uint64
	for i, e := range entries {
		if repeated {
			ids = append(ids, before.entries[i].ID)
			continue
		}
		m.model.record(s).active = m.model.now
		ids = append(ids, m.model.push(sessionList(s.ID), e))
	}
	for i, e := range entries {
		if e.ID != ids[i] {
			m.Errorf("Append: id %d, want %d", e.ID, ids[i])
		}
	}
	if !repeated {
		m.expectWakes(sessionList(s.ID))
	}
	if key != nil {
		m.model.keys[name] = modelKey{entries, m.model.now}
	}
}

func (m *machine) create() {
	s, e := m.session(), m.entry()
	m.tidy()
	want := m.refusal(s.ID, false)
	if want == nil && m.model.records[s.ID] != nil {
		want = eventlog.ErrSessionExists
	}
	if m.check("Create", m.log.Create(m.Context(), s, &e), want) {
		m.model.record(s)
		m.pushed(s.ID, e)
	}
}

func (m *machine) delete() {
	s, e, grace := m.session(), m.entry(), m.seconds(20)
	m.tidy()
	if m.check("Delete", m.log.Delete(m.Context(), s.ID, &e, grace), m.refusal(s.ID, true)) {
		r := m.model.records[s.ID]
		r.deleted, r.until = m.pushed(s.ID, e), m.model.now+grace
	}
}

// pushed tells the model of an entry in the session's scope.
func (m *machine) pushed(session string, e eventlog.Entry) uint64 {
	m.Helper()
	list := scopeList(session, m.model.records[session].scope)
	id := m.model.push(list, e)
	if e.ID != id {
		m.Errorf("id %d, want %d", e.ID, id)
	}
	m.expectWakes(list)
	return id
}

func (m *machine) lookup() {
	id := m.session().ID
	m.tidy()
	got, err := m.log.Lookup(m.Context(), id)
	r := m.model.records[id]
	if r == nil {
		m.check("Lookup", err, eventlog.ErrSessionNotFound)
		return
	}
	want := eventlog.Record{Session: eventlog.Session{ID: id, Scope: r.scope}, Deleted: r.deleted}
	if m.check("Lookup", err, nil) && got != want {
		m.Errorf("Lookup: %+v, want %+v", got, want)
	}
}

func (m *machine) follow() {
	s, wakes := m.session(), new(int)
	m.tidy()
	r, err := m.log.Follow(m.Context(), s, func() { *wakes++ })
	if !m.check("Follow", err, nil) {
		return
	}
	m.readers, m.wakes = append(m.readers, r), append(m.wakes, wakes)
	if rec := m.model.records[s.ID]; rec != nil {
		s.Scope = rec.scope
	}
	m.model.use(sessionList(s.ID))
	m.model.use(scopeList(s.ID, s.Scope))
	m.model.readers = append(m.model.readers, modelReader{s.ID, s.Scope})
}

func (m *machine) close() {
	if len(m.readers) == 0 {
		return
	}
	i := m.next(len(m.readers))
	m.readers[i].Close()
	m.model.now = time.Since(m.began)
	if r := m.model.records[m.model.readers[i].session]; r != nil {
		r.active = m.model.now
	}
	m.readers = slices.Delete(m.readers, i, i+1)
	m.wakes = slices.Delete(m.wakes, i, i+1)
	m.model.readers = slices.Delete(m.model.readers, i, i+1)
	m.model.sweep()
}

// expectWakes checks that the readers of a list, and no others, were woken once.
func (m *machine) expectWakes(list string) {
	m.Helper()
	for i, r := range m.model.readers {
		want := 0
		if list == sessionList(r.session) || list == scopeList(r.session, r.scope) {
			want = 1
		}
		if *m.wakes[i] != want {
			m.Errorf("a reader of %+v was woken %d times by an entry of %s", r, *m.wakes[i], list)
		}
		*m.wakes[i] = 0
	}
}
