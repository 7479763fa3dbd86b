package eventlog

import (
	"cmp"
	"slices"
	"time"
)

// Retention says how much a Memory retains. Zero fields have the defaults below;
// a negative field is no limit. What is over a limit is trimmed from the old
// end, but never the newest entry. The bytes of an entry are those of its name and data;
// beside them an entry costs about 80 bytes.
type Retention struct {
	Entries    int           // entries of each session, and of each scope; by default 10,000
	Bytes      int64         // bytes of each session, and of each scope; by default 16 MiB
	Age        time.Duration // the age of an entry; by default 1 hour
	TotalBytes int64         // bytes of the whole log; by default 256 MiB
}

func (r Retention) withDefaults() Retention {
	r.Entries = limit(r.Entries, 10_000)
	r.Bytes = limit(r.Bytes, 16<<20)
	r.Age = limit(r.Age, time.Hour)
	r.TotalBytes = limit(r.TotalBytes, 256<<20)
	return r
}

func limit[T ~int | ~int64](v, byDefault T) T {
	switch {
	case v == 0:
		return byDefault
	case v < 0:
		return -1
	}
	return v
}

// retain trims l to what one list may hold, and the log to what it may hold in all.
func (m *Memory) retain(now time.Time, l *list) {
	n := 0
	bytes := l.bytes
	for n < len(l.entries)-1 && (over(len(l.entries)-n, m.retention.Entries) || over(bytes, m.retention.Bytes)) {
		bytes -= size(l.entries[n])
		n++
	}
	if n > 0 {
		m.drop(l, n)
	}
	for over(m.history.bytes, m.retention.TotalBytes) && m.history.live > 1 {
		m.dropOldest()
	}
}

func over[T ~int | ~int64](v, limit T) bool { return limit >= 0 && v > limit }

// drop trims n entries off l and accounts for them.
func (m *Memory) drop(l *list, n int) {
	before := l.bytes
	l.trim(n)
	m.history.trimmed(n, before-l.bytes)
}

// dropOldest trims the oldest entry of the log.
func (m *Memory) dropOldest() {
	if o := m.history.oldest(); o != nil {
		m.drop(o.list, 1)
	}
}

// tidy forgets what is over its age or its grace period, and returns the time.
func (m *Memory) tidy() time.Time {
	now := time.Now()
	if m.retention.Age >= 0 {
		for o := m.history.oldest(); o != nil && now.Sub(o.at) > m.retention.Age; o = m.history.oldest() {
			m.drop(o.list, 1)
		}
	}
	for _, ss := range m.graves.due(now) {
		ss.recorded, ss.deleted = false, 0
		if n := len(ss.entries); n > 0 {
			m.drop(&ss.list, n)
		}
		m.leave(ss)
	}
	m.keys.expire(now)
	return now
}

// leave forgets a session that has neither a record nor readers. One mark for
// all that was forgotten keeps later readers from missing a gap.
func (m *Memory) leave(ss *session) {
	if ss.recorded || ss.readers > 0 {
		return
	}
	delete(m.sessions, ss.id)
	m.forgotten = max(m.forgotten, ss.trimmed)
	if sc := ss.scope; sc != nil {
		if sc.refs--; sc.refs == 0 {
			if n := len(sc.entries); n > 0 {
				m.drop(&sc.list, n)
			}
			delete(m.scopes, sc.name)
			m.forgotten = max(m.forgotten, sc.trimmed)
		}
	}
}

// history is the order in which the entries of all lists came, oldest first.
type history struct {
	items []arrival
	live  int   // entries that are still in their list
	bytes int64 // their size
}

// arrival says when an entry came and where it went.
type arrival struct {
	at   time.Time
	list *list
	id   uint64
}

func (a arrival) gone() bool { return a.id <= a.list.trimmed }

func (h *history) push(now time.Time, l *list, e Entry) {
	// Lists trim themselves, which leaves arrivals without an entry: drop them
	// once they are the greater part.
	if len(h.items) > 1024 && len(h.items) > 2*h.live {
		h.items = slices.DeleteFunc(h.items, arrival.gone)
	}
	h.items = append(h.items, arrival{now, l, e.ID})
	h.live++
	h.bytes += size(e)
}

func (h *history) trimmed(n int, bytes int64) {
	h.live -= n
	h.bytes -= bytes
}

// oldest returns the arrival of the oldest entry that is still there, or nil.
func (h *history) oldest() *arrival {
	for len(h.items) > 0 && h.items[0].gone() {
		h.items = h.items[1:]
	}
	if len(h.items) == 0 {
		h.items = nil
		return nil
	}
	return &h.items[0]
}

// graves are the deleted sessions, in the order in which they are to be forgotten.
type graves []*session

func (g *graves) add(ss *session) {
	i, _ := slices.BinarySearchFunc(*g, ss, func(a, b *session) int {
		if c := a.until.Compare(b.until); c != 0 {
			return c
		}
		return cmp.Compare(a.deleted, b.deleted)
	})
	*g = slices.Insert(*g, i, ss)
}

// due takes out the sessions whose grace period is over.
func (g *graves) due(now time.Time) []*session {
	n := 0
	for n < len(*g) && !now.Before((*g)[n].until) {
		n++
	}
	due := (*g)[:n]
	*g = (*g)[n:]
	return due
}
