package eventlog_test

import (
	"slices"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// model is what a Memory does, as simply as it can be said. It looks at all its
// entries for everything, and has one list of all kinds of readers.
type model struct {
	retention eventlog.Retention
	now       time.Duration

	last, forgotten uint64
	live            []modelEntry      // what is retained, in the order of ids
	marks           map[string]uint64 // of each list how far it was trimmed
	records         map[string]*modelRecord
	readers         []modelReader
	keys            map[string]modelKey // by session, a slash, and the key
}

// modelEntry is an entry in a list, which is the session's or the scope's.
type modelEntry struct {
	eventlog.Entry
	list string
	at   time.Duration
}

type modelRecord struct {
	scope   string
	deleted uint64
	until   time.Duration
	active  time.Duration
}

type modelReader struct{ session, scope string }

type modelKey struct {
	entries []eventlog.Entry
	at      time.Duration
}

func sessionList(id string) string { return "session " + id }

// scopeList returns the list of a scope, which is the session's if it has none.
func scopeList(id, scope string) string {
	if scope == "" {
		return sessionList(id)
	}
	return "scope " + scope
}

// tidy does what time does.
func (m *model) tidy() {
	m.trim(func(e modelEntry) bool { return m.now-e.at > m.retention.Age })
	for id, r := range m.records {
		idle := r.deleted == 0 && m.retention.Idle > 0 && m.now-r.active > m.retention.Idle && !m.followed(id)
		if r.deleted != 0 && m.now >= r.until || idle {
			delete(m.records, id)
			m.trim(func(e modelEntry) bool { return e.list == sessionList(id) })
			m.marks[sessionList(id)] = max(m.marks[sessionList(id)], r.deleted)
			for name := range m.keys {
				if name[:1] == id {
					delete(m.keys, name)
				}
			}
		}
	}
	for name, k := range m.keys {
		if m.now-k.at > eventlog.KeyLife {
			delete(m.keys, name)
		}
	}
	m.sweep()
}

// trim drops entries, and remembers it.
func (m *model) trim(gone func(modelEntry) bool) {
	m.live = slices.DeleteFunc(m.live, func(e modelEntry) bool {
		if !gone(e) {
			return false
		}
		m.marks[e.list] = e.ID
		return true
	})
}

// sweep forgets the lists that no session or reader needs.
func (m *model) sweep() {
	used := make(map[string]bool)
	for id, r := range m.records {
		used[sessionList(id)], used[scopeList(id, r.scope)] = true, true
	}
	for _, r := range m.readers {
		used[sessionList(r.session)], used[scopeList(r.session, r.scope)] = true, true
	}
	m.trim(func(e modelEntry) bool { return !used[e.list] })
	for list, mark := range m.marks {
		if !used[list] {
			m.forgotten = max(m.forgotten, mark)
			delete(m.marks, list)
		}
	}
}

func (m *model) followed(id string) bool {
	return slices.ContainsFunc(m.readers, func(r modelReader) bool { return r.session == id })
}

// use makes a list if it is not there.
func (m *model) use(list string) {
	if _, ok := m.marks[list]; !ok {
		m.marks[list] = m.forgotten
	}
}

func (m *model) record(s eventlog.Session) *modelRecord {
	r := m.records[s.ID]
	if r == nil {
		r = &modelRecord{scope: s.Scope, active: m.now}
		m.records[s.ID] = r
		m.use(sessionList(s.ID))
		m.use(scopeList(s.ID, s.Scope))
	}
	return r
}

// push appends an entry, and trims what is too much.
func (m *model) push(list string, e eventlog.Entry) uint64 {
	m.last++
	e.ID = m.last
	m.live = append(m.live, modelEntry{e, list, m.now})
	for {
		n, bytes, total := 0, int64(0), int64(0)
		var first uint64
		for _, e := range m.live {
			size := int64(len(e.Name) + len(e.Data) + 100)
			total += size
			if e.list == list {
				if n++; n == 1 {
					first = e.ID
				}
				bytes += size
			}
		}
		switch {
		case n > 1 && (n > m.retention.Entries || bytes > m.retention.Bytes):
			m.trim(func(e modelEntry) bool { return e.ID == first })
		case len(m.live) > 1 && total > m.retention.TotalBytes:
			oldest := m.live[0].ID
			m.trim(func(e modelEntry) bool { return e.ID == oldest })
		default:
			return m.last
		}
	}
}

func (m *model) floor(r modelReader) uint64 {
	return max(m.marks[sessionList(r.session)], m.marks[scopeList(r.session, r.scope)])
}

// read returns all entries after the position.
func (m *model) read(r modelReader, after uint64) (entries []eventlog.Entry) {
	for _, e := range m.live {
		if e.ID > after && (e.list == sessionList(r.session) || e.list == scopeList(r.session, r.scope)) {
			entries = append(entries, e.Entry)
		}
	}
	return entries
}
